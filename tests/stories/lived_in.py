"""A lived-in desk, and for every page of the map the addresses that show it in its different states."""

from helpdesk.accounts import one_time_links, people
from helpdesk.bulk import jobs
from helpdesk.db import transactions
from helpdesk.import_export import import_jobs
from helpdesk.lists import saved_views
from helpdesk.operations import background_jobs
from helpdesk.tickets import links, merging, messages, tags, tickets
from models import Delivery, Import, db
from tests.support import builders

# Not pages: machines ask for them, or they only lead on.
NOT_PAGES = {"/healthz", "/readyz", "/static/<path:filename>", "/bootstrap/<path:filename>", "/", "/setup"} | {
    "/notifications/count",
    "/search/completions",
    "/tickets/alike",
    "/tickets/<ticket>/presence",
    "/tickets/<ticket>/files",
    "/tickets/<ticket>/files/<file>",
    "/tickets/<ticket>/files/<file>/small",
    "/files/<upload>",
    "/files/<upload>/small",
    "/live",
    "/live/poll",
    "/palette",
    "/triage/counts",
    "/triage/export",
    "/imports/<import_job>/left-out",
    "/suggestions",
    "/tags",
}
LONG = (
    "Everything about the meeting-room-booking-system-integration-with-the-calendar is broken again since Monday. " * 2
)


def addresses(cast):
    """By the path of the map."""
    ticket, message = conversation(cast)
    long = builders.ticket(cast.eve, subject=LONG.strip()[:200], description=LONG * 5, priority="urgent")
    builders.act(tickets.set_status, long, "closed", by=cast.eve)
    gone = builders.ticket(cast.ben)
    builders.act(tickets.trash, gone, by=cast.eve)
    tokens = {p: builders.act(one_time_links.make, cast.ada, p) for p in one_time_links.LASTS}
    contested = builders.act(one_time_links.make, cast.mel, "confirm")
    builders.act(people.set_role, cast.dan, "admin", by=cast.eve)
    delivery = db.session.query(Delivery).first()
    return {
        **_of_tickets(cast, ticket, message, long, gone),
        **_of_agents(cast),
        **_of_imports(cast),
        "/people/<person>": [f"/people/{cast.dan.id}", f"/people/{cast.zoe.id}"],
        "/mail/<delivery>": [f"/mail/{delivery.id}"],
        "/confirm/<string:token>": [f"/confirm/{tokens['confirm']}", f"/confirm/{contested}", "/confirm/worn-out"],
        "/reset/<string:token>": [f"/reset/{tokens['reset']}"],
        "/invitation/<string:token>": [f"/invitation/{tokens['invitation']}"],
        "/new-address/<string:token>": [f"/new-address/{tokens['address']}"],
        "/stop-address/<string:token>": [f"/stop-address/{tokens['stop_address']}", "/stop-address/worn-out"],
        "an error page": ["/nothing-here"],
    }


def _of_tickets(cast, ticket, message, long, gone):
    other, part = builders.ticket(cast.ben, subject="Calendar again"), builders.ticket(cast.ada, subject="Calendar")
    builders.act(tags.set_tags, other, ["calendar", "new starter"], by=cast.eve)
    builders.act(links.link, other, ticket, "blocked", by=cast.eve)
    builders.reply(part, "Besides, my chair squeaks.", by=cast.ada)
    wish = messages_of(part)[0]
    builders.act(merging.merge, builders.ticket(cast.ada, subject=LONG[:200]), other, by=cast.eve, follow=True)
    acts = {"assignee": str(cast.dan.id), "priority": "high"}
    done = builders.act(jobs.start_with, [long.id, gone.id, other.id], acts, by=cast.eve)
    return {
        "/tickets": ["/tickets", "/tickets?show=finished"],
        "/tickets/<ticket>": [
            f"/tickets/{ticket.id}",
            f"/tickets/{long.id}",
            f"/tickets/{gone.id}",
            f"/tickets/{other.id}",
        ],
        "/tickets/<ticket>/similar": [f"/tickets/{ticket.id}/similar", f"/tickets/{long.id}/similar"],
        "/tickets/<ticket>/edit": [f"/tickets/{ticket.id}/edit"],
        "/tickets/<ticket>/messages/<message>/edit": [f"/tickets/{ticket.id}/messages/{message.id}/edit"],
        "/tickets/<ticket>/merge": [f"/tickets/{part.id}/merge?into={other.id}", f"/tickets/{part.id}/merge?into=x"],
        "/tickets/<ticket>/messages/<message>/split": [f"/tickets/{part.id}/messages/{wish.id}/split"],
        "/bulk/<job>": [f"/bulk/{done.id}"],
    }


def _of_agents(cast):
    mine = builders.act(saved_views.save, "Broken things", "broken is:active", by=cast.eve)
    builders.act(saved_views.hide, cast.eve, "closed")
    background_jobs.report(_worker(transactions.now()))
    return {
        "/triage": [
            "/triage?view=all",
            "/triage?view=new",
            "/triage?view=mine&sort=priority",
            "/triage?view=all&sort=lowest&columns=ticket",
            "/triage?view=all&columns=requester,category,tags,status,assignee,created,activity,priority",
            "/triage?q=broken",
            "/triage?q=is:x",
            f"/triage?view={mine.id}",
        ],
        "/search": ["/search", "/search?q=broken+meeting", "/search?q=nowhere+status:open", "/search?q=status:opne"],
        "/people": ["/people", "/people?q=nobody"],
        "/mail": ["/mail", "/mail?state=failed"],
        "/jobs": ["/jobs"],
        "/views/<view>": [f"/views/{mine.id}"],
    }


def _of_imports(cast):
    """One that waits for answers, one under way, one that is over, one that failed."""
    rows = [["line 3", LONG], ["line 2000", "subject is empty."]]
    column = {"key": "nr", "heading": LONG[:60], "taken": "external_id", "usual": "", "samples": ["P-1", LONG[:60]]}
    counts = {"added": 1180, "known": 12, "left_out": 4000, "changes": {"subject_cut": 3}, "bad": rows, "replies": 2}
    values = [{"column": "status", "value": LONG[:60], "rows": 12}, {"column": "priority", "value": "P9", "rows": 1}]
    days = {"created_at": {"text": "03/04/2026", "day-first": "2026-04-03", "month-first": "2026-03-04"}}
    found = {
        "read_as": "semicolons, UTF-8",
        "system": "jira",
        "columns": [column, column | {"key": "b", "samples": []}],
    }
    states = {
        "asks": {"state": "ready", "findings": found | {"problem": "dates", "examples": days, "values": values}},
        "ready": {"state": "ready", "findings": found | {"trial": counts, "values": values, "lines": 1200}},
        "read": {"state": "checking"},
        "runs": {"state": "waiting", "lines": 1200, "lines_done": 500, "added": 480},
        "failed": {"state": "failed", "added": 480, "report": {"why": LONG}, "finished_at": transactions.now()},
        "over": {"state": "done", "added": 3, "left_out": 2, "report": counts, "finished_at": transactions.now()},
    }
    with transactions.writing():
        named = {"file_name": f"{LONG[:200]}.csv", "person_id": cast.eve.id, "started_at": transactions.now()}
        claimed = {"claimed_by": "nobody", "claimed_until": transactions.now() + import_jobs.LEASE}
        made = {name: Import(**named | claimed | values) for name, values in states.items()}
        db.session.add_all(made.values())
        db.session.flush()
        numbers = {name: job.id for name, job in made.items()}
    return {
        "/imports": ["/imports"],
        "/imports/<import_job>": [f"/imports/{number}" for number in numbers.values()],
        "/imports/<import_job>/take-back": [f"/imports/{numbers['over']}/take-back"],
    }


def _worker(now):
    """With a job that waits for a server of a long name."""
    mails = background_jobs.JobRun("mails", now, 20.0, "mail_server", "x" * 100 + ".example.com", now)
    return background_jobs.Worker("helpdesk-01 4711", now, now, runs=[mails])


def conversation(cast):
    """A ticket with replies, a note, a correction, files that were sent and files that were not."""
    ticket = builders.ticket(cast.ada, category=builders.category())
    builders.act(tickets.take, ticket, by=cast.eve)
    builders.note(ticket, by=cast.eve)
    builders.reply(ticket, "Try `ipconfig`\n\n- one\n- two\n\n> quoted https://example.com", by=cast.eve)
    builders.reply(ticket, "It is still broken.", by=cast.ada)
    builders.act(tickets.set_status, ticket, "pending", reason="a part", by=cast.eve)
    builders.act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.eve)
    message = messages_of(ticket)[1]
    for name, content in (("screen.png", None), (f"{LONG}.log", b"lines"), ("other.log", b"lines")):
        builders.file(ticket, name, content)
        builders.file(ticket, name, content, message=message)
        for path in ("/tickets/new", f"/tickets/{ticket.id}/reply", f"/tickets/{ticket.id}/note"):
            builders.upload(cast.eve, path, name, content)
    builders.act(messages.correct, message, "Try `ip a`", by=cast.eve)
    return ticket, message


def messages_of(ticket):
    from models import Message

    return db.session.query(Message).filter_by(ticket_id=ticket.id).order_by(Message.id).all()
