"""Both places for files, by the same tests: a folder, and a real S3 server on this machine. Then moves between them."""

import hashlib
import io
import os
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from helpdesk.attachments import files as acts
from helpdesk.db import transactions
from helpdesk.tickets import drafts, tickets
from integrations.storage import disk, places, s3
from jobs import files as jobs
from models import Attachment, db
from tests.pages.compose.test_files import only
from tests.support import builders, files

SOON = datetime.now(timezone.utc) + timedelta(days=2)
LARGE = os.urandom(1024) * 12_000  # three parts of an S3 upload


@pytest.fixture
def on_s3(bucket):
    names = ("endpoint", "access_key", "secret_key")
    given = {name: bucket[f"S3_{name.upper()}"] for name in names}
    return s3.S3(bucket["S3_BUCKET"], region="us-east-1", **given)


@pytest.fixture(params=["disk", "s3"])
def place(request, tmp_path):
    return disk.Disk(tmp_path) if request.param == "disk" else request.getfixturevalue("on_s3")


def read(place, key, start=0, stop=1 << 40):
    return b"".join(place.read(key, start, stop))


@pytest.mark.parametrize("content", [b"", b"a few words", LARGE], ids=["empty", "small", "large"])
def test_what_is_put_is_read(place, content):
    key = places.new_key()
    stored = place.put(key, io.BytesIO(content))
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert read(place, key, 0, max(1, len(content))) == content if content else True


def test_a_file_is_put_from_its_beginning_wherever_it_was_read_to(place):
    source = io.BytesIO(b"from the beginning")
    source.read(5)
    place.put("aa/key", source)
    assert read(place, "aa/key") == b"from the beginning"


@pytest.mark.parametrize("start, stop", [(0, 1), (5, 9), (300_000, 900_000), (len(LARGE) - 3, len(LARGE))])
def test_a_part_is_read(place, start, stop):
    place.put("aa/key", io.BytesIO(LARGE))
    assert read(place, "aa/key", start, stop) == LARGE[start:stop]


def test_it_is_read_in_small_chunks(place):
    place.put("aa/key", io.BytesIO(LARGE))
    assert max(len(chunk) for chunk in place.read("aa/key", 0, len(LARGE))) <= 1024 * 1024


def test_what_was_never_put_is_missing(place):
    with pytest.raises(places.Missing):
        read(place, "aa/nothing", 0, 10)


def test_what_is_deleted_is_missing_and_deleting_it_again_is_nothing(place):
    place.put("aa/key", io.BytesIO(b"words"))
    for _time in range(2):
        place.delete("aa/key")
    with pytest.raises(places.Missing):
        read(place, "aa/key", 0, 10)


def test_all_keys_are_listed_that_are_old_enough(place):
    keys = sorted(places.new_key() for _number in range(20))
    for key in keys:
        place.put(key, io.BytesIO(b"x"))
    assert sorted(place.keys(SOON)) == keys
    assert list(place.keys(datetime.now(timezone.utc) - timedelta(hours=1))) == []


class Torn(io.BytesIO):
    """A file whose disk dies in the middle."""

    def read(self, count=-1):
        if self.tell() > 6_000_000:
            raise OSError("the disk is dead")
        return super().read(count)


def test_a_file_that_cannot_be_read_to_its_end_is_not_there_at_all(place):
    with pytest.raises((places.StorageUnavailable, OSError)):
        place.put("aa/key", Torn(LARGE))
    with pytest.raises(places.Missing):
        read(place, "aa/key", 0, 10)
    assert list(place.keys(SOON)) == []


def test_many_at_once(place):
    contents = {places.new_key(): os.urandom(700_000) for _number in range(8)}
    threads = [threading.Thread(target=place.put, args=(key, io.BytesIO(c))) for key, c in contents.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(read(place, key) == content for key, content in contents.items())


def test_a_bucket_that_is_not_there_is_away(s3_server):
    missing = s3.S3("no-such-bucket", region="us-east-1", endpoint=s3_server, access_key="a", secret_key="b")
    with pytest.raises((places.StorageUnavailable, places.Missing)):
        missing.put("aa/key", io.BytesIO(b"x"))


def test_files_on_the_disk_are_for_the_desk_alone(tmp_path):
    disk.Disk(tmp_path / "files").put("aa/key", io.BytesIO(b"x"))
    assert (tmp_path / "files" / "aa" / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "files" / "aa").stat().st_mode & 0o077 == 0


def test_a_new_file_and_every_new_folder_above_it_survive_a_power_cut(tmp_path, monkeypatch):
    """The name of a file, and of each folder on the way to it, is synced in the folder that holds it."""
    synced = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_ino), sync(handle)))
    disk.Disk(tmp_path / "desk" / "files").put("aa/key", io.BytesIO(b"x"))
    inodes = {path.relative_to(tmp_path).as_posix(): path.stat().st_ino for path in [tmp_path, *tmp_path.rglob("*")]}
    last = {name: max(place for place, found in enumerate(synced) if found == inodes[name]) for name in NAMING}
    assert last["desk/files/aa/key"] < last["desk/files/aa"], "the bytes are safe before the name"
    # Another process finds the folders there, and cannot know whether whoever made them lived to sync them.
    synced.clear()
    disk.Disk(tmp_path / "desk" / "files").put("aa/other", io.BytesIO(b"x"))
    assert {inodes["desk"], inodes["desk/files"], inodes["desk/files/aa"]} <= {*synced}


# The folders that hold the names on the way to desk/files/aa/key, and the file itself.
NAMING = (".", "desk", "desk/files", "desk/files/aa", "desk/files/aa/key")


def test_what_a_killed_process_left_unfinished_goes_with_time(tmp_path):
    place = disk.Disk(tmp_path)
    left = place.temporary() / "half"
    left.write_bytes(b"half a fi")
    assert list(place.keys(datetime.now(timezone.utc) - timedelta(hours=1))) == [] and left.exists()
    assert list(place.keys(SOON)) == [] and not left.exists()


# ---- the desk on S3, and moves


@pytest.fixture
def on_both(app, make_app, bucket, monkeypatch):
    """The desk with a bucket as well as its disk. New files go to the disk."""
    monkeypatch.setitem(app.extensions, "storage", make_app(**bucket).extensions["storage"])


def test_a_desk_on_s3_takes_files_and_hands_them_out(make_app, bucket, cast, browse):
    desk = make_app(**bucket)
    ada = browse(cast.ada, desk=desk)
    number = files.attach(ada, "/tickets/new", "large.bin", LARGE).json["file"]
    assert only().place == "s3"
    assert ada.get(f"/files/{number}").data == LARGE
    part = ada.get(f"/files/{number}", headers={"Range": "bytes=7000000-7000009"})
    assert (part.status_code, part.data) == (206, LARGE[7000000:7000010])
    small = files.attach(ada, "/tickets/new", "red.png", files.picture()).json["file"]
    assert ada.get(f"/files/{small}/small").status_code == 200


def test_files_are_moved_to_s3_and_back_and_nothing_is_left_behind(on_both, cast):
    ticket = builders.ticket(cast.ada)
    row = builders.file(ticket)
    log = builders.file(ticket, "log.txt", LARGE)
    keys = {row.key, row.small_key, log.key}
    for to, other in (("s3", "disk"), ("disk", "s3")):
        done = []
        outcome = jobs.move(to, done.append)
        assert (outcome.done, outcome.failed, sum(done)) == (2, [], 2)
        db.session.expire_all()
        assert {file.place for file in db.session.query(Attachment)} == {to}
        assert keys <= set(places.at(to).keys(SOON)) and not keys & set(places.at(other).keys(SOON))
        assert read(places.at(to), log.key) == LARGE
    assert jobs.move("disk", done.append).done == 0


def test_a_damaged_file_is_not_moved_and_told(on_both, cast):
    row = builders.file(builders.ticket(cast.ada), "log.txt", b"as it was")
    places.at("disk").put(row.key, io.BytesIO(b"as it is!"))
    outcome = jobs.move("s3", lambda count: None)
    assert outcome.done == 0 and "log.txt" in outcome.failed[0] and "damaged" in outcome.failed[0]
    assert only().place == "disk" and list(places.at("s3").keys(SOON)) == []


# ---- what nobody wants any more


def there(row):
    try:
        return bool(read(places.at(row.place), row.key, 0, 1))
    except places.Missing:
        return False


def age(row, **by):
    row.created_at -= timedelta(**by)
    db.session.commit()


def test_what_was_given_up_goes_soon_and_its_row_first(app, cast, monkeypatch):
    row = builders.upload(cast.ada, "/tickets/new")
    kept = builders.file(builders.ticket(cast.ada), "log.txt", b"x")
    builders.act(acts.release, cast.ada, "/tickets/new")
    age(row, minutes=2)
    seen = []
    before = jobs._remove
    monkeypatch.setattr(jobs, "_remove", lambda *one: (seen.append(db.session.query(Attachment).count()), before(*one)))
    assert jobs.collect() is False
    assert seen == [1, 1], "a file went before its row"
    assert not there(row) and there(kept)


def test_a_file_whose_form_was_never_sent_goes_with_the_draft(app, cast):
    for days, draft, gone in ((29, False, False), (31, True, False), (31, False, True)):
        row = builders.upload(cast.ada, f"/tickets/{days}{draft}/reply", "log.txt", b"x")
        age(row, days=days)
        if draft:
            builders.act(drafts.keep, cast.ada, row.path, {"body": "still writing"})
        jobs.collect()
        assert there(row) is not gone


def test_a_purged_ticket_takes_its_files_along(app, cast):
    ticket = builders.ticket(cast.ada)
    row = builders.file(ticket)
    age(row, days=1)
    builders.act(tickets.trash, ticket, by=cast.eve)
    jobs.collect()
    assert there(row)
    builders.act(tickets.purge, ticket, by=cast.eve)
    jobs.collect()
    assert not there(row) and db.session.query(Attachment).count() == 0


def stray(folder, days=2, count=1):
    place = disk.Disk(folder)
    for _number in range(count):
        key = places.new_key()
        place.put(key, io.BytesIO(b"nobody's"))
        then = time.time() - days * 86400
        os.utime(folder / key, (then, then))
    return folder / key


def test_files_without_a_row_go_after_a_day(alone, cast):
    row = builders.file(builders.ticket(cast.ada), "log.txt", b"x")
    os.utime(alone / row.key, (0, 0))
    old, new = stray(alone), stray(alone, days=0.5)
    jobs.collect_strays()
    assert not old.exists() and new.exists() and (alone / row.key).exists()


def test_a_folder_full_of_unknown_files_is_left_alone(alone):
    last = stray(alone, count=jobs.STRAYS_MOST + 1)
    jobs.collect_strays()
    assert last.exists()


def test_a_storage_that_is_away_costs_nothing_but_time(app, cast, monkeypatch):
    away = s3.S3("desk", region="us-east-1", endpoint="http://127.0.0.1:9", access_key="a", secret_key="b")
    monkeypatch.setitem(app.extensions, "storage", {"s3": away})
    age(builders.act(_row_on_s3, cast.ada), days=1)
    assert jobs.collect() is False
    assert db.session.query(Attachment).count() == 0


def _row_on_s3(person):
    row = Attachment(uploader_id=person.id, name="x", kind="text", media_type="text/plain", size=1, sha256="x" * 64)
    row.place, row.key, row.alt, row.created_at = "s3", places.new_key(), "", transactions.now()
    db.session.add(row)
    return row
