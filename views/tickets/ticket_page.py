"""The ticket's page with all its forms, for every view that shows it or leads back to it."""

import re
from functools import partial
from types import SimpleNamespace

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.access import visibility
from helpdesk.attachments import files
from helpdesk.choices import PRIORITY_NAMES
from helpdesk.notifications import inbox, read_marks
from helpdesk.tickets import close_reasons, drafts, editing, merged, messages, sidebar, timeline, undo
from views.compose import uploads
from views.tickets import forms
from web.door import afterwards, before_response
from web.pages import later

SHOWN, MOST_SHOWN = 50, 2000


def page(ticket, me, *, status=200, **given):
    """The ticket's page. A form that was sent and not accepted is handed in, the others are fresh."""
    return later(partial(_page, ticket, me, given), status)


def _page(ticket, me, given):
    most = _most()
    look = sidebar.load(ticket, me)
    family = merged.with_merged(ticket) if look.merged else [ticket.id]
    events = timeline.timeline(ticket, me, most + 1, family=family)
    events, is_longer = events[-most:], len(events) > most
    here = url_for("tickets.show", ticket=ticket)
    given_files = files.of_page(family, me, [f"{here}/reply", f"{here}/note"] if me.is_agent else [f"{here}/reply"])
    seen = str(max((event.id for event in events), default=0))
    reads = request.method == "GET" and request.headers.get("X-Live") != "hidden"
    if reads and not look.read:
        afterwards(
            read_marks.mark_read, me.id, ticket.id, ticket.activity_at if me.is_agent else ticket.public_activity_at
        )
    if reads and look.unread:
        before_response(inbox.read, me.id, ticket.id, int(seen))
    takes_part = visibility.can_reply(me, ticket)
    return render_template(
        "tickets/show.html",
        ticket=ticket,
        timeline=events,
        earlier=most + SHOWN if is_longer else None,
        attached=given_files.sent,
        versions=messages.earlier_texts(filter(None, (event.message for event in events))) if me.is_agent else {},
        look=look,
        other=close_reasons.other(ticket, me),
        takes_part=takes_part,
        may_edit=takes_part and editing.may_edit(ticket, me, touched=look.touched),
        reading_now=ticket.id if reads else None,
        close_days=current_app.config["AUTO_CLOSE_DAYS"],
        news=given.get("news"),
        refusal=given.get("refusal"),
        **_forms(ticket, me, seen, given, look, given_files),
    )


def _most():
    """How many entries of the conversation the page shows: the newest, and more of them as its link asks for."""
    wanted = request.args.get("show", "")
    return min(max(int(wanted), SHOWN), MOST_SHOWN) if re.fullmatch(r"[0-9]{1,9}", wanted) else SHOWN


def _forms(ticket, me, seen, given, look, given_files):
    """The forms on the page, each knowing the last event that is shown."""
    kinds = {"reply": forms.ReplyForm}
    if me.is_agent:
        kinds |= {"note": forms.NoteForm, "facts": lambda **options: facts_form(ticket, me, look, **options)}
    page = url_for("tickets.show", ticket=ticket)
    typed = drafts.under(me, [f"{page}/{name}" for name in kinds.keys() - given.keys()])
    shown = {name: given.get(name) or _fresh(make, seen, typed.get(f"{page}/{name}")) for name, make in kinds.items()}
    for name in kinds.keys() & given.keys():
        shown[name].seen.data = seen
    uploads.show({f"{page}/{name}": shown[name] for name in kinds if name != "facts"}, given_files.added)
    if me.is_agent:
        shown["fresh"] = SimpleNamespace(**{name: partial(make, None) for name, make in SMALL.items()})
        shown |= {name: given.get(name) for name in SMALL}
    return shown


# Forms that are the same on every ticket: made only where the page has not kept them (web/fragment_cache.py).
SMALL = {
    "watcher": forms.WatcherForm,
    "tags": forms.TagsForm,
    "link": forms.LinkForm,
    "duplicate": forms.DuplicateForm,
    "merge": forms.MergeForm,
    "purge": forms.PurgeForm,
}


def _fresh(make, seen, draft):
    """An empty form, or the one that was sent after its session had ended, with what its writer had seen by then."""
    form = make(formdata=None)
    form.seen.data = seen
    form.show(draft)
    return form


def stale(form, ticket, me, *, own=False):
    """What happened that this reader may see since the form was opened; nothing where the form does not say when."""
    if not re.fullmatch(r"[0-9]{1,9}", form.seen.data or ""):
        return []
    news = timeline.since(ticket, me, int(form.seen.data))
    return [event for event in news if own or event.actor_id != me.id]


def done(said, ticket, me, since):
    """Back to the ticket, where it is said what was done, with a button that takes it back."""
    event = undo.offered(ticket, by=me, since=since)
    flash(said, url_for("undo.undo", ticket=ticket, event=event) if event else "done")
    return back_to(ticket)


def back_to(ticket, anchor=None):
    return redirect(url_for("tickets.show", ticket=ticket, _anchor=anchor), 303)


def facts_form(ticket, me, look=None, **options):
    look, present = look or sidebar.load(ticket, me), facts_of(ticket)
    form = forms.FactsForm(data=present | {"was": packed(present)}, **options)
    form.status.choices = [c for c in form.status.choices if c.value != "new" or ticket.status == "new"]
    agents = _with(ticket.assignee, look.agents)
    labels = [(str(a.id), _("%(name)s (me)", name=a.name) if a.id == me.id else a.name) for a in agents]
    form.assignee.choices = forms.choices_of([("", _("Nobody")), *labels])
    offered = [(str(c.id), c.name) for c in _with(ticket.category, look.categories)]
    form.category.choices = forms.choices_of([("", _("None")), *offered])
    return form


def _with(present, offered):
    """What the ticket has stays among the choices, also where it is offered no more."""
    missing = present is not None and all(one.id != present.id for one in offered)
    return [*offered, present] if missing else offered


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
