"""Where somebody may go in a few keys: pages, standing views, tickets they opened lately."""

from flask import jsonify, url_for
from flask_babel import gettext as _

from helpdesk.lists import recent as lists, saved_views


def palette(me):
    pages = [{"name": name, "url": url_for(endpoint)} for name, endpoint in _pages(me)]
    views = saved_views.views_of(me) if me.is_agent else []
    views = [{"name": str(one.name), "url": url_for("triage.triage", view=one.key)} for one in views if not one.hidden]
    recent = [
        {"name": f"#{row.id} {row.subject}", "url": url_for("tickets.show", ticket=row.id)} for row in lists.recent(me)
    ]
    groups = [(_("Pages"), pages), (_("Views"), views), (_("Tickets you opened"), recent)]
    return jsonify(groups=[{"name": name, "places": places} for name, places in groups if places])


def _pages(me):
    """Every page of the desk that this person may open and that is about no single thing."""
    yield _("My tickets"), "tickets.mine"
    yield _("Search tickets"), "search.results"
    yield _("Raise a ticket"), "tickets.new"
    yield _("Notifications"), "notifications.mine"
    yield _("Profile"), "profile.edit"
    if me.is_agent:
        yield _("Triage"), "triage.triage"
        yield _("Dashboard"), "triage.dashboard"
        yield _("Arrange views"), "saved.views"
    if me.is_admin:
        yield _("People"), "people.people"
        yield _("Categories"), "settings.categories"
        yield _("Import tickets"), "imports.imports"
        yield _("Mail log"), "mail.log"
        yield _("Background jobs"), "jobs.jobs"
        yield _("Trash"), "triage.trash"
