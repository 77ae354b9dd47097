"""kill -9 of `flask restore`: the desk is as it was or as the backup has it, and the restore can be run again."""

import os
import random
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import DBAPIError

import config
from models import Ticket, db
from tests.conftest import SETTINGS
from tests.support import builders
from tests.support.cast import Cast
from tests.support.databases import empty_database
from tests.support.servers.desks import desk, migrate, run

pytestmark = pytest.mark.soak

KILLS, TICKETS = 10, 1000
DICE = random.Random()


def test_a_killed_restore_can_be_run_again_and_leaves_no_half_desk(tmp_path):
    saved = backup(tmp_path)
    with empty_database() as address, desk(address, tmp_path / "here") as made:
        on_file = db.engine.dialect.name == "sqlite"
        # On SQLite the database from before has to be there after each kill; on a server it has to be empty.
        before = 0
        if on_file:
            migrate()
            builders.ticket(Cast.make().ada, "Before the restore")
            before = 1
        db.session.remove()
        db.engine.dispose()
        ended = [killed(command(address, tmp_path, "restore", str(saved)), before) for _kill in range(KILLS)]
        done = run(made, "restore", saved)
        # A server may have been asked to commit just before the kill, and have done so just after it was looked at.
        assert done.exit_code == 0 or count() == TICKETS, done.output
        assert count() == TICKETS
        print(
            f"\n{db.engine.dialect.name}: {KILLS} kills, after which there were {ended} tickets; {TICKETS} at the end"
        )


def backup(folder):
    with desk(f"sqlite:///{folder}/desk.db", folder) as made:
        migrate()
        cast = Cast.make()
        for number in range(TICKETS):
            made_ticket = builders.ticket(cast.ada, f"Ticket {number}", "Words " * 200)
            if number % 10 == 0:
                builders.file(made_ticket, f"{number}.txt", b"lines " * 1000)
        assert run(made, "backup", folder / "backup.tar").exit_code == 0
    return folder / "backup.tar"


def command(address, folder, *words):
    environment = os.environ | SETTINGS | {"DATABASE_URL": address, "FILES_DIR": str(folder / "here" / "files")}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", *words],
        cwd=config.HERE,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def killed(process, before):
    """Kill it while it checks, stores files or fills tables. Returns how many tickets there are then."""
    wanted = DICE.choice([b"Checking", b"Files", b"Rows", b"Rows"])
    with process:
        for line in process.stderr:
            if line.startswith(wanted):
                break
        time.sleep(DICE.uniform(0, 1.5))
        process.kill()
    there = count()
    assert there in (before, TICKETS)
    return there


def count():
    """A server may still be busy with what the killed process has asked for."""
    until = time.monotonic() + 30
    while True:
        try:
            with db.engine.connect() as connection:
                there = inspect(connection).has_table("tickets")
                return connection.scalar(select(func.count()).select_from(Ticket)) if there else 0
        except DBAPIError:
            assert time.monotonic() < until
            time.sleep(0.5)
        finally:
            db.engine.dispose()
