"""How long the main pages take: fills a desk of its own, serves it as production does, prints best, p50 and p95.

    .venv/bin/python bench/pages.py --tickets 24000 --server mysql://root@127.0.0.1/ --csv it_tickets.csv.gz

Nothing is kept: the database is made for the run and dropped after it. See README.md.
"""

import argparse
import csv
import gzip
import html
import http.client
import logging
import os
import random
import re
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade  # noqa: E402

import config  # noqa: E402
from app import create_app  # noqa: E402
from helpdesk import importing, passwords, people, store, words  # noqa: E402
from models import db  # noqa: E402
from tests.databases import empty_database  # noqa: E402
from tests.live import LiveDesk  # noqa: E402

KEY = "Only-for-the-bench-8b1f-and-never-longer-than-a-run"
PASSWORD = "an agent of the bench"
DEPTH = 100
HIDDEN = r'name="(csrf_token|form_token|seen|was)"[^>]*? value="([^"]*)"'
STATUSES = ["closed"] * 80 + ["resolved"] * 10 + ["open"] * 5 + ["pending"] * 3 + ["new"] * 2
PRIORITIES = ["normal"] * 7 + ["low"] * 2 + ["high"]


def main():
    wanted = read_options()
    with empty_place(wanted.server) as address:
        settings = {"DATABASE_URL": address, "SECRET_KEY": KEY, "WEB_WORKERS": "2"}
        desk = LiveDesk(**settings)
        numbers = fill(desk.env, wanted)
        try:
            desk.start_web()
            print(f"{len(numbers)} tickets on {address.partition(':')[0]}, {wanted.runs} runs, milliseconds")
            show(measure(desk.port, numbers, wanted.runs))
        finally:
            desk.stop()


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100, help="how many tickets the desk holds (default 100)")
    parser.add_argument("--server", help="a PostgreSQL or MySQL server; default: a SQLite file")
    parser.add_argument("--csv", type=Path, help="tickets to fill it with; default: made-up words")
    parser.add_argument("--as-it-is", action="store_true", help="import the rows unchanged, without made-up states")
    parser.add_argument("--runs", type=int, default=60, help="how often each page is asked for (default 60)")
    return parser.parse_args()


@contextmanager
def empty_place(server):
    """A database for this run. SQLite lies on the disk, not in memory as for the tests, so a commit has its cost."""
    if server:
        os.environ["TEST_DATABASE_URL"] = server
        with empty_database() as address:
            yield address
        return
    on_disk = config.HERE / "instance"
    on_disk.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=on_disk) as folder:
        yield f"sqlite:///{folder}/desk.db"


def fill(environment, wanted):
    """Import the tickets and add the two who look at them. Returns the tickets' numbers."""
    app = create_app(environment)
    logging.getLogger("desk").setLevel("WARNING")
    with app.app_context(), tempfile.TemporaryDirectory() as folder:
        upgrade(directory=str(config.HERE / "migrations"))
        rows = Path(folder) / "rows.csv"
        write_rows(rows, wanted)
        importing.run(rows, host="bench.example", progress=lambda lines: None)
        hashed = passwords.hash(PASSWORD)
        with store.writing():
            for name, role in (("Agent", "agent"), ("Person", "user")):
                person = people.by_address(f"{name}-0@bench.example") or people.add(name, f"{name}-0@bench.example")
                person.role, person.password_hash, person.confirmed_at = role, hashed, store.now()
        refresh_statistics()
        numbers = list(db.session.scalars(db.text("SELECT id FROM tickets ORDER BY id")))
        db.session.remove()
        db.engine.dispose()
    return numbers


def refresh_statistics():
    """What PostgreSQL and MySQL do by themselves within minutes of an import. SQLite never does, so neither do we."""
    how = {"postgresql": "ANALYZE", "mysql": "ANALYZE TABLE tickets"}.get(db.engine.dialect.name)
    if how:
        db.session.execute(db.text(how))
        db.session.commit()


def write_rows(path, wanted):
    chance, now = random.Random(7), store.now()
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = None
        for number, row in enumerate(source(wanted, chance)):
            if not wanted.as_it_is:
                row |= {
                    "requester_email": f"person-{number % 500}@bench.example",
                    "status": chance.choice(STATUSES),
                    "priority": chance.choice(PRIORITIES),
                    "created_at": (now - timedelta(minutes=chance.randrange(2 * 365 * 24 * 60))).isoformat(),
                }
            writer = writer or csv.DictWriter(file, row)
            writer.writeheader() if number == 0 else None
            writer.writerow(row)


def source(wanted, chance):
    if wanted.csv:
        opened = gzip.open if wanted.csv.suffix == ".gz" else open
        with opened(wanted.csv, "rt", encoding="utf-8-sig", newline="") as file:
            for number, row in zip(range(wanted.tickets), csv.DictReader(file)):
                yield {name: row[name] for name in ("external_id", "subject", "description", "category")}
        return
    vocabulary = [
        f"{a}{b}" for a in ("print", "net", "mail", "screen", "lap", "key") for b in ("er", "work", "top", "s")
    ]
    for number in range(wanted.tickets):
        text = " ".join(chance.choices(vocabulary, k=chance.randrange(10, 80)))
        yield {
            "external_id": f"B-{number}",
            "subject": text[: words.SUBJECT_MAX // 3],
            "description": text,
            "category": chance.choice(["Hardware", "Access", "Storage", "Software"]),
        }


class Visitor:
    """One signed-in person on one connection."""

    def __init__(self, port, email):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = ""
        self.post("/login", self.hidden("/login") | {"email": email, "password": PASSWORD})

    def get(self, path):
        return self._ask("GET", path)

    def post(self, path, fields):
        status, page = self._ask("POST", path, urlencode(fields))
        assert status in (302, 303), f"{path} answered {status}: {page[:300]}"
        return status, page

    def hidden(self, path, action=""):
        """The hidden fields of the form with this action on a page, as a browser would send them."""
        status, page = self.get(path)
        assert status == 200, f"{path} answered {status}"
        form = page[page.index(f'action="{action}"') :] if action else page
        fields = re.findall(
            r'name="(csrf_token|form_token|seen|was)"[^>]*? value="([^"]*)"', form.partition("</form>")[0]
        )
        return {name: html.unescape(value) for name, value in fields}

    def _ask(self, method, path, body=None):
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for value in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = value.partition(";")[0]
        return answer.status, page


def measure(port, numbers, runs):
    """Milliseconds of each run, by page. Every page is asked for five times before it counts."""
    agent, person, chance = (
        Visitor(port, "agent-0@bench.example"),
        Visitor(port, "person-0@bench.example"),
        random.Random(3),
    )
    deep = deep_page(agent)
    picked = lambda: f"/tickets/{chance.choice(numbers)}"  # noqa: E731
    pages = {
        "Triage, open": lambda: timed(agent.get, "/triage?view=open"),
        "Triage, all": lambda: timed(agent.get, "/triage?view=all"),
        "Triage, deep page": lambda: timed(agent.get, deep),
        "Ticket": lambda: timed(agent.get, picked()),
        "Dashboard": lambda: timed(agent.get, "/dashboard"),
        "My tickets": lambda: timed(person.get, "/tickets"),
        "Raise (POST)": lambda: raise_one(person),
        "Reply (POST)": lambda: reply_to(agent, picked()),
    }
    return {name: [page() for _ in range(runs + 5)][5:] for name, page in pages.items()}


def deep_page(agent):
    path = "/triage?view=all"
    for _ in range(DEPTH):
        older = re.search(r'href="([^"]*mark=older[^"]*)"', agent.get(path)[1])
        if not older:
            break
        path = html.unescape(older[1])
    return path


def raise_one(person):
    choices = {"subject": "The bench raises a ticket", "description": "Nothing to do.", "type": "incident"}
    fields = person.hidden("/tickets/new", "/tickets/new") | choices | {"priority": "normal", "category": ""}
    return timed(person.post, "/tickets/new", fields)


def reply_to(agent, ticket):
    return timed(agent.post, f"{ticket}/reply", agent.hidden(ticket, f"{ticket}/reply") | {"body": "We look into it."})


def timed(ask, *given):
    began = time.perf_counter()
    status, _page = ask(*given)
    assert status in (200, 302, 303), status
    return (time.perf_counter() - began) * 1000


def show(measured):
    print(f"{'':20}{'best':>8}{'p50':>8}{'p95':>8}")
    for name, taken in measured.items():
        figures = min(taken), statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
        print(f"{name:20}" + "".join(f"{figure:8.1f}" for figure in figures))


if __name__ == "__main__":
    main()
