"""Addresses with letters such as ü: sent as the mail server can take them, and a wait with a reason where it cannot."""

import pytest

from helpdesk.db import transactions
from helpdesk.notifications import mail_server
from models import Delivery, DeskFact, Import, Ticket, db
from tests.integrations.mail.test_smtp import soon, the_delivery
from tests.support.builders import ticket
from tests.support.servers.live import free_port
from tests.support.servers.mailbox import Mailbox, shown, text_of

JUERGEN = "jürgen@bücher.example"
ON_THE_WIRE = "jürgen@xn--bcher-kva.example"


@pytest.fixture(scope="module")
def _plain():
    box = Mailbox(smtputf8=False).start()
    yield box
    box.stop()


@pytest.fixture
def plain(_plain):
    """A mail server that takes no letters such as ü before the @."""
    _plain.empty()
    return _plain


@pytest.fixture
def plain_desk(make_app, plain):
    return make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(plain.port), MAIL_FROM="it@desk.test")


@pytest.fixture
def juergen(cast):
    cast.ada.name, cast.ada.email = "Jürgen Öz", JUERGEN
    db.session.commit()
    return cast.ada


def host_of(box):
    return f"127.0.0.1:{box.port}"


def test_letters_before_the_at_are_sent_where_the_server_takes_them(juergen, mailbox, work):
    ticket(juergen, subject="Drucker für Zürich")
    work()
    (mail,) = mailbox.messages
    assert mail.envelope_to == [ON_THE_WIRE]
    assert shown(mail, "To") == f"Jürgen Öz <{ON_THE_WIRE}>" or mail["To"] == f"Jürgen Öz <{ON_THE_WIRE}>"
    assert shown(mail, "Subject").endswith("Drucker für Zürich") and "Jürgen" in text_of(mail)
    assert the_delivery().state == "sent"


def test_a_mail_to_plain_letters_asks_nothing_more_of_the_server_after_one_that_did(juergen, cast, mailbox, work):
    ticket(juergen)
    ticket(cast.ben)
    work()
    assert [mail.envelope_to for mail in mailbox.messages] == [[ON_THE_WIRE], ["ben@example.com"]]


@pytest.mark.parametrize(
    "stored, wire", [("ada@bücher.example", "ada@xn--bcher-kva.example"), ("ada@straße.de", "ada@xn--strae-oqa.de")]
)
def test_a_domain_goes_in_its_ascii_form_to_every_server(cast, plain, plain_desk, work, stored, wire):
    cast.ada.email = stored
    db.session.commit()
    ticket(cast.ada)
    work(plain_desk)
    (mail,) = plain.messages
    assert mail.envelope_to == [wire] and wire in mail["To"]


def test_where_the_server_takes_such_letters_no_more_the_mail_waits_and_the_log_says_why(
    juergen, cast, browse, mailbox, plain_desk, work
):
    ticket(juergen)
    ticket(cast.ben)
    work(plain_desk)
    waiting = db.session.query(Delivery).filter_by(email=JUERGEN).one()
    assert (waiting.state, waiting.attempts) == ("waiting", 1)
    assert "does not offer SMTPUTF8" in browse(cast.eve).get("/mail").text
    assert db.session.query(Delivery).filter_by(email="ben@example.com").one().state == "sent"
    soon()
    work()
    assert waiting.state == "sent" and len(mailbox.messages) == 1


# ---- what is known of the server


def test_the_worker_learns_what_the_server_takes_without_a_mail_to_send(app, mailbox, plain, plain_desk, work):
    assert mail_server.takes_smtputf8(host_of(mailbox)) is None
    work()
    assert mail_server.takes_smtputf8(host_of(mailbox)) is True
    work(plain_desk)
    assert mail_server.takes_smtputf8(host_of(plain)) is False
    assert mail_server.takes_smtputf8(host_of(mailbox)) is None, "what is known is known of one server"


def test_a_server_that_cannot_be_asked_stays_unknown_and_what_was_known_of_it_stays(cast, make_app, work):
    away = make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(free_port()))
    work(away)
    assert mail_server.takes_smtputf8(away.config["MAIL_HOST"]) is None
    mail_server.learn(away.config["MAIL_HOST"], smtputf8=True)
    ticket(cast.ada)
    work(away)
    assert mail_server.takes_smtputf8(away.config["MAIL_HOST"]) is True


def test_a_server_without_mails_is_asked_again_after_ten_minutes(app, mailbox):
    at = transactions.now()
    mail_server.learn(host_of(mailbox), smtputf8=True, at=at)
    assert not mail_server.is_to_be_asked(host_of(mailbox), at + mail_server.EVERY)
    assert mail_server.is_to_be_asked(host_of(mailbox), at + 2 * mail_server.EVERY)
    assert mail_server.is_to_be_asked(host_of(mailbox), at - 2 * mail_server.EVERY), "the clock was set back"


def test_what_is_known_is_written_once_and_not_each_second(app, mailbox, work):
    work()
    before = db.session.get(DeskFact, mail_server.FACT).value
    work()
    assert db.session.get(DeskFact, mail_server.FACT).value == before


# ---- commands


def run(desk, *words):
    """A command, as somebody types it; the database is read anew afterwards."""
    db.session.rollback()
    with desk.app_context():
        done = desk.test_cli_runner().invoke(args=words, input="correct horse 9 battery")
    db.session.rollback()
    db.session.expire_all()
    return done


def test_an_import_leaves_out_who_cannot_be_reached_and_says_why(cast, plain_desk, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text(
        "external_id,subject,description,category,requester_email\n"
        f"A-1,Screen,Dark,,{JUERGEN}\nA-2,Mouse,Lost,,ada@bücher.example\n"
    )
    done = run(plain_desk, "import-tickets", str(file))
    assert done.exit_code == 1 and "1 imported" in done.output
    assert "Line 2: requester_email: The mail server cannot send to letters such as ü before the @" in done.output
    assert [ticket.external_id for ticket in db.session.query(Ticket)] == ["A-2"]
    assert db.session.query(Import).one().left_out == 1
    assert "1 left out" in run(plain_desk, "import-tickets", str(file), "--check").output


def test_an_import_takes_tickets_of_somebody_who_is_here_already(juergen, plain_desk, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text(f"external_id,subject,description,category,requester_email\nA-1,Screen,Dark,,{JUERGEN}\n")
    assert run(plain_desk, "import-tickets", str(file)).exit_code == 0


def test_an_admin_is_made_only_where_mails_can_reach_them(app, plain_desk, _sending_desk):
    words = "create-admin", "--email", JUERGEN, "--name", "Jürgen", "--password-stdin"
    refused = run(plain_desk, *words)
    assert refused.exit_code == 1 and "The mail server cannot send to letters such as ü" in refused.output
    assert run(_sending_desk, *words).exit_code == 0
