"""The ticket's page with all its forms, for every view that shows it or leads back to it."""

import re

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

import forms
from helpdesk import (
    access,
    audience,
    categories,
    closing,
    drafts,
    edits,
    events,
    families,
    messages,
    notifications,
    people,
    presence,
    reading,
    related,
    triage,
    undo,
)
from helpdesk.words import PRIORITY_NAMES
from web.door import aside


def page(ticket, me, *, status=200, **given):
    """The ticket's page. A form that was sent and not accepted is handed in, the others are fresh."""
    family = families.numbers(ticket)
    timeline = events.timeline(ticket, me, family)
    seen = str(max((event.id for event in timeline), default=0))
    reads = request.method == "GET" and request.headers.get("X-Live") != "hidden"
    if reads:
        aside(reading.mark, me.id, ticket.id, ticket.activity_at if me.is_agent else ticket.public_activity_at)
        aside(notifications.read, me.id, ticket.id, int(seen))
    takes_part = me.is_agent or ticket.requester_id == me.id
    return (
        render_template(
            "tickets/show.html",
            ticket=ticket,
            timeline=timeline,
            versions=messages.earlier_texts(family) if me.is_agent else {},
            watchers=audience.watchers(ticket),
            follows=_visible(ticket.follows_id, me),
            other=closing.other(ticket, me),
            merged=family if me.is_agent else [],
            takes_part=takes_part,
            may_edit=takes_part and edits.may_edit(ticket, me),
            reading_now=ticket.id if reads else None,
            present=presence.told(ticket, me) if me.is_agent else [],
            others=triage.other_tickets(ticket) if me.is_agent else 0,
            close_days=current_app.config["AUTO_CLOSE_DAYS"],
            news=given.get("news"),
            refusal=given.get("refusal"),
            button=forms.EmptyForm(),
            **_forms(ticket, me, seen, given),
        ),
        status,
    )


def _forms(ticket, me, seen, given):
    """The forms on the page, each knowing the last event that is shown."""
    kinds = {"reply": _kind(forms.ReplyForm)}
    if me.is_agent:
        kinds |= {"note": _kind(forms.NoteForm), "facts": facts_form}
    shown = {name: given.get(name) or _fresh(make, name, ticket, me, seen) for name, make in kinds.items()}
    for name in kinds.keys() & given.keys():
        shown[name].seen.data = seen
    if me.is_agent:
        shown["watcher"] = given.get("watcher") or forms.WatcherForm(formdata=None)
        known = ", ".join(tag.name for tag in ticket.tags)
        shown["tags"] = given.get("tags") or forms.TagsForm(formdata=None, data={"tags": known})
        shown["link"] = given.get("link") or forms.LinkForm(formdata=None)
        shown["links"] = related.of(ticket, me)
        shown["duplicate"] = given.get("duplicate") or forms.DuplicateForm(formdata=None)
        shown["merge"] = given.get("merge") or forms.MergeForm(formdata=None)
        shown["purge"] = given.get("purge") or forms.PurgeForm(formdata=None)
        shown["suggestions"] = people.suggestions()
    return shown


def _kind(form):
    return lambda ticket, me, **options: form(**options)


def _fresh(make, name, ticket, me, seen):
    """An empty form, or the one that was sent after its session had ended, with what its writer had seen by then."""
    form = make(ticket, me, formdata=None)
    form.seen.data = seen
    form.show(drafts.find(me, f"{url_for('tickets.show', ticket=ticket)}/{name}"))
    return form


def _visible(number, me):
    return access.find_ticket(me, number, to_change=False) if number else None


def stale(form, ticket, me, *, own=False):
    """What happened that this reader may see since the form was opened; nothing where the form does not say when."""
    if not re.fullmatch(r"[0-9]{1,9}", form.seen.data or ""):
        return []
    news = events.since(ticket, me, int(form.seen.data))
    return [event for event in news if own or event.actor_id != me.id]


def done(said, ticket, me, since):
    """Back to the ticket, where it is said what was done, with a button that takes it back."""
    event = undo.offered(ticket, by=me, since=since)
    flash(said, url_for("undo.undo", ticket=ticket, event=event) if event else "done")
    return back_to(ticket)


def back_to(ticket, anchor=None):
    return redirect(url_for("tickets.show", ticket=ticket, _anchor=anchor), 303)


def facts_form(ticket, me, **options):
    present = facts_of(ticket)
    form = forms.FactsForm(data=present | {"was": packed(present)}, **options)
    form.status.choices = [c for c in form.status.choices if c.value != "new" or ticket.status == "new"]
    agents = people.agents()
    held = [ticket.assignee] if ticket.assignee and ticket.assignee not in agents else []
    labels = [(str(a.id), _("%(name)s (me)", name=a.name) if a is me else a.name) for a in [*agents, *held]]
    form.assignee.choices = forms.choices_of([("", _("Nobody")), *labels])
    offered = [c for c in categories.every() if c.retired_at is None or c is ticket.category]
    form.category.choices = forms.choices_of([("", _("None")), *((str(c.id), c.name) for c in offered)])
    return form


def packed(present):
    return ";".join(f"{name}={value}" for name, value in present.items() if name != "reason")


def facts_of(ticket):
    """What the facts form shows, as its fields have it."""
    return {
        "status": ticket.status,
        "reason": ticket.pending_reason or "",
        "assignee": str(ticket.assignee_id or ""),
        "priority": PRIORITY_NAMES[ticket.priority],
        "category": str(ticket.category_id or ""),
        "type": ticket.type,
    }
