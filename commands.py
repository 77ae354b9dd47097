"""Chores for whoever runs the desk, as `flask` commands: each asks, calls one act, and says how it went."""

import sys
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

import forms
from helpdesk.accounts import passwords, people
from helpdesk.attachments import files as attached
from helpdesk.db import backup, migrations, timeouts, transactions
from helpdesk.demo import company
from helpdesk.errors import Refused
from helpdesk.import_export import import_file, importer, undo as import_undo
from helpdesk.import_export.import_rows import CHANGES
from helpdesk.import_export.reading.columns import parse_maps
from helpdesk.import_export.reading.comments import read_replies
from helpdesk.import_export.reading.systems import SYSTEMS
from helpdesk.notifications import mail_server
from helpdesk.reports import daily_counts
from helpdesk.search_index import indexer, reindexing
from integrations.storage import places
from models import db


def set_up(app):
    for command in (
        create_admin,
        first_key,
        import_tickets,
        undo_import,
        demo_company,
        write_backup,
        restore_backup,
        move_files,
        doctor,
        rebuild_search,
        rebuild_tallies,
        work,
    ):
        app.cli.add_command(command)


def chore(name, needs_database=True):
    """A command that says in a sentence what is wrong instead of showing a traceback."""

    def decorate(function):
        @click.command(name)
        @with_appcontext
        @wraps(function)
        def run(**given):
            try:
                if needs_database:
                    _check_database()
                with timeouts.allow(timeouts.COMMAND):
                    return function(**given)
            except Refused as no:
                raise click.ClickException(str(no)) from None

        return run

    return decorate


def _check_database():
    if not transactions.reachable():
        raise Refused(_("The database does not answer. Check DATABASE_URL."))
    migrations.check()


@chore("create-admin")
@click.option("--email", prompt=True, help="The address to sign in with.")
@click.option("--name", prompt=True, help="The full name.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
def create_admin(email, name, password_stdin):
    """Make an admin: a new account, or one that exists, which gets this name and password."""
    from jobs import mail_sender

    password = _piped_password() if password_stdin else _asked_password()
    typed = MultiDict({"name": name, "email": email, "password": password})
    form = forms.RegisterForm(typed, meta={"csrf": False})
    if not form.validate():
        wrong = [f"{form[field].label.text}: {why}" for field, reasons in form.errors.items() for why in reasons]
        raise Refused("\n".join(wrong))
    if not form.email.data.isascii():
        mail_server.refuse_unreachable(form.email.data, server=mail_sender.ask_server())
    hashed = passwords.hash(form.password.data)
    with transactions.writing():
        people.make_admin(form.name.data, form.email.data, hashed)
    click.echo(_("%(email)s is an admin now.", email=form.email.data))


def _piped_password():
    return sys.stdin.readline().rstrip("\r\n")


def _asked_password():
    again = _("Once more, to be sure")
    return click.prompt(_("Password"), hide_input=True, confirmation_prompt=again, err=True)


@chore("first-key")
def first_key():
    """Print a new one-time key for whoever opens the first page. Earlier keys are worthless then."""
    if people.any_admin():
        raise Refused(_("There is an admin already. Sign in, or make another one with: flask create-admin"))
    with transactions.writing():
        key = people.new_first_key()
    click.echo(_("Open %(url)s/setup and type this key: %(key)s", url=current_app.config["PUBLIC_URL"], key=key))


@chore("import-tickets")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "system", type=click.Choice(sorted(SYSTEMS)), help="The system that made the file.")
@click.option("--map", "maps", multiple=True, help="“Their column=our column”, or “status:their value=our value”.")
@click.option("--dates", "order", type=click.Choice(["day-first", "month-first"]), help="How 03/04/2026 is meant.")
@click.option("--encoding", default="", help="Where the file is not UTF-8, for example windows-1252.")
@click.option(
    "--replies", type=click.Path(path_type=Path), help="A second file: external_id, author_email, at, text, internal."
)
@click.option("--check", is_flag=True, help="Read everything and write nothing.")
def import_tickets(file, system, maps, order, encoding, replies, check):
    """Import tickets from FILE: a CSV (or CSV.gz) or an Excel workbook.

    It needs the columns external_id, subject, description and category; the README names more. Nobody is mailed, and
    what is there already is not imported again. Rows that cannot be imported are listed, the others are kept.
    """
    from jobs import mail_sender

    zone = ZoneInfo(current_app.config["DESK_TIMEZONE"])
    plan = import_file.examine(file, parse_maps(system or "", maps), zone=zone, order=order or "", encoding=encoding)
    click.echo(_("Read as: %(how)s.", how=plan.read_as), err=True)
    further, bad_replies = read_replies(replies, zone, order or "") if replies else ({}, [])
    server = mail_sender.ask_server()
    if check:
        outcome = importer.trial(plan, server=server)
    else:
        host = urlsplit(current_app.config["PUBLIC_URL"]).hostname
        with click.progressbar(length=plan.lines, label=_("Importing"), file=sys.stderr) as bar:
            outcome = importer.run(plan, host=host, server=server, progress=bar.update, replies=further)
    for row in outcome.bad + outcome.unassigned + bad_replies:
        place = str(row.place)
        click.echo(f"{place[:1].upper()}{place[1:]}: {row.why}", err=True)
    _echo_outcome(outcome, check)
    sys.exit(1 if outcome.bad or bad_replies else 0)


def _echo_outcome(outcome, check):
    for change, count in sorted(outcome.changes.items()):
        click.echo(f"{CHANGES[change]}: {count}")
    added = (
        _("%(count)d would be imported, ", count=outcome.added)
        if check
        else _("%(count)d imported, ", count=outcome.added)
    )
    click.echo(added + _("%(known)d here already, %(bad)d left out.", known=outcome.known, bad=len(outcome.bad)))
    if outcome.number:
        click.echo(_("To take this import back: flask --app app undo-import %(number)d", number=outcome.number))


@chore("undo-import")
@click.argument("number", type=int)
def undo_import(number):
    """Take an import back: remove its tickets for good, but not those that somebody has worked on since."""
    total = import_undo.find(number).added
    with click.progressbar(length=total, label=_("Removing"), file=sys.stderr) as bar:
        removed, left = import_undo.take_back(number, by=None, progress=bar.update)
    click.echo(
        _("%(removed)d tickets removed, %(left)d left since somebody worked on them.", removed=removed, left=left)
    )


@chore("demo")
def demo_company():
    """Fill an empty desk with a made-up company to try it out, and print its accounts."""
    zone = ZoneInfo(current_app.config["DESK_TIMEZONE"])
    accounts, password = company.fill(zone=zone)
    table = [(_("Address"), _("Role"), _("Password"))] + [(who.email, who.role, password) for who in accounts]
    widest = max(len(row[0]) for row in table)
    for address, role, secret in table:
        click.echo(f"{address:{widest}}  {role:5}  {secret}")
    url = current_app.config["PUBLIC_URL"]
    click.echo(_("Sign in with one of these at %(url)s/login. No mail goes to any of them.", url=url))


@chore("rebuild-search")
def rebuild_search():
    """Make the search index anew from what the tickets say, while the desk goes on working."""
    with click.progressbar(length=indexer.how_many(), label=_("Rebuilding"), file=sys.stderr) as bar:
        done = reindexing.rebuild(bar.update)
    click.echo(_("Tickets that can be searched now: %(done)d.", done=done))


@chore("backup")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--files/--no-files", "with_files", default=True, help="Whether attached files go into it. They do.")
def write_backup(file, with_files):
    """Save database, files and the names of the settings in one archive, while the desk goes on working.

    It goes to FILE, by default into "backups" beside the database or the files.
    """
    from jobs import backup as jobs

    target = file or backup.default_target(db.engine.url, current_app.config["FILES_DIR"])
    written = jobs.write(target, _bar, with_files=with_files)
    for why in written.failed:
        click.echo(why, err=True)
    click.echo(_("Saved: %(rows)d rows, %(files)d files.", rows=written.rows, files=written.files))
    click.echo(_("Saved to %(path)s", path=written.path))
    sys.exit(1 if written.failed else 0)


@chore("restore", needs_database=False)
@click.argument("copy", type=click.Path(path_type=Path))
def restore_backup(copy):
    """Put a backup in place: an archive of `flask backup`, or a copy of a SQLite database.

    The desk must be stopped. A SQLite database from before is kept; another database must be empty.
    """
    from jobs import restore

    restored = restore.run(copy, _bar)
    if restored.rows:
        click.echo(_("Restored: %(rows)d rows, %(files)d files.", rows=restored.rows, files=restored.files))
    if restored.before:
        click.echo(_("The database from before is kept as %(path)s", path=restored.before))
    if restored.unset:
        click.echo(_("Set when the backup was made, and not here: %(names)s", names=", ".join(restored.unset)))
    missing = 0
    for why in restore.missing_files():
        missing += 1
        click.echo(why, err=True)
    click.echo(_("The backup is in place. Files missing: %(missing)d.", missing=missing))
    sys.exit(1 if missing else 0)


@contextmanager
def _bar(label, length):
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


@chore("move-files")
@click.option("--to", type=click.Choice(["disk", "s3"]), required=True, help="Where the files shall lie.")
def move_files(to):
    """Move the attached files to the disk or to S3, while the desk goes on working. New ones go where FILES_ON says."""
    from jobs import files

    if to not in places.places():
        raise Refused(_("S3_BUCKET is missing. Set it, and the other settings whose names begin with S3_."))
    with click.progressbar(length=attached.count(), label=_("Moving"), file=sys.stderr) as bar:
        outcome = files.move(to, bar.update)
    for why in outcome.failed:
        click.echo(why, err=True)
    click.echo(_("%(done)d moved, %(failed)d not.", done=outcome.done, failed=len(outcome.failed)))
    sys.exit(1 if outcome.failed else 0)


@click.command("doctor")
@with_appcontext
def doctor():
    """Look at settings, database, mail and files, and say what to do where something is wrong."""
    from jobs import doctor as jobs_doctor

    wrong = 0
    for finding in jobs_doctor.examine():
        wrong += bool(finding.advice)
        click.echo(f"{'look' if finding.advice else 'ok':5} {finding.what}: {finding.said}")
        if finding.advice:
            click.echo(f"      {finding.advice}")
    sys.exit(1 if wrong else 0)


@chore("rebuild-tallies")
def rebuild_tallies():
    """Count the figures of the dashboard anew. The worker does so by itself; this is for when it does not run."""
    daily_counts.forget()
    if daily_counts.keep(current_app.config["DESK_TIMEZONE"]):
        click.echo(_("The figures of the dashboard are counted anew."))
    else:
        click.echo(_("This desk is small enough for the dashboard to count by itself. There is nothing to keep."))


@chore("worker")
def work():
    """Send mails, close and clear up, until stopped. A desk needs one of these running; more do no harm."""
    from jobs import worker

    worker.run(current_app._get_current_object())
