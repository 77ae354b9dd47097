"""One export of each system, with the whole heading that docs/decisions/0036-import-systems.md has a source for."""

from datetime import datetime, timezone

import pytest

from helpdesk.import_export import importer
from helpdesk.import_export.import_file import examine
from helpdesk.import_export.reading.columns import parse_maps
from helpdesk.import_export.reading.systems import SYSTEMS
from models import Person, Ticket, db

HEADINGS = {
    "jira": (
        "Summary,Issue key,Issue id,Issue Type,Status,Project key,Project name,Project type,Project lead,Priority,"
        "Resolution,Assignee,Assignee Id,Reporter (Email),Reporter,Reporter Id,Creator,Created,Updated,Last Viewed,"
        "Resolved,Due date,Votes,Labels,Labels,Description,Environment,Component/s,Status Category"
    ),
    "zendesk": (
        "Summation column,Id,Requester,Requester id,Requester external id,Requester email,Requester domain,Submitter,"
        "Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,Created at,Updated at,Assigned at,Organization,"
        "Due date,Initially assigned at,Solved at,Resolution time,Satisfaction Score,Reopens,Replies"
    ),
    "servicenow": (
        "number,opened_at,short_description,description,caller_id,caller_id.email,priority,state,category,"
        "assignment_group,assigned_to,sys_updated_on,sys_updated_by,resolved_at,closed_at"
    ),
    "servicenow in Excel": (
        "Number,Opened,Short description,Description,Caller,Email,Priority,State,Category,Assignment group,"
        "Assigned to,Updated,Updated by,Resolved,Closed"
    ),
    "freshdesk": (
        "Ticket ID,Subject,Status,Priority,Source,Source Info,Type,Agent,Group,Created time,Due by Time,Resolved time,"
        "Closed time,Last update time,Initial response time,Time tracked,First response time (in hrs),"
        "Resolution time (in hrs),Agent interactions,Customer interactions,Resolution status,First response status,"
        "Every response status,Tags,Survey results,Skill,Product,Summary,Reference Number,Full name,Email,Work phone,"
        "Mobile phone,Facebook ID,Twitter ID,Contact ID,Time zone,Language,Title"
    ),
    "spiceworks": (
        "Ticket Number,Summary,Description,Status,Priority,Category,Request Type,Assigned To,Created By,Created On,"
        "Closed On,Link to Ticket,Organization Name,Organization Host,Site / Office"
    ),
    "osticket": (
        "Ticket Number,Date Created,Subject,From,From Email,Priority,Department,Help Topic,Source,Current Status,"
        "Last Updated,SLA Due Date,Due Date,Closed Date,Overdue,Merged,Linked,Answered,Agent Assigned,Team Assigned,"
        "Thread Count,Reopen Count,Attachment Count,Task Count,Issue Summary,Issue Details,Priority Level"
    ),
    "glpi": (
        "ID;Title;Status;Last update;Opening date;Closing date;Resolution date;Priority;Requester - Requester;"
        "Assigned to - Technician;Category;Type;Description"
    ),
}
# One solved ticket of Ada's, as each system writes it.
ROWS = {
    "jira": {
        "Issue key": "IT-7",
        "Summary": "Screen is dark",
        "Description": "Since Monday",
        "Issue Type": "[System] Incident",
        "Status": "Resolved",
        "Priority": "Highest",
        "Reporter": "Ada Byron",
        "Reporter (Email)": "ada@example.com",
        "Component/s": "Hardware",
        "Created": "31/Mar/26 2:05 PM",
        "Updated": "02/Apr/26 9:00 AM",
        "Resolved": "01/Apr/26 9:00 AM",
    },
    "zendesk": {
        "Id": "IT-7",
        "Subject": "Screen is dark",
        "Requester": "Ada Byron",
        "Requester email": "ada@example.com",
        "Assignee": "-",
        "Group": "Hardware",
        "Status": "Solved",
        "Priority": "Urgent",
        "Ticket type": "Incident",
        "Created at": "2026-03-31 14:05",
        "Updated at": "2026-04-02 09:00",
        "Due date": "-",
        "Solved at": "2026-04-01 09:00",
    },
    "servicenow": {
        "number": "IT-7",
        "short_description": "Screen is dark",
        "description": "Since Monday",
        "caller_id": "Ada Byron",
        "caller_id.email": "ada@example.com",
        "category": "Hardware",
        "state": "6",
        "priority": "1 - Critical",
        "opened_at": "2026-03-31 14:05:00",
        "sys_updated_on": "2026-04-02 09:00:00",
        "resolved_at": "2026-04-01 09:00:00",
    },
    "servicenow in Excel": {
        "Number": "IT-7",
        "Short description": "Screen is dark",
        "Description": "Since Monday",
        "Caller": "Ada Byron",
        "Email": "ada@example.com",
        "Category": "Hardware",
        "State": "Resolved",
        "Priority": "1 - Critical",
        "Opened": "2026-03-31 14:05:00",
        "Updated": "2026-04-02 09:00:00",
        "Resolved": "2026-04-01 09:00:00",
    },
    "freshdesk": {
        "Ticket ID": "IT-7",
        "Subject": "Screen is dark",
        "Full name": "Ada Byron",
        "Email": "ada@example.com",
        "Group": "Hardware",
        "Type": "Incident",
        "Status": "Resolved",
        "Priority": "Urgent",
        "Created time": "2026-03-31 14:05:00",
        "Last update time": "2026-04-02 09:00:00",
        "Resolved time": "2026-04-01 09:00:00",
    },
    "spiceworks": {
        "Ticket Number": "IT-7",
        "Summary": "Screen is dark",
        "Description": "Since Monday",
        "Created By": "ada@example.com",
        "Category": "Hardware",
        "Status": "closed",
        "Priority": "Urgent",
        "Created On": "03/31/2026 02:05 PM UTC",
        "Closed On": "04/01/2026 09:00 AM UTC",
    },
    "osticket": {
        "Ticket Number": "IT-7",
        "Subject": "Screen is dark",
        "From": "Ada Byron",
        "From Email": "ada@example.com",
        "Department": "Support",
        "Help Topic": "Hardware",
        "Current Status": "Closed",
        "Priority": "Emergency",
        "Date Created": "3/31/26 2:05\u202fPM",
        "Last Updated": "4/2/26 9:00\u202fAM",
        "Closed Date": "4/1/26 9:00\u202fAM",
        "Issue Details": "Since Monday",
    },
    "glpi": {
        "ID": "IT-7",
        "Title": "Screen is dark",
        "Description": "Since Monday",
        "Requester - Requester": "ada@example.com",
        "Category": "Hardware",
        "Type": "Incident",
        "Status": "Solved",
        "Priority": "Very high",
        "Opening date": "2026-03-31 14:05",
        "Last update": "2026-04-02 09:00",
        "Resolution date": "2026-04-01 09:00",
    },
}
CLOSES = ("spiceworks", "osticket")
TYPELESS = ("servicenow", "spiceworks", "osticket")


@pytest.fixture
def load(app, tmp_path):
    """Import one row of a system's export: its heading, and the cells by their names."""

    def load(export, **cells):
        system, heading, row = export.split()[0], HEADINGS[export], ROWS[export] | cells
        separator = ";" if ";" in heading else ","
        names = heading.split(separator)
        assert not set(row) - set(names)
        path = tmp_path / "tickets.csv"
        path.write_text(f"{heading}\n{separator.join(row.get(name, '') for name in names)}\n")
        return importer.run(examine(path, parse_maps(system, ())), host="desk.test", progress=lambda lines: None)

    return load


def only():
    return db.session.query(Ticket).one()


def test_each_system_has_a_heading_here():
    assert {name.split()[0] for name in HEADINGS} == set(SYSTEMS) and set(ROWS) == set(HEADINGS)


@pytest.mark.parametrize("export", HEADINGS)
def test_an_export_is_read_by_the_names_its_system_gives_to_columns_and_values(load, export):
    outcome = load(export)
    assert outcome.bad == [] and set(outcome.changes) <= {"no_description"}
    ticket, closes = only(), export in CLOSES
    assert (ticket.external_id, ticket.subject, ticket.category.name) == ("IT-7", "Screen is dark", "Hardware")
    assert ticket.description == ("Since Monday" if "Since Monday" in ROWS[export].values() else "(no description)")
    assert (ticket.status, ticket.priority, ticket.type) == ("closed" if closes else "resolved", 4, "incident")
    assert ticket.requester.email == "ada@example.com"
    assert ticket.requester.name == ("Ada Byron" if "Ada Byron" in ROWS[export].values() else "ada")
    assert ticket.created_at == datetime(2026, 3, 31, 14, 5, tzinfo=timezone.utc)
    assert (ticket.finished_at if closes else ticket.resolved_at) == datetime(2026, 4, 1, 9, tzinfo=timezone.utc)


STATUSES = [
    ("jira", "Status", "To_Do=new Reopened=open Waiting_for_support=open Waiting_for_customer=pending Done=resolved"),
    ("jira", "Status", "Work_in_progress=open Escalated=open Waiting_for_approval=pending Canceled=closed Open=open"),
    ("zendesk", "Status", "New=new Open=open Pending=pending On-hold=pending Hold=pending Solved=resolved"),
    ("servicenow", "state", "New=new In_Progress=open On_Hold=pending Resolved=resolved Closed=closed Canceled=closed"),
    ("servicenow", "state", "1=new 2=open 3=pending 6=resolved 7=closed 8=closed Awaiting_Vendor=pending"),
    ("freshdesk", "Status", "Open=open Pending=pending Resolved=resolved Closed=closed Waiting_on_Customer=pending"),
    ("freshdesk", "Status", "2=open 3=pending 4=resolved 5=closed Waiting_on_Third_Party=pending"),
    ("spiceworks", "Status", "open=open closed=closed waiting=pending unassigned=new"),
    ("osticket", "Current Status", "Open=open Resolved=resolved Closed=closed Archived=closed Deleted=closed"),
    ("glpi", "Status", "New=new Processing_(assigned)=open Processing_(planned)=open Pending=pending Solved=resolved"),
    ("glpi", "Status", "1=new 2=open 3=open 4=pending 5=resolved 6=closed Approval=pending Closed=closed"),
]
PRIORITIES = [
    ("jira", "Priority", "Highest=urgent High=high Medium=normal Low=low Lowest=low Blocker=urgent Major=high"),
    ("zendesk", "Priority", "Urgent=urgent High=high Normal=normal Low=low"),
    ("servicenow", "priority", "1_-_Critical=urgent 2_-_High=high 3_-_Moderate=normal 4_-_Low=low 5_-_Planning=low"),
    ("servicenow", "priority", "1=urgent 2=high 3=normal 4=low 5=low"),
    ("freshdesk", "Priority", "Low=low Medium=normal High=high Urgent=urgent 1=low 2=normal 3=high 4=urgent"),
    ("spiceworks", "Priority", "low=low med=normal medium=normal high=high urgent=urgent"),
    ("osticket", "Priority", "Low=low Normal=normal High=high Emergency=urgent"),
    ("glpi", "Priority", "Very_low=low Low=low Medium=normal High=high Very_high=urgent Major=urgent"),
    ("glpi", "Priority", "1=low 2=low 3=normal 4=high 5=urgent 6=urgent"),
]
TYPES = [
    ("jira", "Issue Type", "[System]_Service_request=request [System]_Change=request Task=request Bug=incident"),
    ("jira", "Issue Type", "IT_Help=request Access=request Fault=incident [System]_Problem=incident"),
    ("zendesk", "Ticket type", "Question=request Problem=incident Task=request"),
    ("freshdesk", "Type", "Question=request Problem=incident Feature_Request=request Refund=request"),
    ("glpi", "Type", "Incident=incident Request=request"),
]


@pytest.mark.parametrize(
    "system, name, ours, meanings",
    [
        (system, name, ours, meanings)
        for ours, table in (("status", STATUSES), ("priority", PRIORITIES), ("type", TYPES))
        for system, name, meanings in table
    ],
)
def test_a_word_or_number_of_a_system_means_what_it_means_there(system, name, ours, meanings):
    mapping = parse_maps(system, ())
    assert SYSTEMS[system].columns[name.lower()] == ours
    for theirs, _equals, meaning in (pair.partition("=") for pair in meanings.split()):
        assert mapping.value(ours, theirs.replace("_", " ")) == meaning, theirs


@pytest.mark.parametrize("system", ("jira", "zendesk", "spiceworks", "osticket"))
def test_a_number_that_a_system_gives_no_meaning_to_is_asked_about(load, system):
    name = next(name for name in ROWS[system] if SYSTEMS[system].columns[name.lower()] == "priority")
    outcome = load(system, **{name: "1"})
    assert [bad.why for bad in outcome.bad] == ["priority is “1”, but must be one of: low, normal, high, urgent."]


def test_a_dash_stands_for_an_empty_cell(load):
    outcome = load("zendesk", **{"Priority": "-", "Ticket type": "-", "Solved at": "-", "Group": "-", "Subject": "-"})
    assert outcome.bad == []
    ticket = only()
    assert (ticket.priority, ticket.type, ticket.category, ticket.subject) == (2, "incident", None, "-")


def test_a_dash_is_no_value_that_somebody_is_asked_about(load):
    (bad,) = load("zendesk", **{"Priority": "-", "Status": "Parked"}).bad
    assert bad.unknown == [("status", "Parked")]


@pytest.mark.parametrize(
    "export, cells",
    [
        ("jira", {"Reporter (Email)": ""}),
        ("zendesk", {"Requester email": "-"}),
        ("servicenow", {"caller_id.email": ""}),
        ("freshdesk", {"Email": ""}),
        ("spiceworks", {"Created By": "Ada Byron"}),
        ("osticket", {"From Email": ""}),
        ("glpi", {"Requester - Requester": "Ada Byron"}),
    ],
)
def test_a_requester_of_whom_a_file_has_only_the_name_is_kept_in_the_description(load, export, cells):
    outcome = load(export, **cells)
    assert outcome.changes["named_in_text"] == 1
    assert only().description.startswith("Requester: Ada Byron\n\n")
    assert db.session.query(Person).filter(Person.email.like("ada%")).count() == 0
