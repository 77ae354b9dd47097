"""A mailbox, a desk that sends to it, and the worker's turn."""

import pytest

from jobs import worker
from models import db
from tests.mailbox import Mailbox


@pytest.fixture(scope="session")
def _mailbox():
    box = Mailbox().start()
    yield box
    box.stop()


@pytest.fixture
def mailbox(_mailbox):
    """Empty at the start of each test."""
    _mailbox.empty()
    return _mailbox


@pytest.fixture(scope="session")
def _sending_desk(make_app, _mailbox):
    return make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(_mailbox.port), MAIL_FROM="it@desk.test")


@pytest.fixture
def work(app, mailbox, _sending_desk):
    """The worker's turn: everything that is due happens, on the desk that sends to the mailbox or on another one."""

    def turn(desk=None):
        db.session.rollback()
        worker.run_once(desk or _sending_desk)
        db.session.rollback()
        db.session.expire_all()

    return turn
