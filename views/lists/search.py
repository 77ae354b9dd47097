"""Searching tickets: the results, the same query as a list in triage, and what could come next while typing."""

from functools import partial

from flask import jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk import choices as helpdesk_choices
from helpdesk.access import lookups
from helpdesk.choices import PRIORITIES, PRIORITY_NAMES, STATUSES
from helpdesk.db import transactions
from helpdesk.lists import filter_choices
from helpdesk.query import language
from helpdesk.query.language import Query
from helpdesk.query.mistakes import Mistake
from helpdesk.search import autocomplete, search, similar as alikes, snippets
from helpdesk.search.filters import SearchContext
from helpdesk.text import clean
from web import throttle
from web.filters import zone

FORM_FIELDS = ("status", "assignee", "category", "priority", "requester", "created", "updated")


def results(me):
    throttle.take(me, throttle.SEARCH)
    choices = filter_choices.choices(me)
    typed, wanted, mistake = _asked(
        language.known_to(agent=me.is_agent, categories=[one.name for one in choices.filed])
    )
    if "before" in request.args and mistake is None:
        return redirect(url_for("search.results", q=language.write(wanted)), 303)
    found = search.run(wanted, _asker(me, choices.filed), _page()) if wanted.parts and mistake is None else None
    if found and (leads_to := ticket_of(me, wanted, found.rows)):
        return leads_to
    shown = [row.id for row in found.rows] if found and wanted.terms else []
    html = render_template(
        "lists/search/results.html",
        typed=typed,
        wanted=wanted,
        mistake=mistake,
        found=found,
        snippets=snippets.of(shown, wanted, me) if shown else {},
        marked=snippets.marked,
        choices=choices,
        filters=partial(filters, me, wanted, choices),
    )
    return html, 422 if mistake else 200


def ticket_of(me, wanted, rows):
    """The way straight to the ticket of which the number was typed, where nothing else says that number. None for one
    that this person cannot see, and where a page that is open already asks for its news: it must not turn into another.
    """
    if wanted.number and "X-Live-Keeps" not in request.headers and all(row.id == wanted.number for row in rows):
        if lookups.find_ticket(me, wanted.number, to_change=False):
            return redirect(url_for("tickets.show", ticket=wanted.number), 303)
    return None


def completions(me):
    throttle.take_for_script(me, throttle.SUGGESTIONS)
    typed = request.args.get("q", "")[: language.LONGEST]
    choices = autocomplete.complete(typed, search.known_to(me), me)
    return jsonify([{"shown": one.shown, "hint": one.hint, "text": one.text} for one in choices])


def alike(me):
    """The signed-in person's own open tickets that say what is typed as a subject."""
    throttle.take_for_script(me, throttle.SUGGESTIONS)
    typed = request.args.get("subject", "")[: helpdesk_choices.SUBJECT_MAX]
    found = alikes.own(typed, me)
    return jsonify([{"number": r.id, "subject": r.subject, "url": url_for("tickets.show", ticket=r.id)} for r in found])


def similar(ticket, me):
    throttle.take(me, throttle.SEARCH)
    return render_template("tickets/similar.html", ticket=ticket, rows=alikes.earlier(ticket, _asker(me)))


def _asker(me, filed=None):
    return SearchContext(me, zone(), transactions.now(), filed)


def _page():
    number = request.args.get("page", "1")
    return min(max(int(number), 1), 50) if number.isascii() and number.isdigit() and len(number) < 5 else 1


def _asked(known):
    """What was typed, the query it means (an empty one where it cannot be understood), and what is wrong with it.

    The form of filters sends the query it was shown with as `before`: what differs from it was chosen anew. Where what
    was chosen makes no sense, the query stays as it was typed.
    """
    typed, wanted = clean(request.args.get("q", "")), Query()
    try:
        wanted = language.parse(typed, known)
        if "before" in request.args:
            wanted = _chosen(wanted, language.parse(request.args["before"], known), known)
        return typed, wanted, None
    except Mistake as mistake:
        return typed, wanted, mistake


def with_filters(chosen):
    """The query that the form of filters asks for; it was sent with the query it was shown with. Raises Mistake."""
    return language.write(_chosen(chosen.wanted, language.parse(request.args["before"], chosen.known), chosen.known))


def _chosen(wanted, before, known):
    for name in FORM_FIELDS:
        value = language.unquoted(request.args.get(name, before.value(name))).strip()
        if value != before.value(name):
            wanted = wanted.having(name, value)
    return language.parse(language.write(wanted), known)


def filters(me, wanted, choices):
    """The fields of the form: name, label, the value they show, and for those to choose from the choices."""
    whose = [(language.ME, _("Me")), (language.NOBODY, _("Nobody"))]
    if me.is_agent:
        whose += [(language.spoken(agent.name), agent.name) for agent in choices.agents if agent.id != me.id]
    filed = [(language.slug(one.name), one.name) for one in choices.categories]
    offered = {
        "status": (_("Status"), STATUSES.items()),
        "assignee": (_("Assignee"), whose),
        "category": (_("Category"), [*filed, ("none", _("None"))]),
        "priority": (_("Priority"), [(PRIORITY_NAMES[rank], name) for rank, name in PRIORITIES.items()]),
        "requester": (_("Requester"), None if me.is_agent else [(language.ME, _("Me"))]),
        "created": (_("Raised"), autocomplete.TIMES.items()),
        "updated": (_("Last activity"), autocomplete.TIMES.items()),
    }
    return [_filter(name, label, some, wanted) for name, (label, some) in offered.items()]


def _filter(name, label, choices, wanted):
    value = wanted.value(name)
    none = _("Any") if wanted.shows(name) else _("As typed")
    known = [("", none), *choices] if choices is not None else None
    if known is not None and value not in [choice for choice, _label in known]:
        known.append((value, value))
    return {"name": name, "label": label, "choices": known, "value": value}
