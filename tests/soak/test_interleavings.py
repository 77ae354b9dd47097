"""Two agents on one ticket in random order: no field and no text is lost, and nothing is sent blindly."""

import random
import re

import pytest
from justhtml import JustHTML

from helpdesk.choices import PRIORITY_NAMES
from models import Event, Message, Ticket, db
from tests.support import builders

STATUSES = ("open", "pending", "resolved", "closed")
ACTS = ("reply", "note", "facts", "edit")


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.soak)])
def test_two_agents_lose_nothing_whatever_the_order(count, browse, cast, make_app):
    desk = make_app(LIMIT_REPLY="0")
    cleo, dan = (Agent(browse(agent, desk=desk), agent.id) for agent in (cast.cleo, cast.dan))
    outcomes = {"accepted": 0, "refused": 0}
    for number in range(count):
        dice = random.Random(number)
        ticket = builders.ticket(cast.ada, subject=f"Interleaving {number}")
        world = World(ticket.id, dice, outcomes)
        turns = [cleo] * 4 + [dan] * 4
        dice.shuffle(turns)
        cleo.begin(), dan.begin()
        for agent in turns:
            world.turn(agent)
        world.check_texts()
    assert outcomes["accepted"] and outcomes["refused"]
    print(f"\n{count} interleavings on {db.engine.dialect.name}: {outcomes}")


class Agent:
    """A browser with, perhaps, a form open that shows the ticket as it was some turns ago."""

    def __init__(self, browser, person):
        self.browser, self.person = browser, person

    def begin(self):
        self.opened = None

    def ask(self, method, path, **more):
        """Without the checks of the page, which would take most of the time."""
        return self.browser.open(getattr(self.browser.client, method), path, **more)


class World:
    """One ticket; what it must say, worked out from the answers alone."""

    def __init__(self, ticket, dice, outcomes):
        self.ticket, self.dice, self.outcomes, self.texts = ticket, dice, outcomes, []

    def turn(self, agent):
        """Open a form, or send the one that is open."""
        if agent.opened is None:
            agent.opened = self.open(agent)
            return
        (act, form), agent.opened = agent.opened, None
        changed = self.fill(act, form)
        before, seen = self.facts(), int(form["seen"])
        answer = agent.ask("post", f"/tickets/{self.ticket}/{act}", data=form)
        assert answer.status_code in (303, 409, 422), answer.status_code
        if answer.status_code == 303:
            self.accepted(agent, act, form, changed, before, seen)
        else:
            self.refused(answer, act, form, before)

    def open(self, agent):
        act = self.dice.choice(ACTS)
        page = agent.ask("get", f"/tickets/{self.ticket}" + ("/edit" if act == "edit" else ""))
        form = next(
            form
            for form in JustHTML(page.text, sanitize=False).query('form[method="post"]')
            if form.attrs["action"].endswith(f"/{self.ticket}/{act}")
        )
        return act, values(form)

    def fill(self, act, form):
        """What this person changes; every other field goes back as it was shown."""
        word = f"w{self.dice.randrange(10**9)}"
        if act in ("reply", "note"):
            changed = {"body": word}
        elif act == "edit":
            changed = {self.dice.choice(("subject", "description")): word}
        else:
            changed = self.dice.choice(
                (
                    {"status": self.dice.choice(STATUSES), "reason": word},
                    {"priority": self.dice.choice(list(PRIORITY_NAMES.values()))},
                    {"type": self.dice.choice(("incident", "request"))},
                )
            )
        form.update(changed)
        return changed

    def accepted(self, agent, act, form, changed, before, seen):
        self.outcomes["accepted"] += 1
        after = self.facts()
        if act in ("reply", "note"):
            self.texts.append(form["body"])
        if act == "reply":
            assert not self.news(seen, before, but=agent.person), "a reply was sent past something new"
        if act in ("facts", "edit"):
            lost = {name for name in after if after[name] != before[name] and name not in changed and name != "reason"}
            assert not lost, f"{lost} were overwritten by somebody who did not touch them"
            if after != before:
                assert not self.news(seen, before), "a save went past something new"
                kept = {name: value for name, value in changed.items() if name != "reason"}
                assert {name: after[name] for name in kept} == kept

    def refused(self, answer, act, form, before):
        self.outcomes["refused"] += 1
        assert self.facts() == before
        for name in ("body", "subject", "description"):
            if name in form and not (act == "reply" and name != "body"):
                assert form[name] in answer.text, f"{name} was typed and is gone"

    def news(self, seen, before, but=None):
        wanted = db.session.query(Event).filter(Event.ticket_id == self.ticket, Event.id > seen)
        return [one.kind for one in wanted if one.actor_id != but and one.id <= before["newest"]]

    def facts(self):
        db.session.rollback()
        ticket = db.session.get(Ticket, self.ticket)
        newest = db.session.query(Event.id).filter_by(ticket_id=self.ticket).order_by(Event.id.desc()).first()
        return Facts(
            subject=ticket.subject,
            description=ticket.description,
            status=ticket.status,
            reason=ticket.pending_reason or "",
            priority=PRIORITY_NAMES[ticket.priority],
            type=ticket.type,
            newest=newest[0],
        )

    def check_texts(self):
        found = [body for (body,) in db.session.query(Message.body).order_by(Message.id) if body in self.texts]
        assert found == self.texts, "each accepted text is there once, in the order in which it was accepted"


class Facts(dict):
    """What the ticket says; compared without the event it was read at."""

    def __init__(self, newest, **fields):
        super().__init__(fields)
        self.newest = newest

    def __missing__(self, name):
        return getattr(self, name)


def values(form):
    """The fields of a form as a browser would send them, without its buttons."""
    found = {}
    for field in form.query("input"):
        if field.attrs.get("type") not in ("submit", "checkbox"):
            found[field.attrs["name"]] = field.attrs.get("value", "")
    for field in form.query("textarea"):
        found[field.attrs["name"]] = re.sub(r"^\n", "", field.to_text())
    for field in form.query("select"):
        chosen = [option for option in field.query("option") if "selected" in option.attrs]
        found[field.attrs["name"]] = (chosen or field.query("option"))[0].attrs["value"]
    return found
