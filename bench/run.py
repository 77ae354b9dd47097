"""Fills a desk, serves it as production does, asks for each line one by one and eight at once, and reports."""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

import config
from app import create_app
from bench import fill, flood, lines, report
from bench.visitor import Visitor
from tests.integrations.operations.test_run import parents
from tests.support.servers.live import LiveDesk

KEY = "Only-for-the-bench-8b1f-and-never-longer-than-a-run"
SERVERS = {
    "mariadb": os.environ.get("TEST_MARIADB_URL", "mysql://root@127.0.0.1/"),
    "postgresql": os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1/postgres"),
}
WARM_UP, RUNS, AT_ONCE, SECONDS = 8, 80, 8, 2


@dataclass
class Measured:
    """Milliseconds one after the other, and of them the web processes' own work; requests a second with eight
    connections, of each round; or why it was not measured.
    """

    name: str
    took: list
    work: float
    rates: list
    skipped: str = ""


def run(given):
    url = place(given.db, given.size)
    settings = {"DATABASE_URL": url, "SECRET_KEY": KEY, "WEB_WORKERS": "2"}
    known = fill.fill(create_app(os.environ | settings | {"PUBLIC_URL": "http://127.0.0.1"}), given.size)
    with serving(LiveDesk(**settings)) as yardstick:
        yardstick.app = "bench.yardstick:create_app()"
        yardstick.start_web()
        bare = [measure(yardstick, line, given.rounds) for line in lines.yardsticks()]
    with serving(LiveDesk(**settings)) as desk:
        desk.start()
        wanted = [line for line in lines.of(desk.port, known) if given.only.lower() in line.name.lower()]
        found = [measure(desk, line, given.rounds) for line in wanted]
        memory = memory_megabytes(desk)
    table = report.table(bare, found, memory)
    print(table)
    if not given.only:
        report.keep(given.db, given.size, table)


def place(kind, size):
    """The address of the database, which is made where it is missing and kept for the next run."""
    name = f"desk_bench_{size}"
    if kind == "sqlite":
        folder = config.HERE / "instance" / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder / name}.db"
    server = make_url(config.database(SERVERS[kind]))
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if kind == "mariadb":
            connection.execute(text(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))
        elif not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@contextmanager
def serving(desk):
    try:
        yield desk
    finally:
        desk.stop()


def measure(desk, line, rounds):
    if line.needs and Visitor(desk.port).get(line.needs)[0] == 404:
        return Measured(line.name, [], 0, [], "not there yet")
    email = fill.accounts()[line.who] if line.who else None
    visitor = Visitor(desk.port, email)
    for _ in range(WARM_UP):
        line.once(visitor)
    before = worked(desk)
    took = [line.once(visitor) for _ in range(RUNS)]
    work = (worked(desk) - before) / RUNS
    return Measured(line.name, took, work, [rate(desk.port, line, email) for _ in range(rounds)])


def web_processes(desk):
    return [desk.web.pid, *(pid for pid, parent in parents().items() if parent == desk.web.pid)]


def worked(desk):
    """Milliseconds that the web processes have worked so far. A busy machine changes this least of all."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in web_processes(desk)]
    return sum(int(one[11]) + int(one[12]) for one in fields) * 1000 / os.sysconf("SC_CLK_TCK")


def rate(port, line, email):
    """Requests a second with eight connections.

    A gthread worker may happen to get all kept-alive connections: each round opens them anew.
    """
    if line.act is None:
        return flood.rate(port, Visitor(port, email).cookie, line.path, AT_ONCE, SECONDS)
    visitors = [Visitor(port, email) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(partial(_acts, line, time.monotonic() + SECONDS), visitors))


def _acts(line, until, visitor):
    """Acts a second of one visitor, without the page each of them takes its form from."""
    spent = []
    while time.monotonic() < until:
        spent.append(line.once(visitor))
    return 1000 / statistics.mean(spent)


def memory_megabytes(desk):
    """Megabytes that the web processes and the worker have in memory after all this, shared parts counted once each."""
    found = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (*web_processes(desk), desk.worker.pid)]
    return sum(int(one.split("Pss:")[1].split()[0]) for one in found) / 1024
