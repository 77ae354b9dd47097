"""A mailbox, a desk that sends to it, the worker's turn, a desk without tables, and places for files."""

import os
import urllib.request

import pytest
from moto.server import ThreadedMotoServer

from app import create_app
from integrations.storage import disk
from jobs import worker
from models import db
from tests.conftest import SETTINGS
from tests.support.databases import empty_database
from tests.support.servers.mailbox import Mailbox


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


@pytest.fixture
def empty_desk():
    """A desk on a database without tables."""
    with empty_database() as address:
        desk = create_app(SETTINGS | {"DATABASE_URL": address})
        with desk.app_context():
            yield desk
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="module")
def s3_server():
    """The address of an S3 server with nothing in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server):
    """The settings of an empty bucket."""
    name = f"desk-{os.urandom(4).hex()}"
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/{name}", method="PUT")).close()
    return {"S3_BUCKET": name, "S3_ENDPOINT": s3_server, "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b"}


@pytest.fixture
def alone(app, tmp_path, monkeypatch):
    """The desk with a folder for files of this test's own."""
    monkeypatch.setitem(app.config, "FILES_DIR", str(tmp_path))
    monkeypatch.setitem(app.extensions, "storage", {"disk": disk.Disk(tmp_path)})
    return tmp_path
