"""What the timeline tells of many tickets changed at once and taken back, to agents and to requesters."""

import pytest

from helpdesk.bulk import jobs
from helpdesk.events import kinds
from helpdesk.tickets import timeline
from models import Ticket, db
from tests.rules.bulk.test_bulk import job, run
from tests.support.builders import act, ticket

PUBLIC = {"priority": "high", "status": "resolved"}


@pytest.mark.parametrize(
    "acts, to_requesters, to_agents",
    [
        (PUBLIC, ["the change of priority", "the change of status"], []),
        ({"tag": "vpn", "status": "closed"}, ["the change of status"], ["the change of tags"]),
        ({"tag": "vpn"}, [], ["the change of tags"]),
        ({"status": "open", "assignee": "nobody"}, ["the change of status"], []),
    ],
    ids=lambda value: ",".join(value),
)
def test_everything_that_was_taken_back_is_named_to_those_who_heard_of_it(cast, acts, to_requesters, to_agents):
    made = ticket(cast.ada).id
    number = run([made], acts, cast.cleo)
    act(jobs.undo, job(number), by=cast.cleo)

    def undone_sentences(reader):
        found = timeline.timeline(db.session.get(Ticket, made), reader)
        return sorted(kinds.tell(event) for event in found if event.kind == "undone")

    assert undone_sentences(cast.ada) == [f"Cleo Hart took back {what}" for what in to_requesters]
    assert undone_sentences(cast.dan) == sorted(f"Cleo Hart took back {what}" for what in to_requesters + to_agents)
