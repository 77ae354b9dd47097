"""Importing tickets in the browser: a file is brought, looked at, corrected, tried, imported, and taken back."""

from datetime import datetime
from zoneinfo import ZoneInfo

from helpdesk.accounts import sessions
from helpdesk.db import transactions
from helpdesk.import_export import xlsx
from models import Delivery, Import, Ticket, db
from tests.support.browser import text_of
from tests.support.forms_of import fields
from tests.support.imports_of import HEADING, address, bring, press, subjects, work


def test_a_file_is_looked_at_tried_and_imported_and_nobody_is_mailed(eve, cast):
    cast.cleo.wants_every_new = True
    db.session.commit()
    page = bring(eve, HEADING, "P-1;Screen dark;Since Monday;Hardware", "P-2;;Empty;Hardware")
    said = text_of(page)
    assert "Read as: semicolons, UTF-8" in said and "1 ticket would be imported" in said and subjects() == []
    assert "line 3: subject is empty." in said and "P-1 · P-2" in said
    page = press(eve, page, "start")
    assert "1 ticket was imported." in text_of(page) and "1 row was left out." in text_of(page)
    assert subjects() == ["Screen dark"] and db.session.query(Delivery).count() == 0
    assert "Screen dark" in text_of(eve.get(f"/triage?q=imported:{address().split('/')[2]}"))


def test_a_column_taken_wrongly_is_put_right_on_the_page(eve):
    page = bring(eve, "Nr;Titel;Text", "7;Printer;Jams")
    assert "Taken for: This desk" in text_of(page)
    assert "These columns are needed and not found" in text_of(page) and "Import 1 ticket" not in text_of(page)
    page = press(eve, page, "answers", **{"column-0": "external_id", "column-1": "subject", "column-2": "description"})
    press(eve, page, "start")
    ticket = db.session.query(Ticket).one()
    assert (ticket.external_id, ticket.subject, ticket.description) == ("7", "Printer", "Jams")


def test_the_system_is_found_by_its_columns_and_can_be_chosen(eve):
    page = bring(eve, "Issue key,Summary,Status", "J-1,Printer,Waiting for support")
    assert "Taken for: Jira." in text_of(page) and "1 ticket would be imported" in text_of(page)
    page = press(eve, page, "answers", system="own")
    assert "needed and not found: Number or id" in text_of(page)


def test_an_export_of_the_desk_itself_is_read_as_such(eve):
    page = press(eve, bring(eve, HEADING, "P-1;'=1+1;<p>as typed</p>;"), "answers")
    press(eve, page, "start")
    ticket = db.session.query(Ticket).one()
    assert (ticket.subject, ticket.description) == ("=1+1", "<p>as typed</p>")


def test_values_that_mean_nothing_here_are_asked_for_and_the_answer_can_be_changed(eve):
    page = bring(eve, HEADING + ";status;priority", "P-1;One;a;;In Arbeit;hoch", "P-2;Two;b;;In Arbeit;high")
    assert "Status “In Arbeit” means" in text_of(page) and "Priority “hoch” means" in text_of(page)
    assert "0 tickets would be imported" in text_of(page) and "2 rows would be left out" in text_of(page)
    page = press(eve, page, "answers", **{"value-0": "open"})
    assert "1 ticket would be imported" in text_of(page)
    page = press(eve, page, "answers", **{"value-0": "pending", "value-1": "urgent"})
    press(eve, page, "start")
    found = {ticket.external_id: (ticket.status, ticket.priority) for ticket in db.session.query(Ticket)}
    assert found == {"P-1": ("pending", 4), "P-2": ("pending", 3)}


def test_where_the_day_and_the_month_could_be_either_the_page_asks_with_an_example(eve):
    page = bring(eve, HEADING + ";created_at", "P-1;One;a;;03/04/2026 10:00")
    said = text_of(page)
    assert "Day first: 03/04/2026 10:00 is 3 April 2026" in said and "Month first: 03/04/2026 10:00 is 4 March" in said
    assert "--dates" not in said
    page = press(eve, page, "answers", order="month-first")
    press(eve, page, "start")
    assert f"{db.session.query(Ticket).one().created_at:%d.%m.%Y}" == "04.03.2026"


def test_another_encoding_is_asked_for(eve):
    page = bring(eve, f"{HEADING}\nP-1;Gerät;ä;".encode("windows-1252"))
    assert "This file is not in UTF-8" in text_of(page) and "--encoding" not in text_of(page)
    page = press(eve, page, "answers", encoding="windows-1252")
    press(eve, page, "start")
    assert subjects() == ["Gerät"]


def test_replies_of_a_second_file_come_along_and_bad_ones_are_named(eve):
    replies = "external_id,author_email,at,text,internal\nP-1,ada@example.com,2026-01-02,Done,no\nP-1,,never,No,no\n"
    page = bring(eve, HEADING, "P-1;One;a;", replies=replies)
    assert "1 reply is in the second file." in text_of(page) and "line 3: at is not a time" in text_of(page)
    press(eve, page, "start")
    number = db.session.query(Ticket.id).scalar()
    assert "Done" in text_of(eve.get(f"/tickets/{number}"))


def test_the_rows_left_out_are_a_file_that_is_corrected_and_imported_again(eve):
    page = bring(eve, HEADING, 'P-1;=SUM(1);"one";Hardware', "P-2;;=no subject;Hardware", "P-3;Three;too;many;cells")
    page = press(eve, page, "start")
    file = eve.get(f"{address()}/left-out")
    assert file.mimetype == "text/csv" and "attachment" in file.headers["Content-Disposition"]
    lines = file.get_data().decode("utf-8-sig").splitlines()
    assert lines[0] == '"left out because","external_id","subject","description","category"'
    assert lines[1] == '"line 3: subject is empty.","P-2","","\'=no subject","Hardware"'
    assert lines[2].endswith('"P-3","Three","too","many","cells"')
    corrected = "\n".join([lines[0], lines[1].replace('"P-2",""', '"P-2","\'=Two"')])
    press(eve, bring(eve, corrected.encode()), "start")
    assert subjects() == ["=SUM(1)", "=Two"]


def test_the_same_file_twice_adds_nothing_and_says_so(eve):
    rows = [HEADING, "P-1;One;a;", "P-2;Two;b;"]
    press(eve, bring(eve, *rows), "start")
    page = bring(eve, *rows)
    assert "2 rows are here already and are not imported again." in text_of(page)
    assert "0 tickets were imported." in text_of(press(eve, page, "start")) and subjects() == ["One", "Two"]


def test_brought_twice_before_it_is_imported_it_is_one_import(eve):
    bring(eve, HEADING, "P-1;One;a;")
    page = eve.follow(bring(eve, HEADING, "P-1;One;a;", follow=False))
    assert "is here already and waits to be imported" in text_of(page) and db.session.query(Import).count() == 1


def test_a_second_click_and_the_back_button_import_nothing_twice(eve):
    page = bring(eve, HEADING, "P-1;One;a;")
    form = fields(page, f"{address()}/start")
    for _click in range(3):
        eve.follow(eve.post(f"{address()}/start", form))
        work()
    assert subjects() == ["One"]
    refused = eve.post(f"{address()}/answers", fields(page, f"{address()}/answers"))
    assert refused.status_code == 409 and "Somebody else has changed this import meanwhile" in text_of(refused)


def test_two_admins_at_once_never_import_what_the_other_has_not_seen(eve, cast, browse):
    page = bring(eve, HEADING, "P-1;One;a;")
    old = fields(page, f"{address()}/start")
    press(eve, page, "answers", **{"column-3": "tags"})
    refused = eve.post(f"{address()}/start", old)
    assert refused.status_code == 409 and subjects() == []


def test_an_import_is_taken_back_after_a_page_that_says_what_that_does(eve):
    page = press(eve, bring(eve, HEADING, "P-1;One;a;", "P-2;Two;b;"), "start")
    number = db.session.query(Ticket.id).order_by(Ticket.id).limit(1).scalar()
    eve.post(f"/tickets/{number}/note", {"body": "Somebody worked on it"})
    page = eve.get(f"{address()}/take-back")
    assert "removed for good" in text_of(page) and subjects() == ["One", "Two"]
    page = press(eve, page, "take-back")
    assert "Taken back" in text_of(page) and "1 ticket was removed again. 1 stays" in text_of(page)
    assert subjects() == ["One"]
    assert "Taken back" in text_of(eve.get("/imports"))


def test_a_file_that_was_not_imported_can_be_discarded(eve, stored):
    page = bring(eve, HEADING, "P-1;One;a;")
    page = eve.follow(eve.post(f"{address()}/discard", fields(page, f"{address()}/discard")))
    assert "is discarded" in text_of(page)
    work()
    assert db.session.query(Import).count() == 0 and not stored()


def test_cancelled_before_the_worker_comes_nothing_is_imported(eve):
    page = bring(eve, HEADING, "P-1;One;a;")
    page = eve.follow(eve.post(f"{address()}/start", fields(page, f"{address()}/start")))
    eve.follow(eve.post(f"{address()}/cancel", fields(page, f"{address()}/cancel")))
    work()
    assert subjects() == [] and "Cancelled" in text_of(eve.get(address()))


def test_the_file_is_for_the_desk_alone_and_gone_once_it_is_imported(eve, stored):
    page = bring(eve, HEADING, "P-1;One;a;")
    assert stored() == [0o600]
    press(eve, page, "start")
    assert stored() == []


def test_what_was_answered_counts_for_the_corrected_file_too(eve):
    page = bring(eve, "Nr;Titel;Stand", "1;One;In Arbeit", "2;;In Arbeit")
    page = press(eve, page, "answers", **{"column-0": "external_id", "column-1": "subject", "column-2": "status"})
    page = press(eve, page, "answers", **{"value-0": "pending"})
    page = press(eve, page, "start")
    form = eve.get(f"/imports?like={address().split('/')[2]}")
    assert "counts for this file too" in text_of(form)
    corrected = eve.get(f"{address()}/left-out").get_data().replace(b'"2",""', b'"2","\'=Two"')
    page = bring(eve, corrected, like=fields(form, "/imports")["like"])
    assert "1 ticket would be imported." in text_of(page)
    press(eve, page, "start")
    assert {ticket.status for ticket in db.session.query(Ticket)} == {"pending"} and subjects() == ["=Two", "One"]


def test_times_of_a_workbook_that_are_left_out_stay_the_same_moments(eve):
    berlin, heading = ZoneInfo("Europe/Berlin"), HEADING.split(";") + ["created_at"]
    row = ["P-1", "", "No subject", "", datetime(2026, 3, 31, 14, 5, tzinfo=berlin)]
    page = bring(eve, b"".join(xlsx.pieces(heading, iter([row, ["P-2", "Two", "Text", "", ""]]), zone=berlin)))
    assert "Read as: a workbook" in text_of(page)
    press(eve, page, "start")
    assert b"2026-03-31 12:05:00+00:00" in eve.get(f"{address()}/left-out").get_data()


def test_the_tickets_of_an_import_are_found_by_agents_alone(eve, cast, browse):
    rows = [HEADING + ";requester_email", "P-1;Dark screen;a;;ada@example.com"]
    press(eve, bring(eve, *rows), "start")
    number = address().split("/")[2]
    assert "Dark screen" in text_of(browse(cast.cleo).get(f"/triage?q=imported:{number}"))
    assert "Dark screen" not in text_of(browse(cast.cleo).get(f"/triage?q=-imported:{number}"))
    assert "takes the number of an import" in text_of(browse(cast.cleo).get("/triage?q=imported:old"))
    assert "Dark screen" not in text_of(browse(cast.ada).get(f"/search?q=imported:{number}"))


def test_a_file_sent_after_the_session_ended_leads_through_the_sign_in_to_the_form(eve, cast, stored):
    token = eve.token()
    with transactions.writing():
        sessions.end_all(cast.eve)
    page = bring(eve, HEADING, "P-1;One;a;", follow=False, csrf_token=token)
    assert page.status_code == 401 and 'name="next" value="/imports"' in page.text and not stored()
