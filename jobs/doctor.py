"""`flask doctor`: looks at what a desk needs, one thing after the other, and says what to do about what is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext as _, ngettext

from helpdesk.accounts import people, same_people
from helpdesk.attachments import files
from helpdesk.db import migrations, transactions
from helpdesk.disk import private_files
from helpdesk.search_index import reindexing
from integrations.files import virus_scanner
from integrations.mail import smtp
from integrations.storage import places
from jobs.files import STRAYS_MOST, look_over, strays
from models import Person, db

LITTLE_ROOM = 1024**3


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, and what to do; `advice` is empty where all is well."""

    what: str
    said: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Everything, the quick things first, each as soon as it is known: reading all files may take long."""
    yield _settings()
    database = _database()
    yield database
    yield _mail()
    yield from _storages()
    yield _scanner()
    yield _private()
    if not database.advice:
        yield _search_index()
        yield from _people_alike()
        yield from _files()
        yield from _elsewhere()
        yield from _strays()


def _settings() -> Finding:
    said = _("production") if current_app.config["PRODUCTION"] else _("development")
    return Finding(
        _("settings"), f"{said}, {current_app.config['PUBLIC_URL']}", " ".join(current_app.config["WARNINGS"])
    )


def _database() -> Finding:
    what = _("database")
    if not transactions.reachable():
        return Finding(what, _("it does not answer"), _("Check DATABASE_URL, and that the server runs."))
    if migrations.is_newer():
        return Finding(
            what, _("a newer version has made its tables"), _("Start that version, or restore a backup from before.")
        )
    if not migrations.current():
        return Finding(what, _("it does not have the tables of this version"), _("Run: flask --app app db upgrade"))
    if not people.any_admin():
        return Finding(what, _("there is no admin yet"), _("Run: flask --app app create-admin"))
    return Finding(what, _("it answers and has the tables of this version"))


def _mail() -> Finding:
    what, config = _("mail"), current_app.config
    if not config["SENDS_MAIL"]:
        return Finding(what, _("no MAIL_SERVER is set, so no mail is sent"))
    server = f"{config['MAIL_SERVER']}:{config['MAIL_PORT']}"
    try:
        smtp.check()
    except OSError as error:
        advice = _("Check MAIL_SERVER, MAIL_PORT, MAIL_USE_TLS, MAIL_USERNAME and MAIL_PASSWORD.")
        return Finding(what, f"{server}: {error}", advice)
    return Finding(what, _("%(server)s lets the desk in", server=server))


def _storages() -> Iterator[Finding]:
    """A file is written, read and removed wherever files are or will be."""
    for place in places.places():
        what, advice = _("files on %(place)s", place=place), ""
        try:
            said = _tried(places.at(place))
            folder = places.at(place)
            if isinstance(folder, places.Disk) and folder.free() < LITTLE_ROOM:
                said, advice = _("less than 1 GB of room is left"), _("Make room, or move the files: flask move-files")
        except (places.StorageUnavailable, places.Missing) as trouble:
            said, advice = str(trouble), _("Check FILES_DIR and the settings whose names begin with S3_.")
        yield Finding(what, said, advice)


def _tried(place: places.Storage) -> str:
    key = places.new_key()
    with places.scratch() as file:
        file.write(b"doctor")
        stored = place.put(key, file)
    read = b"".join(place.read(key, 0, stored.size))
    place.delete(key)
    if read != b"doctor":
        raise places.StorageUnavailable(_("what was written came back changed"))
    return str(_("can be written and read"))


def _scanner() -> Finding:
    what = _("virus scanner")
    if not virus_scanner.is_set():
        return Finding(what, _("no CLAMAV_HOST is set, so files are not scanned"))
    try:
        virus_scanner.check()
    except virus_scanner.ScannerUnavailable as away:
        return Finding(what, str(away), _("Check CLAMAV_HOST and CLAMAV_PORT, and that clamd runs and listens on TCP."))
    return Finding(what, _("it answers"))


def _private() -> Finding:
    what = _("who may read the desk's own files")
    config = current_app.config
    found = private_files.open_to_others(db.engine.url, config["FILES_DIR"], current_app.root_path)
    if not found:
        return Finding(what, _("only the desk's account, or its group"))
    return Finding(
        what,
        _("everybody on this machine may read %(paths)s", paths=", ".join(map(str, found))),
        _("Run: chmod o-rwx %(paths)s", paths=" ".join(shlex.quote(str(path)) for path in found)),
    )


def _search_index() -> Finding:
    what = _("search index")
    if count := reindexing.waiting():
        said = ngettext(
            "%(num)s ticket is still to be indexed anew by the worker",
            "%(num)s tickets are still to be indexed anew by the worker",
            count,
        )
        return Finding(what, said)
    return Finding(what, _("all tickets are in it"))


def _people_alike() -> Iterator[Finding]:
    """Accounts that may be one person. Only an admin can know, so nothing is done about them."""
    for group in same_people.names_alike():
        yield Finding(_("names that read alike"), _named(group))
    for group in same_people.addresses_alike():
        advice = _("They are one address. Switch off the account that is not used.")
        yield Finding(_("addresses that are the same"), _named(group), advice)


def _named(group: list[Person]) -> str:
    return ", ".join(f"{person.name} <{person.email}>" for person in group)


def _files() -> Iterator[Finding]:
    what, count, read = _("attached files"), 0, 0

    def counting(number: int) -> None:
        nonlocal read
        read += number

    try:
        for broken in look_over(counting):
            count += 1
            of = {"number": broken.number, "name": broken.name, "ticket": broken.ticket or "-"}
            advice = _("Get it back from a backup of the files, or ask for it again.")
            told = _("is missing") if broken.what == "missing" else _("is damaged")
            yield Finding(what, _("file %(number)s of ticket %(ticket)s, %(name)s,", **of) + f" {told}", advice)
    except places.StorageUnavailable as away:
        yield Finding(what, str(away), _("Check FILES_DIR and the settings whose names begin with S3_."))
        return
    if not count:
        yield Finding(what, ngettext("%(num)s file, as it was stored", "%(num)s files, all as they were stored", read))


def _elsewhere() -> Iterator[Finding]:
    here = current_app.config["FILES_ON"]
    if count := files.lying_elsewhere(here):
        said = _("%(count)s lie elsewhere than new ones", count=count)
        yield Finding(_("attached files"), said + _("; to move them: flask --app app move-files --to %(to)s", to=here))


def _strays() -> Iterator[Finding]:
    for place in places.places():
        what = _("files on %(place)s", place=place)
        try:
            count = sum(1 for _key in strays(place))
        except places.StorageUnavailable:
            continue  # Said already.
        if count > STRAYS_MOST:
            said = _("%(count)s files that this desk does not know", count=count)
            advice = _("Does another desk use the same place, or an older database? Give each a place of its own.")
            yield Finding(what, said, advice)
        elif count:
            yield Finding(what, _("%(count)s leftovers, which the worker will remove", count=count))
