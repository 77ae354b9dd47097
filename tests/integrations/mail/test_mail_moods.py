"""A mail server in every mood at every step: one mail is never to blame for another, and none is lost or sent anew."""

import threading
from datetime import timedelta

import pytest

from helpdesk.notifications import deliveries
from integrations.mail import smtp
from jobs import sent_mails, worker
from models import Delivery, db
from tests.integrations.operations.test_worker import _rename
from tests.support.builders import ticket
from tests.support.servers.moody_server import MoodyServer

FOR_NOW = ["421 4.3.2 going down", "450 4.2.1 busy", "451 4.3.0 later", "452 4.3.1 no room"]
FOR_GOOD = ["550 5.1.1 no such user", "552 5.2.2 mailbox full", "554 5.7.1 not from you"]
BROKEN = ["drop", "endless", "garbage"]
WITHOUT_END = ["hang", "slow", "trickle"]
MAILS = [job for job in worker.JOBS if job.name == "mails"]


@pytest.fixture(scope="module")
def _patient_desk(make_app):
    return make_app(MAIL_SERVER="127.0.0.1", MAIL_FROM="it@desk.test")


@pytest.fixture
def send(cast, _patient_desk, monkeypatch):
    """Send what is due to the server; `quick` with a desk that waits for it no longer than a moment."""

    def turn(server, quick=False, **settings):
        monkeypatch.setattr(smtp, "LONGEST", 0.3 if quick else 30)
        patience = {"MAIL_TIMEOUT": 0.15 if quick else 15, "MAIL_PORT": server.port}
        for name, value in (patience | settings).items():
            monkeypatch.setitem(_patient_desk.config, name, value)
        db.session.rollback()
        worker.run_once(_patient_desk, MAILS)
        db.session.rollback()
        db.session.expire_all()

    return turn


def mails(count, cast):
    for _ in range(count):
        ticket(cast.ada)


def everything():
    return db.session.query(Delivery).order_by(Delivery.id).all()


@pytest.mark.once
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_what_goes_wrong_with_one_mail_is_that_mails_own_and_the_others_arrive(cast, send, step):
    moods = [*FOR_NOW, None, *FOR_GOOD, None, *BROKEN, None]
    mails(len(moods), cast)
    with MoodyServer(lambda at, count: moods[count - 1] if at == step else None) as server:
        send(server)
    assert len(server.taken) == moods.count(None)
    for mail, mood in zip(everything(), moods, strict=True):
        state = "sent" if mood is None else "failed" if mood in FOR_GOOD else "waiting"
        assert (mail.state, mail.attempts) == (state, 1), (mood, mail.last_error)
        if mood in FOR_NOW + FOR_GOOD:
            assert mood in mail.last_error


@pytest.mark.once
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_an_answer_without_end_is_left_and_is_the_mails_own_fault(cast, send, step):
    mails(len(WITHOUT_END) + 1, cast)
    moods = [*WITHOUT_END, "drop"]
    with MoodyServer(lambda at, count: moods[count - 1] if at == step else None) as server:
        while not all(mail.attempts for mail in everything()):  # A slow machine may not even get to the first mail.
            send(server, quick=True)
    assert {(mail.state, mail.attempts) for mail in everything()} == {("waiting", 1)} and server.taken == []


@pytest.mark.once
@pytest.mark.parametrize("step", ["greeting", "ehlo"])
def test_a_server_that_fails_before_any_mail_costs_no_mail_a_try(cast, send, step):
    """Also 5xx: a server that lets nobody in says nothing about a mail."""
    mails(3, cast)
    for mood in FOR_NOW + FOR_GOOD + BROKEN + WITHOUT_END:
        # Where a server does not answer EHLO, HELO is tried; this one answers both alike.
        with MoodyServer(lambda at, count: mood if at == step else None) as server:
            send(server, quick=True)
        assert server.connections == 1, "it is asked once in a round, not once for each mail"
        assert {(mail.state, mail.attempts) for mail in everything()} == {("waiting", 0)}, mood
        assert all("The mail server could not be reached" in mail.last_error for mail in everything())
    with MoodyServer() as server:
        send(server)
    assert {(mail.state, mail.attempts, mail.last_error) for mail in everything()} == {("sent", 1, None)}
    assert len(server.taken) == 3


@pytest.mark.once
def test_encryption_that_breaks_costs_no_mail_a_try(cast, send):
    mails(2, cast)
    # None: the server agrees to encrypt, and then goes on in plain text.
    for mood in ("454 4.7.0 no TLS now", "drop", "hang", "endless", "garbage", None):
        with MoodyServer(lambda at, count: mood if at == "starttls" else None, extensions=("STARTTLS",)) as server:
            send(server, quick=True, MAIL_USE_TLS=True)
            send(server, quick=True, MAIL_USE_TLS=False, MAIL_USE_SSL=True)
        assert {(mail.state, mail.attempts) for mail in everything()} == {("waiting", 0)}, mood
        assert server.taken == []


@pytest.mark.once
def test_a_poisonous_mail_takes_no_other_mail_with_it(cast, send):
    """It crashes the server each time, and the server is away for a while. The others are due with it each time."""
    mails(3, cast)
    alive = threading.Event()
    alive.set()

    def mood(step, count):
        if step == "greeting" and not alive.is_set():
            return "drop"
        if step == "dot" and not server.taken:
            alive.clear()
            return "drop"
        return None

    with MoodyServer(mood) as server:
        for _ in range(3):
            db.session.query(Delivery).update({"due_at": Delivery.created_at})
            db.session.commit()
            send(server)
            alive.set()
    poison, *others = everything()
    assert (poison.state, poison.attempts) == ("waiting", 3)
    assert {(mail.state, mail.attempts) for mail in others} == {("waiting", 0)}


@pytest.mark.once
def test_a_connection_that_the_server_closed_between_two_mails_is_opened_again(cast, send):
    mails(2, cast)
    with MoodyServer() as server:
        closing = server._take

        def take_and_close(connection, lines):
            closing(connection, lines)
            connection.shutdown(2)

        server._take = take_and_close
        send(server)
    assert [(mail.state, mail.attempts) for mail in everything()] == [("sent", 1)] * 2
    assert server.connections == 2


@pytest.mark.parametrize("answer", ["530 5.7.0 Authentication required", "538 5.7.11 Encryption required"])
def test_a_server_that_wants_us_to_sign_in_first_gives_up_no_mail(cast, send, answer):
    mails(2, cast)
    with MoodyServer(lambda step, count: answer if step == "mail" else None) as server:
        send(server)
    assert {(mail.state, mail.attempts) for mail in everything()} == {("waiting", 0)}
    assert all(answer in mail.last_error for mail in everything())


def test_a_mail_that_got_lost_after_the_server_had_it_comes_again_with_the_same_message_id(cast, send):
    mails(1, cast)
    with MoodyServer(lambda step, count: "lost" if (step, count) == ("dot", 1) else None) as server:
        send(server)
        db.session.query(Delivery).update({"due_at": Delivery.created_at})
        db.session.commit()
        send(server)
    assert len(server.taken) == 2 and len(set(server.taken)) == 1
    assert everything()[0].state == "sent"


def test_a_mail_whose_lease_may_end_before_the_server_has_answered_is_not_sent(cast, send, monkeypatch):
    mails(1, cast)
    monkeypatch.setattr(deliveries, "LEASE", timedelta(seconds=0.1))
    with MoodyServer() as server:
        send(server)
        assert (everything()[0].state, everything()[0].attempts, server.mails) == ("waiting", 0, 0)
        monkeypatch.undo()
        send(server)
    assert everything()[0].state == "sent"


# ---- the database that cannot be written just after


class _Failing:
    """The table of mails is away from the moment that the server has a mail."""

    def __init__(self, app):
        self.app, self.failed = app, threading.Event()

    def __call__(self, step, count):
        if step == "dot" and not self.failed.is_set():
            with self.app.app_context():
                _rename("deliveries", "deliveries_away")
            self.failed.set()
        return None


@pytest.mark.parametrize("ends", ["works on", "starts again", "without a disk"])
def test_a_mail_that_the_server_took_is_not_sent_again_when_the_database_fails_just_after(
    app, cast, send, monkeypatch, _patient_desk, tmp_path, ends
):
    folder = "/dev/null/nowhere" if ends == "without a disk" else str(tmp_path)
    monkeypatch.setitem(_patient_desk.config, "FILES_DIR", folder)
    monkeypatch.setitem(_patient_desk.extensions, "sent_mails", {})
    mails(2, cast)
    db.session.rollback()
    with MoodyServer(_Failing(app)) as server:
        try:
            send(server)
            if ends == "starts again":
                _patient_desk.extensions["sent_mails"].clear()
            send(server)
            assert len(server.taken) == 1, "nothing more is sent as long as it cannot be written down"
        finally:
            _rename("deliveries_away", "deliveries")
        send(server)
        send(server)
    assert [(mail.state, mail.attempts) for mail in everything()] == [("sent", 1)] * 2
    assert len(server.taken) == len(set(server.taken)) == 2
    assert list(tmp_path.glob(f"{sent_mails.FOLDER}/*")) == []
