"""What the mail server may do to us: be away, say nothing, refuse an address, break off, show a false certificate."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from helpdesk.notifications import deliveries
from integrations.mail import smtp
from models import Delivery, db
from tests.support.builders import ticket
from tests.support.servers.live import free_port


def the_delivery():
    return db.session.query(Delivery).one()


def soon():
    """The wait after a failed try is over."""
    db.session.query(Delivery).update({"due_at": datetime.datetime.now(datetime.timezone.utc)})
    db.session.commit()


def test_while_the_server_is_away_mails_wait_and_go_out_once_when_it_is_back(browse, cast, mailbox, make_app, work):
    away = make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(free_port()))
    page = browse(cast.ada, away).post(
        "/tickets/new",
        {"subject": "No mail today", "description": "Off", "type": "incident", "category": "", "priority": "normal"},
    )
    assert page.status_code == 303 and the_delivery().last_error is None, "no page waits for the mail server"
    work(away)
    waits = the_delivery()
    assert (waits.state, waits.attempts) == ("waiting", 0), "no try of this mail was made"
    assert "The mail server could not be reached" in waits.last_error and "refused" in waits.last_error
    for _ in range(3):
        soon()
        work()
    assert len(mailbox.sent_to("ada@example.com")) == 1
    assert (the_delivery().state, the_delivery().last_error) == ("sent", None)


def test_a_server_that_says_nothing_is_left_before_the_lease_ends(cast, make_app, work):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk = make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(silent.getsockname()[1]), MAIL_TIMEOUT="1")
        for _ in range(5):
            ticket(cast.ada)
        work(desk)
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # It is asked once in a round, not once for each mail.
            silent.accept()
    assert {d.state for d in db.session.query(Delivery)} == {"waiting"}
    assert all("timed out" in d.last_error for d in db.session.query(Delivery))
    assert smtp.LONGEST < deliveries.LEASE.total_seconds()


def test_a_server_that_answers_each_step_slowly_is_left_too(cast, make_app, work, monkeypatch):
    monkeypatch.setattr(smtp, "LONGEST", 1)
    with socket.create_server(("127.0.0.1", 0)) as slow:
        threading.Thread(target=_answer_slowly, args=(slow,), daemon=True).start()
        desk = make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(slow.getsockname()[1]), MAIL_TIMEOUT="5")
        ticket(cast.ada)
        work(desk)
    assert the_delivery().state == "waiting", "it would have answered all in time, but not all together"


def _answer_slowly(server):
    line, _address = server.accept()
    with line:
        for answer in (b"220 hi", b"250 yes", b"250 sender", b"250 you", b"354 go", b"250 kept"):
            time.sleep(0.4)
            try:
                line.sendall(answer + b"\r\n")
                line.recv(4096)
            except OSError:
                return


def test_an_address_refused_for_good_is_given_up_at_once_and_visibly(browse, cast, mailbox, work):
    mailbox.refused["ada@example.com"] = "550 5.1.1 no such user"
    ticket(cast.ada)
    ticket(cast.ben)
    work()
    refused = db.session.query(Delivery).filter_by(email="ada@example.com").one()
    assert (refused.state, refused.attempts) == ("failed", 1)
    page = browse(cast.eve).get("/mail?state=failed").text
    assert "The mail server refused the address: 550 5.1.1 no such user" in page
    assert len(mailbox.sent_to("ben@example.com")) == 1, "the mails after it still go out over the same line"


def test_a_mail_refused_for_now_is_tried_again(cast, mailbox, work):
    mailbox.answer = "451 try again later"
    ticket(cast.ada)
    work()
    assert the_delivery().state == "waiting" and "451 try again later" in the_delivery().last_error
    mailbox.answer = None
    soon()
    work()
    assert the_delivery().state == "sent" and len(mailbox.messages) == 1


def test_an_address_refused_for_now_is_tried_again(cast, mailbox, work):
    mailbox.refused["ada@example.com"] = "450 4.2.1 mailbox busy"
    ticket(cast.ada)
    work()
    assert the_delivery().state == "waiting"


def test_after_the_last_try_the_mail_is_given_up(cast, mailbox, work):
    mailbox.answer = "451 never"
    ticket(cast.ada)
    for _ in range(len(deliveries.WAITS) + 1):
        soon()
        work()
    assert (the_delivery().state, the_delivery().attempts) == ("failed", len(deliveries.WAITS) + 1)


def test_a_line_that_breaks_after_some_mails_is_opened_again(cast, mailbox, work, monkeypatch):
    monkeypatch.setattr(mailbox, "handle_DATA", _Breaking(mailbox.handle_DATA), raising=False)
    for _ in range(3):
        ticket(cast.ada)
    work()
    assert sorted(d.state for d in db.session.query(Delivery)) == ["sent", "sent", "waiting"]


class _Breaking:
    """The second mail meets a server that hangs up."""

    def __init__(self, answer):
        self.answer, self.calls = answer, 0

    async def __call__(self, server, session, envelope):
        self.calls += 1
        if self.calls == 2:
            server.transport.close()
        return await self.answer(server, session, envelope) if self.calls != 2 else "451 gone"


def test_an_address_that_cannot_be_written_is_given_up(cast, mailbox, work):
    cast.ada.email = "ada\n@example.com"
    db.session.commit()
    ticket(cast.ada)
    work()
    assert the_delivery().state == "failed" and "rules for mail" in the_delivery().last_error


def test_a_line_break_in_a_header_is_given_up_and_not_sent(app, mailbox, _sending_desk):
    with _sending_desk.app_context(), smtp.MailServer() as server:
        server.connect()
        words = {"text": "Hello", "html": "<p>Hello</p>", "message_id": "<1@desk.test>", "headers": {}}
        with pytest.raises(smtp.GiveUp):
            server.send(smtp.message(subject="Hi\r\nBcc: all@example.com", to=("A", "a@example.com"), **words))
        with pytest.raises(smtp.GiveUp):
            server.send(smtp.message(subject="Hi", to=("A\r\nBcc: all@example.com", "a@example.com"), **words))
    assert mailbox.messages == []


# ---- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    hidden = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, hidden[1], hidden[0])
    )
    return path


@pytest.fixture(params=["MAIL_USE_TLS", "MAIL_USE_SSL"])
def encrypting(request, certificate, mailbox):
    """A server that encrypts and asks who we are; the settings that lead to it."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    way = {"tls_context": tls, "require_starttls": True} if request.param == "MAIL_USE_TLS" else {"ssl_context": tls}
    checks = {"authenticator": _Knows(), "auth_required": True, "auth_require_tls": request.param == "MAIL_USE_TLS"}
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **way, **checks)
    server.start()
    yield {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(server.port), request.param: "yes"}
    server.stop()


class _Knows:
    """One account with one password."""

    def __call__(self, server, session, envelope, mechanism, login):
        return AuthResult(success=(login.login, login.password) == (b"desk", b"secret words"), handled=False)


pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def test_a_certificate_nobody_vouches_for_is_refused(cast, encrypting, mailbox, make_app, work):
    ticket(cast.ada)
    work(make_app(**encrypting, MAIL_USERNAME="desk", MAIL_PASSWORD="secret words"))
    assert the_delivery().state == "waiting" and "CERTIFICATE_VERIFY_FAILED" in the_delivery().last_error
    assert mailbox.messages == []


def test_over_a_certificate_that_is_vouched_for_the_mail_goes_out(
    cast, encrypting, certificate, mailbox, make_app, work, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ticket(cast.ada)
    work(make_app(**encrypting, MAIL_USERNAME="desk", MAIL_PASSWORD="secret words"))
    assert the_delivery().state == "sent", the_delivery().last_error
    assert len(mailbox.messages) == 1


def test_a_wrong_password_of_the_desk_keeps_the_mail_waiting_and_is_not_told(
    cast, encrypting, certificate, make_app, work, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ticket(cast.ada)
    work(make_app(**encrypting, MAIL_USERNAME="desk", MAIL_PASSWORD="wrong words"))
    assert the_delivery().state == "waiting"
    assert "535" in the_delivery().last_error and "wrong words" not in the_delivery().last_error
