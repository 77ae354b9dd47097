"""A power cut in the middle of work, in short: what was acknowledged is there. `make soak` has it at length."""

import os
import random
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

import config
from tests.support.servers import power_cut

TROUBLE = power_cut.why_not()
pytestmark = [pytest.mark.once, pytest.mark.skipif(bool(TROUBLE), reason=TROUBLE)]

# Writes rows and files as the desk does, and says when both are acknowledged.
WORK = """
import io, os, sys, time
from datetime import timedelta
from helpdesk.db import transactions
from integrations.storage.disk import Disk
from pathlib import Path
from sqlalchemy import create_engine, event, text

folder = Path(sys.argv[1])
engine = create_engine(f"sqlite:///{folder}/desk.db")
transactions.prepare(engine, undo_window=timedelta())
if sys.argv[2] == "careless":
    os.fsync = lambda handle: None
    event.listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA synchronous=OFF"))
files = Disk(folder / "files")
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE rows (number INTEGER, key TEXT)"))
for number in range(30):
    key = f"{number % 7:02}/{number:040}"
    files.put(key, io.BytesIO(b"%d" % number * 2000))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO rows VALUES (:number, :key)"), {"number": number, "key": key})
    print(f"{time.time()} {number}", flush=True)
"""
CUTS = 20


def record(tmp_path, manner):
    """The disk as it was before, the calls since then, and when each number was acknowledged."""
    folder = tmp_path / "desk"
    folder.mkdir()
    disk, trace = power_cut.Disk(folder), tmp_path / "record"
    command = [*power_cut.recorder(trace), sys.executable, "-c", WORK, str(folder), manner]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(config.HERE)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    acknowledged = [(float(at), int(number)) for at, number in re.findall(r"(\S+) (\d+)\n", done.stdout)]
    return disk, list(power_cut.calls(trace, str(folder))), acknowledged


def cut(tmp_path, manner):
    """After each of the cuts: the numbers that were acknowledged before it, and those that are there whole."""
    dice = random.Random(CUTS)
    disk, calls, acknowledged = record(tmp_path, manner)
    places = {*dice.sample(range(len(calls) // 4, len(calls)), CUTS)}
    for number, call in enumerate(calls):
        if number in places:
            target = tmp_path / f"after-{number}"
            target.mkdir()
            disk.after_cut(target, dice, dice.choice([0, 0.5, 1]))
            yield {known for at, known in acknowledged if at < call.at}, set(found(target))
        disk.apply(call)


def found(folder):
    """Raises sqlite3.DatabaseError where the database is damaged."""
    with closing(sqlite3.connect(folder / "desk.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'rows'").fetchone():
            for number, key in database.execute("SELECT number, key FROM rows"):
                file = folder / "files" / key
                if file.is_file() and file.read_bytes() == b"%d" % number * 2000:
                    yield number


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path):
    outcomes = list(cut(tmp_path, "careful"))
    assert len(outcomes) == CUTS and sum(len(wanted) for wanted, _there in outcomes) > 100
    for wanted, there in outcomes:
        assert wanted <= there


def test_the_cuts_would_show_what_is_not_synced(tmp_path):
    """A test of the test: the same work without syncs loses rows and files, or the database itself."""
    lost = 0
    try:
        for wanted, there in cut(tmp_path, "careless"):
            lost += len(wanted - there)
    except (sqlite3.DatabaseError, AssertionError):
        lost += 1
    assert lost
