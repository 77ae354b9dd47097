"""Imports by the worker: killed and resumed without a ticket twice, claimed once, given up, forgotten."""

from datetime import timedelta

import pytest

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.import_export import import_jobs, importer, undo
from integrations.files import intake
from integrations.storage import places
from jobs import files as file_jobs, imports as jobs
from models import Event, Import, Ticket, db
from tests.support.builders import act

HEADING = "external_id,subject,description,category"
ROWS = [f"P-{n},Subject {n},{'' if n % 5 else 'x' * 300},Hardware" for n in range(1, 41)]
# Two of them cannot be imported.
ROWS[7], ROWS[33] = "P-8,,No subject,Hardware", "P-34,Subject,Text"


@pytest.fixture
def job(cast, tmp_path):
    """The number of an import that the worker has looked at."""
    made = bring(cast, tmp_path)
    assert jobs.work()
    return made


def bring(cast, tmp_path, rows=ROWS):
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join([HEADING, *rows]))
    with open(path, "rb") as source:
        taken = intake.take_table(source, path.name)
    upload = import_jobs.Upload(path.name, taken.place, taken.key, None, taken.sha256)
    made, _is_new = act(import_jobs.begin, upload, {}, by=cast.eve)
    return made.id


def start(number):
    job = row(number)
    act(import_jobs.start, job, version=job.version)


def row(number):
    db.session.rollback()
    return db.session.get(Import, number)


class Killed(BaseException):
    """Ends the worker in the middle, as kill -9 would: nothing is tidied up behind it."""


def kill_after(monkeypatch, chunks):
    """Let the worker do so many chunks, then end in the middle of the next one."""
    left, insert = [chunks], importer._insert

    def insert_or_die(chunk):
        left[0] -= 1
        added = insert(chunk)
        if left[0] < 0:
            raise Killed
        return added

    monkeypatch.setattr(importer, "_insert", insert_or_die)


def test_a_killed_import_goes_on_where_it_was_and_counts_right(job, monkeypatch):
    monkeypatch.setattr(importer, "CHUNK", 7)
    start(job)
    for _kill in range(2):
        with monkeypatch.context() as patch:
            kill_after(patch, 2)
            with pytest.raises(Killed):
                jobs.work()
    assert row(job).state == "waiting" and 0 < row(job).added < 38
    assert jobs.work()
    done = row(job)
    assert (done.state, done.added, done.known, done.left_out) == ("done", 38, 0, 2)
    assert db.session.query(Ticket).count() == db.session.query(Event).filter_by(kind="imported").count() == 38
    assert done.report["changes"] == {"no_description": 32 - 2}
    assert [place for place, _why in done.report["bad"]] == ["line 9", "line 35"]
    left_out = b"".join(places.at(done.place).read(done.left_out_key, 0, 1 << 20)).decode()
    assert left_out.count("\r\n") == 3 and '"P-8"' in left_out and '"P-34"' in left_out


def test_another_worker_waits_until_the_claim_of_a_killed_one_has_ended(job):
    start(job)
    assert act(import_jobs.claim, "one").id == job
    assert act(import_jobs.claim, "two") is None
    later = transactions.now() + import_jobs.LEASE + timedelta(seconds=1)
    assert act(import_jobs.claim, "two", later).id == job
    with pytest.raises(import_jobs.Stopped):
        act(import_jobs.lock, job, "one", "waiting")


def test_whoever_has_lost_the_import_writes_no_ticket_any_more(job, monkeypatch):
    start(job)
    taken_over = importer._judged_chunks

    def meanwhile(*args):
        for chunk in taken_over(*args):
            row(job)
            with transactions.writing():
                db.session.get(Import, job).claimed_by = "another"
            yield chunk

    monkeypatch.setattr(importer, "_judged_chunks", meanwhile)
    jobs.work()
    assert db.session.query(Ticket).count() == 0 and row(job).state == "waiting"


def test_cancelled_in_the_middle_nothing_more_comes_and_what_came_can_be_taken_back(job, monkeypatch):
    monkeypatch.setattr(importer, "CHUNK", 10)
    start(job)
    chunks = importer._judged_chunks

    def meanwhile(*args):
        for place, chunk in enumerate(chunks(*args)):
            if place == 2:
                act(import_jobs.cancel, row(job))
            yield chunk

    monkeypatch.setattr(importer, "_judged_chunks", meanwhile)
    jobs.work()
    cancelled = row(job)
    assert (cancelled.state, cancelled.added, db.session.query(Ticket).count()) == ("cancelled", 19, 19)
    act(import_jobs.take_back, cancelled, by=cancelled.person)
    jobs.work()
    assert row(job).state == "undone" and db.session.query(Ticket).count() == 0


def test_a_taking_back_that_was_killed_goes_on_and_counts_all(job, monkeypatch):
    start(job)
    jobs.work()
    act(import_jobs.take_back, row(job), by=row(job).person)
    monkeypatch.setattr(undo, "BATCH", 10)
    with monkeypatch.context() as patch:
        note, calls = import_jobs.note, []

        def note_or_die(*args, **values):
            calls.append(args)
            if len(calls) == 2:
                raise Killed
            note(*args, **values)

        patch.setattr(import_jobs, "note", note_or_die)
        with pytest.raises(Killed):
            jobs.work()
    assert 0 < row(job).removed < 38
    jobs.work()
    event = db.session.query(Event).filter_by(kind="import_taken_back").one()
    assert (event.facts["removed"], event.facts["left"], event.actor_id) == (38, 0, row(job).person_id)
    assert (row(job).state, row(job).removed) == ("undone", 38)


def test_a_file_that_kills_the_worker_each_time_is_given_up_and_says_so(cast, tmp_path):
    number, at = bring(cast, tmp_path), transactions.now()
    for _kill in range(import_jobs.TRIES):
        assert act(import_jobs.claim, "worker", at).state == "checking"
    assert act(import_jobs.claim, "worker", at).state == "failed"
    assert "Cut the file into smaller ones" in row(number).report["why"]


def test_a_file_that_is_gone_is_said_and_nothing_is_imported(job):
    places.at(row(job).place).delete(row(job).file_key)
    start(job)
    jobs.work()
    assert row(job).state == "failed" and "Bring it again" in row(job).report["why"]


def test_the_command_leaves_alone_what_is_under_way_in_the_browser(job):
    with pytest.raises(Refused, match="not over"):
        undo.find(job)


def test_the_file_of_an_import_is_no_stray_and_goes_after_a_week_without_an_answer(job, monkeypatch):
    key, place = row(job).file_key, row(job).place
    monkeypatch.setattr(file_jobs, "STRAY_AFTER", timedelta(0))
    assert key not in set(file_jobs.strays(place))
    with transactions.writing():
        db.session.get(Import, job).started_at -= import_jobs.KEPT_OPEN + timedelta(minutes=1)
    jobs.tidy()
    jobs.work()
    assert row(job) is None
    with pytest.raises(places.Missing):
        next(places.at(place).read(key, 0, 1))


def test_the_rows_left_out_are_kept_for_a_month(job):
    start(job)
    jobs.work()
    jobs.tidy()
    assert row(job).left_out_key and not row(job).file_key
    with transactions.writing():
        db.session.get(Import, job).finished_at -= import_jobs.KEPT_LEFT_OUT + timedelta(minutes=1)
    jobs.tidy()
    assert row(job).left_out_key is None and row(job).added == 38
