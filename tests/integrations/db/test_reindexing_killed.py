"""A worker that is killed in the middle of indexing all tickets anew: another one goes on where it was."""

import os
import signal
import subprocess
import sys
import time

from sqlalchemy import select, update

import config
from helpdesk.db import transactions
from helpdesk.search_index import reindexing
from models import SearchText, db
from tests.conftest import SETTINGS
from tests.rules.search.test_search import found
from tests.support import builders

# A worker of this one job, which says how far it is.
WORKER = """
import os
from app import create_app
from helpdesk.search_index import reindexing
from jobs import search_index

reindexing.BATCH = 3
with create_app(os.environ).app_context():
    while search_index.index_anew():
        print(reindexing.progress().below, flush=True)
"""


def test_after_kill_9_the_work_goes_on_and_every_ticket_is_found(app, cast, database_url):
    made = [builders.ticket(cast.ada, "Wi-Fi", "no more").id for _ in range(30)]
    with transactions.writing():
        db.session.execute(update(SearchText).values(subject=" wizz fizz ", public_text=" wizz fizz "))
    environment = os.environ | SETTINGS | {"DATABASE_URL": database_url, "PYTHONPATH": str(config.HERE)}
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment, cwd=config.HERE, stdout=subprocess.PIPE)
    for _ in range(4):
        said = worker.stdout.readline()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    db.session.rollback()
    below = reindexing.progress().below
    assert made[0] < below <= int(said)
    assert all(number >= below for number in anew()) and set(found(cast.cleo, "wi-fi")) <= set(made)
    with transactions.writing():
        db.session.execute(update(SearchText).where(SearchText.ticket_id >= below).values(internal_text=" marker "))
    while reindexing.step() is not None:
        time.sleep(0)
    assert anew() == set(made)
    marked = select(SearchText.ticket_id).where(SearchText.internal_text == " marker ")
    assert set(db.session.scalars(marked)) == {number for number in made if number >= below}


def anew():
    """The tickets whose documents are those of this version."""
    return set(db.session.scalars(select(SearchText.ticket_id).where(SearchText.public_text.like("% wifi %"))))
