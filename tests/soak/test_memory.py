"""Hours of mixed load on a served desk: after the first half its processes take no more memory."""

import os
import statistics
import time
from pathlib import Path

import pytest

from helpdesk.db import transactions
from models import db
from tests.conftest import SETTINGS
from tests.integrations.operations.test_run import needs_proc, parents
from tests.soak.mixed_load import MixedLoad, Visitor
from tests.support.builders import ticket
from tests.support.cast import person
from tests.support.servers.listener import cookie_of
from tests.support.servers.live import LiveDesk
from tests.support.servers.mailbox import Mailbox

pytestmark = [pytest.mark.soak, needs_proc]

MINUTES = float(os.environ.get("MEMORY_MINUTES") or 120)
RATE = float(os.environ.get("MEMORY_RATE") or 4)  # Acts a second, of one to three requests each.
MOST_GROWTH = 1.05
STEPS, USERS, AGENTS, TICKETS = 12, 60, 30, 200


def test_processes_take_no_more_memory_in_the_second_half(app, database_url, files_dir):
    people, mailbox = make_company(), Mailbox().start()
    settings = {"DATABASE_URL": database_url, "FILES_DIR": files_dir, "WEB_WORKERS": "2"}
    settings |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(mailbox.port)}
    desk = LiveDesk(**SETTINGS | settings)
    cookies = [cookie_of(app, one) for one in people]
    visitors = [Visitor(desk.port, one.email, one.is_agent, cookie) for one, cookie in zip(people, cookies)]
    db.session.rollback()
    try:
        desk.start()
        load = MixedLoad(visitors, rate=RATE).start()
        sizes = watch(desk, load, mailbox)
        load.stop()
    finally:
        desk.stop()
        mailbox.stop()
    print(f"{sum(load.answers.values())} acts: {dict(sorted(load.answers.items(), key=str))}")
    check(load, sizes)


def make_company():
    with transactions.writing():
        users = [person(f"Asker{number} Soak", "user") for number in range(USERS)]
        agents = [person(f"Agent{number} Soak", "agent") for number in range(AGENTS)]
    for number in range(TICKETS):
        ticket(users[number % USERS], subject=f"Ticket {number} of the soak")
    return users + agents


def watch(desk, load, mailbox):
    """The megabytes of each process, by its name: the median of each twelfth of the time."""
    processes = names_of(desk)
    began, sizes = time.monotonic(), {name: [] for name in processes}
    print(f"\n{time.strftime('%Y-%m-%d %H:%M')}: MB of {', '.join(processes)}; {MINUTES:g} minutes", flush=True)
    for step in range(1, STEPS + 1):
        samples = []
        while time.monotonic() - began < step * MINUTES * 60 / STEPS:
            samples.append([megabytes(pid) for pid in processes.values()])
            time.sleep(min(5, MINUTES * 60 / STEPS / 10))
        mailbox.empty()
        for found, each in zip(sizes.values(), zip(*samples)):
            found.append(statistics.median(each))
        line = "  ".join(
            f"{found[-1]:6.1f} (at most {max(each):.0f})" for found, each in zip(sizes.values(), zip(*samples))
        )
        print(f"to minute {step * MINUTES / STEPS:5.1f}, {sum(load.answers.values()):6} acts: {line}", flush=True)
    return sizes


def names_of(desk):
    web = sorted(pid for pid, parent in parents().items() if parent == desk.web.pid)
    return {f"web {number}": pid for number, pid in enumerate(web, 1)} | {"worker": desk.worker.pid}


def megabytes(pid):
    """Memory of the process that is in use now. Fails where the process has ended."""
    path = Path(f"/proc/{pid}/status")
    size = path.read_text().partition("VmRSS:")[2] if path.exists() else ""
    assert size, f"process {pid} has ended"
    return int(size.split()[0]) / 1024


def check(load, sizes):
    broken = {act: count for act, count in load.answers.items() if act[1] >= 500}
    assert not broken and not load.errors, f"{broken} {load.errors[:5]}"
    for name, found in sizes.items():
        half, end = found[STEPS // 2 - 1], found[-1]
        print(f"{name}: {half:.1f} MB at half time, {end:.1f} MB at the end, {end / half - 1:+.1%}")
    grown = {name: found for name, found in sizes.items() if found[-1] > found[STEPS // 2 - 1] * MOST_GROWTH}
    assert not grown, f"grown by more than {MOST_GROWTH - 1:.0%} in the second half: {grown}"
