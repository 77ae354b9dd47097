"""The chores on the command line: what they do, what they say, and how they end."""

import secrets

import pytest
from sqlalchemy import delete, select, text

from helpdesk.accounts import passwords, people
from helpdesk.accounts.sessions import start
from helpdesk.db import transactions
from helpdesk.reports import daily_counts
from models import Delivery, DeskFact, Event, Person, SearchText, Session, Ticket, db
from tests.support import builders
from tests.support.cast import PASSWORD

GOOD = "a long enough passphrase"


@pytest.fixture
def run(app):
    """Run `flask <words>`; the result has exit_code, stdout and stderr."""
    runner = app.test_cli_runner()

    def run(*words, typed=None):
        result = runner.invoke(args=[str(word) for word in words], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        db.session.expire_all()
        return result

    return run


def admin(email):
    return db.session.scalar(select(Person).where(Person.email == email, Person.role == "admin"))


def test_create_admin_asks_for_the_password_twice(run):
    done = run("create-admin", "--email", "Rita@Example.com", "--name", "Rita Moss", typed=f"{GOOD}\n{GOOD}\n")
    assert (done.exit_code, done.stdout) == (0, "Rita@Example.com is an admin now.\n")
    rita = admin("rita@example.com")
    assert rita.confirmed_at and passwords.matches(GOOD, rita.password_hash)
    assert db.session.scalars(select(Event.kind)).all() == ["admin_made"]


def test_create_admin_asks_again_where_the_two_differ(run):
    typed = f"{GOOD}\nsomething else\n{GOOD}\n{GOOD}\n"
    done = run("create-admin", "--email", "rita@example.com", "--name", "Rita Moss", typed=typed)
    assert done.exit_code == 0 and "do not match" in done.stderr


def test_create_admin_takes_the_password_from_a_pipe(run):
    done = run("create-admin", "--email", "rita@example.com", "--name", "Rita", "--password-stdin", typed=f" {GOOD} \n")
    assert done.exit_code == 0
    assert passwords.matches(f" {GOOD} ", admin("rita@example.com").password_hash)


def test_create_admin_turns_somebody_who_is_known_into_one(run, cast):
    done = run("create-admin", "--email", "zoe@example.com", "--name", "Zoe B.", "--password-stdin", typed=GOOD)
    zoe = admin("zoe@example.com")
    assert done.exit_code == 0
    assert (zoe.id, zoe.name, zoe.is_active) == (cast.zoe.id, "Zoe B.", True)
    assert not passwords.matches(PASSWORD, zoe.password_hash)


def test_create_admin_ends_the_sessions_of_the_old_password(run, cast):
    with transactions.writing():
        start(cast.ada, keep=True, ip="127.0.0.1", user_agent="Firefox")
    run("create-admin", "--email", "ada@example.com", "--name", "Ada", "--password-stdin", typed=GOOD)
    assert db.session.query(Session).count() == 0


REFUSED = {
    ("short", "rita@example.com", "Rita"): "Error: Password: Please use 8 to 128 characters.",
    ("x" * 129, "rita@example.com", "Rita"): "Error: Password: Please use 8 to 128 characters.",
    ("Password1", "rita@example.com", "Rita"): "Error: Password: This password is among the first that are tried.",
    ("", "rita@example.com", "Rita"): "Error: Password: Please fill in this field.",
    (GOOD, "rita", "Rita"): "Error: Email address: This does not look like an e-mail address.",
    (GOOD, "rita@example.com", "  "): "Error: Full name: Please fill in this field.",
    (GOOD, "rita@example.com", "Ri\nta"): "Error: Full name: Please use a single line here.",
}


@pytest.mark.parametrize("password, email, name", REFUSED)
def test_create_admin_follows_the_rules_of_the_form(run, password, email, name):
    done = run("create-admin", "--email", email, "--name", name, "--password-stdin", typed=f"{password}\n")
    assert done.exit_code == 1
    assert done.stderr.startswith(REFUSED[password, email, name])
    assert db.session.query(Person).count() == 0


def test_first_key_prints_a_key_that_makes_the_first_admin(run):
    run("first-key")
    done = run("first-key")
    assert done.exit_code == 0 and done.stdout.startswith("Open http://desk.test/setup and type this key: ")
    key = done.stdout.split()[-1]
    made = builders.act(people.make_first_admin, key, "Rita Moss", "rita@example.com", "hash")
    assert made.is_admin


def test_first_key_is_not_given_where_there_is_an_admin(run, cast):
    done = run("first-key")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "There is an admin already." in done.stderr


def test_import_tickets_says_what_it_did_and_which_rows_were_bad(run, tmp_path):
    path = tmp_path / "tickets.csv"
    path.write_text("external_id,subject,description,category\nA-1,Screen is dark,Text,Hardware\nA-2,,Text,Hardware\n")
    done = run("import-tickets", path)
    assert done.exit_code == 1
    counts, undo = done.stdout.splitlines()
    assert counts == "1 imported, 0 here already, 1 left out."
    assert "Line 3: subject is empty.\n" in done.stderr and "Read as: commas, UTF-8." in done.stderr
    assert (db.session.query(Ticket).count(), db.session.query(Delivery).count()) == (1, 0)
    taken_back = run("undo-import", undo.rpartition(" ")[2])
    assert taken_back.stdout == "1 tickets removed, 0 left since somebody worked on them.\n"
    assert db.session.query(Ticket).count() == 0


def test_import_tickets_can_be_tried_and_told_how_another_system_names_things(run, tmp_path):
    path = tmp_path / "jira.csv"
    path.write_text("Summary,Issue key,Status,Created\nScreen,IT-1,In Bearbeitung,03/04/2026\n")
    options = ["--from", "jira", "--map", "status:In Bearbeitung=open", "--dates", "month-first"]
    done = run("import-tickets", path, *options, "--check")
    assert (done.exit_code, db.session.query(Ticket).count()) == (0, 0)
    assert "1 would be imported, 0 here already, 0 left out." in done.stdout
    assert run("import-tickets", path, *options).exit_code == 0
    assert db.session.query(Ticket).one().created_at.month == 3


def test_import_tickets_ends_well_where_all_rows_are_good(run, tmp_path):
    path = tmp_path / "tickets.csv"
    path.write_text("external_id,subject,description,category\nA-1,Screen is dark,Text,Hardware\n")
    assert run("import-tickets", path).exit_code == 0
    again = run("import-tickets", path)
    assert (again.exit_code, again.stdout) == (0, "0 imported, 1 here already, 0 left out.\n")


def test_rebuild_search_makes_every_document_anew(run, cast):
    made = builders.ticket(cast.ada, "A wombat at large")
    with transactions.writing():
        db.session.execute(delete(SearchText))
    done = run("rebuild-search")
    assert (done.exit_code, done.stdout) == (0, "Tickets that can be searched now: 1.\n")
    assert db.session.get(SearchText, made.id).subject == " azz wombat atzz large "


def test_import_tickets_says_plainly_what_is_wrong_with_the_file(run, tmp_path):
    missing, folder, picture = tmp_path / "none.csv", tmp_path, tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    for path, why in ((missing, "There is no file"), (folder, "There is no file"), (picture, "is not a CSV file")):
        done = run("import-tickets", path)
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: ") and why in done.stderr and len(done.stderr.splitlines()) == 1


def test_demo_prints_accounts_that_can_sign_in(run, browse):
    done = run("demo")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert done.stdout.splitlines()[0].split() == ["Address", "Role", "Password"]
    email, role, password = done.stdout.splitlines()[1].split()
    assert role == "admin"
    browser = browse()
    page = browser.follow(browser.post("/login", {"email": email, "password": password}))
    assert page.status_code in (200, 303)
    assert admin(email)


def test_demo_is_refused_where_there_are_people(run, cast):
    done = run("demo")
    assert done.exit_code == 1
    assert done.stderr == "Error: This desk has people already. The demo company needs an empty one.\n"
    assert (db.session.query(Person).count(), db.session.query(Ticket).count()) == (7, 0)


def test_rebuild_tallies_counts_for_a_large_desk_and_says_where_there_is_no_need(run, cast, monkeypatch):
    builders.ticket(cast.ada)
    done = run("rebuild-tallies")
    assert done.exit_code == 0 and "small enough" in done.stdout
    monkeypatch.setattr(daily_counts, "LARGE", 1)
    done = run("rebuild-tallies")
    assert done.exit_code == 0 and "counted anew" in done.stdout
    assert db.session.get(DeskFact, daily_counts.FACT) is not None


def test_a_database_of_another_version_is_named_before_anything_is_tried(run):
    ours = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    with transactions.writing():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        done = run("first-key")
    finally:
        with transactions.writing():
            db.session.execute(text("UPDATE alembic_version SET version_num = :ours"), {"ours": ours})
    assert done.exit_code == 1
    assert "Run: flask --app app db upgrade" in done.stderr


def test_a_database_that_does_not_answer_is_named(make_app):
    desk = make_app(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", SECRET_KEY=secrets.token_urlsafe(48))
    done = desk.test_cli_runner().invoke(args=["first-key"])
    assert done.exit_code == 1
    assert "Error: The database does not answer. Check DATABASE_URL." in done.stderr
