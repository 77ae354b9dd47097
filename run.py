"""`python run.py`: the whole desk on one machine. Backs up and migrates, then runs gunicorn and the worker together."""

import errno
import os
import queue
import socket
import sys
import threading
import time
import traceback
from pathlib import Path

from dotenv import load_dotenv
from flask_migrate import upgrade
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

import config
import supervisor
from app import create_app
from helpdesk.accounts import people
from helpdesk.db import backup, migrations, transactions
from helpdesk.errors import Refused
from helpdesk.operations import restarts, start_checks
from models import db

WEB = (sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_app()")
WORKER = (sys.executable, "-m", "flask", "--app", "app", "worker")
# Seconds for which a port may still be in use by a desk that was killed and ends its last pages.
PORT_PATIENCE = 5
# Seconds until a restart is written down again that the database did not take.
RECORD_AGAIN = 5


class CannotStart(Exception):
    """Why the desk cannot run here, in a sentence for whoever starts it."""


def main():
    # What the desk writes is for its own account alone.
    os.umask(0o077)
    load_dotenv(config.HERE / ".env")
    try:
        settings = config.load(os.environ)
        check_port(settings["HOST"], settings["PORT"])
        # Without one in the settings each process would make up its own, and none would know the others' cookies.
        os.environ["SECRET_KEY"] = settings["SECRET_KEY"]
        check_places(settings)
        app = create_app(os.environ)
        with app.app_context():
            prepare_database()
            _greet(settings)
            db.engine.dispose()
    except config.BadSetting as wrong:
        sys.exit(_say_no(wrong, 2))
    except (CannotStart, Refused, OSError) as no:
        sys.exit(_say_no(no, 1))
    _run_both(app)


def _say_no(why, code):
    print(why, file=sys.stderr)
    return code


def check_port(host, port, patience=PORT_PATIENCE):
    until = time.monotonic() + patience
    while error := _port_error(host, port):
        if error.errno != errno.EADDRINUSE or time.monotonic() > until:
            raise CannotStart(
                f"The desk cannot listen on {host} port {port}: {error.strerror}. "
                f"Is it running already? Another port is chosen with PORT, for example PORT={port % 65535 + 1}"
            )
        time.sleep(0.2)


def _port_error(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def check_places(settings):
    """Folders and files, before anything is made or changed in them."""
    file = _sqlite_file(make_url(settings["SQLALCHEMY_DATABASE_URI"]))
    if file is not None:
        start_checks.check_sqlite(file)
    if settings["FILES_ON"] == "disk":
        start_checks.check_folder(Path(settings["FILES_DIR"]), "FILES_DIR")


def _sqlite_file(url):
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" else None


def prepare_database():
    """Bring the tables to this version's. A SQLite database is copied before they change."""
    url, file = db.engine.url, _sqlite_file(db.engine.url)
    is_new = file is None or not file.exists() or not file.stat().st_size
    if not transactions.reachable():
        raise CannotStart("The database does not answer. Check DATABASE_URL, and whether the server is running.")
    migrations.refuse_newer(copy=file and copy_of(file, migrations.newest()))
    if migrations.current():
        return
    if not is_new:
        _copy_first(url, copy_of(file, migrations.revision()))
    _upgrade()


def _upgrade():
    try:
        upgrade(directory=str(migrations.FOLDER))
    except SQLAlchemyError as error:
        traceback.print_exc()
        raise CannotStart(
            f"The tables could not be changed to those of this version: {getattr(error, 'orig', None) or error}. "
            "Mend the cause and start again: the next start goes on from there."
        ) from None


def copy_of(file, revision):
    """Where the copy of a database lies that has the tables of this revision."""
    return file.parent / "backups" / f"{file.stem}-revision-{revision or 'none'}.db"


def _copy_first(url, copy):
    """One copy a revision: it takes the place of an older one of the same revision, and of no other."""
    unfinished = copy.with_name(copy.name + ".new")
    unfinished.unlink(missing_ok=True)
    os.replace(backup.write(url, unfinished), copy)
    print(f"The database gets the tables of a newer version. A copy of it as it is now: {copy}")


def _greet(settings):
    print(f"The desk: {settings['PUBLIC_URL']}    (Ctrl-C stops it)")
    if not people.any_admin():
        with transactions.writing():
            key = people.new_first_key()
        print(f"It has no admin yet. Open {settings['PUBLIC_URL']}/setup and type this key: {key}")
    sys.stdout.flush()


def _run_both(app):
    """Run both parts until we are told to stop."""
    restarts_to_record = queue.SimpleQueue()
    threading.Thread(target=_record_restarts, args=(app, restarts_to_record), daemon=True).start()
    supervisor.supervise(
        {"web": WEB, "worker": WORKER},
        lambda part, code: restarts_to_record.put(restarts.Restart(part, code, transactions.now())),
    )


def _record_restarts(app, waiting):
    """In a thread of its own: whatever the database does, the parts are watched."""
    while True:
        restart = waiting.get()
        while not _record(app, restart):
            time.sleep(RECORD_AGAIN)


def _record(app, restart):
    try:
        with app.app_context():
            restarts.record(restart)
    except (SQLAlchemyError, OSError):
        return False
    return True


if __name__ == "__main__":
    main()
