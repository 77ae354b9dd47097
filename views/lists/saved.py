"""The views that agents keep: save a query under a name, order, hide, change and remove."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.access import visibility
from helpdesk.errors import Refused
from helpdesk.lists import columns, saved_views
from helpdesk.lists.sorting import SORTS
from helpdesk.query import language
from helpdesk.query.mistakes import Mistake
from helpdesk.search import search
from views.lists import forms
from web.pages import render_later


def views(me):
    return render_template(
        "lists/saved/views.html",
        views=saved_views.views_of(me),
        saved=saved_views.every(me),
        keeps=lambda view: visibility.owns_view(me, view),
    )


def save(me):
    form = forms.SaveViewForm(for_admin=me.is_admin)
    typed = _checked(form, me)
    if typed is None:
        return _page(form, 422)
    sort = form.sort.data if form.sort.data in SORTS else "activity"
    shared = me.is_admin and form.shared.data
    try:
        shows = columns.write(columns.read(form.columns.data, sort), sort)
        view = saved_views.save(form.name.data, typed, by=me, sort=sort, shows=shows, shared=shared)
    except Refused as no:
        form.refuse(no, "name")
        return _page(form, 409)
    flash(_("The view %(name)s is saved.", name=view.name))
    return redirect(url_for("triage.triage", view=view.id), 303)


def change(view, me):
    form = forms.SaveViewForm(data={"name": view.name, "query": view.query})
    if request.method == "GET":
        return _page(form, 200, view)
    typed = _checked(form, me)
    if typed is None:
        return _page(form, 422, view)
    try:
        saved_views.change(view, name=form.name.data, query=typed, by=me)
    except Refused as no:
        form.refuse(no, "name")
        return _page(form, 409, view)
    flash(_("The view %(name)s is changed.", name=view.name))
    return redirect(url_for("triage.triage", view=view.id), 303)


def _checked(form, me):
    """The query in its normal form; None where something is wrong, which the form then says."""
    if not form.validate():
        return None
    try:
        return language.normal(form.query.data or "", search.known_to(me))
    except Mistake as mistake:
        form.refuse(mistake, "query")
        return None


def _page(form, status, view=None):
    return render_later("lists/saved/change.html", status, form=form, view=view)


def remove(view, me):
    saved_views.remove(view, by=me)
    flash(_("The view %(name)s is removed.", name=view.name))
    return redirect(url_for("saved.views"), 303)


def place(me):
    """Leads back to the view in its new place, so that the keyboard goes on from there."""
    form, moved = forms.PlaceForm(), None
    if form.validate():
        act, key = form.act.data, form.view.data
        moved = f"view-{key}"
        if act in ("up", "down"):
            saved_views.move(me, key, up=act == "up")
        else:
            (saved_views.hide if act == "hide" else saved_views.bring_back)(me, key)
    return redirect(url_for("saved.views", _anchor=moved), 303)
