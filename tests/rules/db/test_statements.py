"""Queries that threads share: none is built at import, and each is complete before a second thread has it."""

import dataclasses
import importlib.util
import pkgutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import ClauseElement, Table
from sqlalchemy.orm.util import AliasedClass

import config
from helpdesk.accounts import sessions
from helpdesk.db import transactions
from helpdesk.import_export import exporter
from helpdesk.lists import ticket_lists
from helpdesk.markup import markdown
from models import Ticket, db
from tests.support import builders

ROOMS = ("helpdesk", "integrations", "jobs", "views", "web")
THREADS, ROUNDS, SOAK_ROUNDS = 8, 8, 300


def modules():
    for room in ROOMS:
        yield from (found.name for found in pkgutil.walk_packages([str(config.HERE / room)], f"{room}."))


@pytest.mark.parametrize("name", [*modules()])
def test_no_module_builds_part_of_a_query_when_it_is_imported(name):
    found = {key: value for key, value in vars(importlib.import_module(name)).items() if not key.startswith("__")}
    assert not [key for key, value in found.items() if any(is_query(part) for part in parts_of(value))]


def is_query(value):
    return isinstance(value, (ClauseElement, AliasedClass)) and not isinstance(value, Table)


def parts_of(value, depth=3):
    yield value
    if isinstance(value, dict):
        value = tuple(value.values())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = tuple(vars(value).values())
    if isinstance(value, (tuple, list, set, frozenset)) and depth:
        for part in value:
            yield from parts_of(part, depth - 1)


@pytest.fixture
def eager():
    """Threads take turns as often as Python can, so that they meet where they seldom would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def fresh():
    """Makes a module as a new process has it, beside the one that is in use."""
    made = []

    def make(module):
        name = f"{module.__name__}_fresh{len(made)}"
        spec = importlib.util.spec_from_file_location(name, module.__file__)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        made.append(name)
        spec.loader.exec_module(sys.modules[name])
        return sys.modules[name]

    yield make
    for name in made:
        del sys.modules[name]


def at_once(app, pool, ask):
    """What each thread got, when all of them ask in the same moment."""
    gate = threading.Barrier(THREADS)

    def work(_number):
        with app.app_context():
            try:
                gate.wait(10)
                return ask()
            finally:
                db.session.remove()

    return list(pool.map(work, range(THREADS)))


KINDS = ("own", "found", "listing", "counts", "export", "session")


@pytest.mark.parametrize("kind", KINDS)
def test_threads_that_are_the_first_to_ask_a_query_all_get_the_answer(app, cast, fresh, eager, kind):
    ask_new_queries(app, cast, fresh, kind, ROUNDS)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_threads_get_the_answer_each_of_many_times(app, cast, fresh, eager, kind):
    ask_new_queries(app, cast, fresh, kind, SOAK_ROUNDS)


def ask_new_queries(app, cast, fresh, kind, rounds):
    number = builders.ticket(cast.ada).id
    with transactions.writing():
        token = sessions.start(cast.ada, keep=False, ip="", user_agent="")
    ada, cleo, ada_id, cleo_id = cast.ada, cast.cleo, cast.ada.id, cast.cleo.id
    db.session.expunge_all()
    asks = {
        "own": (ticket_lists, lambda new: [row.id for row in new.own(ada, finished=False).rows]),
        "found": (ticket_lists, lambda new: [row.id for row in new.found(Ticket.id == number, cleo).rows]),
        "listing": (ticket_lists, lambda new: [row.id for row in new.listing("new", cleo).rows]),
        "counts": (ticket_lists, lambda new: [number] * new.counts(cleo, ("new", "all"))["new"]),
        "export": (exporter, lambda new: [int(row[0]) for row in new.rows(cleo_id, Ticket.id == number)]),
        "session": (sessions, lambda new: [number] if new.find(token).id == ada_id else []),
    }
    module, ask = asks[kind]
    db.session.rollback()
    with ThreadPoolExecutor(THREADS) as pool:
        for _round in range(rounds):
            new = fresh(module)
            assert at_once(app, pool, lambda: ask(new)) == [[number]] * THREADS


def test_threads_that_are_the_first_to_render_a_text_all_get_the_same(app, fresh, eager):
    typed = "**bold** and https://example.com/ and `code`\n\n- a list\n- [a link](https://example.org)\n\n> quoted\n"
    expected = markdown.to_html(typed)
    with ThreadPoolExecutor(THREADS) as pool:
        for _round in range(ROUNDS):
            new = fresh(markdown)
            assert at_once(app, pool, lambda: new.to_html(typed)) == [expected] * THREADS
