"""Eight writers in two processes on one SQLite file, each raising tickets by the desk's own act, without HTTP."""

import os
import subprocess
import sys
import tempfile
import threading
import time

import config
from app import create_app
from bench import fill
from bench.run import KEY
from helpdesk.db import transactions
from helpdesk.tickets import tickets
from models import Person, Ticket, db

PROCESSES, THREADS, SECONDS = 2, 4, 10


def run():
    on_disk = config.HERE / "instance"
    on_disk.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=on_disk) as folder:
        environment = os.environ | {"DATABASE_URL": f"sqlite:///{folder}/desk.db", "SECRET_KEY": KEY}
        app = create_app(environment)
        fill.fill(app, 1000)
        command = [sys.executable, "-m", "bench", "writers", "--be-one"]
        writing = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
        told = [line.split() for one in writing for line in one.communicate()[0].decode().splitlines()]
        done, waits, failed = zip(*((int(done), float(wait), int(failed)) for done, wait, failed in told))
        with app.app_context():
            kept = db.session.query(Ticket.id).count() - 1000
    print(f"{PROCESSES * THREADS} writers in {PROCESSES} processes, by the act itself, {SECONDS} s on SQLite:")
    print(f"{sum(done) / SECONDS:.0f} tickets/s acknowledged, {kept} of {sum(done)} kept, {sum(failed)} failed,")
    print(f"longest wait {max(waits):.2f} s")


def be_one():
    """One process: says for each of its threads how many it raised, its longest wait, how many failed."""
    app = create_app(os.environ)
    threads = [threading.Thread(target=_write, args=(app,)) for _ in range(THREADS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def _write(app):
    done, failed, longest, until = 0, 0, 0.0, time.monotonic() + SECONDS
    while (began := time.monotonic()) < until:
        with app.app_context():
            try:
                with transactions.writing():
                    who = db.session.get(Person, fill.AGENTS + 2)
                    tickets.raise_ticket(by=who, subject="The bench raises a ticket", description="Nothing to do.")
                done += 1
            except Exception as error:  # "database is locked" would be one.
                print(error, file=sys.stderr)
                failed += 1
        longest = max(longest, time.monotonic() - began)
    print(f"{done} {longest} {failed}\n", end="", flush=True)
