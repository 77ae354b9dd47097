"""The people page of admins: find, invite, change role, switch off and on."""

import re
from functools import partial

from flask import current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.accounts import people as acts, sessions
from helpdesk.choices import PERSON_STATES, ROLES
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.text import clean
from views.admin import forms
from web import reachable, throttle
from web.pages import later

MOST = 50


def people(me):
    return later(partial(_list_page, forms.InviteForm(formdata=None)))


def suggested(me):
    """Who may be meant, for a field in which an agent types a name."""
    throttle.take_for_script(me, throttle.SUGGESTIONS)
    words = clean(request.args.get("q", ""))[:200]
    return jsonify([f"{person.name} <{person.email}>" for person in acts.suggestions(words)] if words else [])


def _list_page(form):
    words, role = clean(request.args.get("q", ""))[:200], request.args.get("role", "")
    role = role if role in ROLES else ""
    after = _start()
    found = acts.search(words, role=role, after=after, most=MOST)
    return render_template(
        "admin/people/people.html",
        found=_with_states(found[:MOST]),
        earlier=max(0, after - MOST) if after else None,
        further=after + MOST if len(found) > MOST else None,
        q=words,
        role=role,
        form=form,
    )


def _start():
    """How many people come before this page of the list."""
    wanted = request.args.get("from", "")
    return int(wanted) if re.fullmatch("[0-9]{1,6}", wanted) else 0


def _with_states(found):
    invited = acts.invited(found)
    return [(person, PERSON_STATES[acts.state(person, person.id in invited)]) for person in found]


def invite(me):
    form = forms.InviteForm()
    if not form.validate_on_submit():
        return later(partial(_list_page, form), 422)
    if reachable.refused(form):
        return later(partial(_list_page, form), 409)
    try:
        person = acts.invite(form.name.data, form.email.data, role=form.role.data, by=me)
    except Refused as no:
        form.refuse(no, "email")
        return later(partial(_list_page, form), 409)
    if current_app.config["SENDS_MAIL"]:
        flash(_("%(name)s is invited by mail.", name=person.name))
    else:
        flash(_("%(name)s is added. No mail server is set, so copy the link and hand it over.", name=person.name))
    return _back_to(person)


def show(person, me):
    return _page(person)


def _page(person, status=200, refusal=None, link=None):
    return later(partial(_person_page, person, refusal, link), status)


def _person_page(person, refusal, link):
    return render_template(
        "admin/people/show.html",
        person=person,
        state=_with_states([person])[0][1],
        role=forms.RoleForm(role=person.role, formdata=None),
        sessions=sessions.of(person),
        history=acts.history(person),
        refusal=refusal,
        link=link,
    )


def _back_to(person):
    return redirect(url_for("people.show", person=person), 303)


def _act(person, me, done, act):
    try:
        act()
    except Refused as no:
        transactions.rollback()
        return _page(person, 409, refusal=str(no))
    flash(done)
    # Whoever gave up their own role sees this page no more.
    return _back_to(person) if me.is_admin and me.is_active else redirect(url_for("home.index"), 303)


def role(person, me):
    form = forms.RoleForm()
    if not form.validate_on_submit():
        return _page(person, 422, refusal=_("Choose one of the roles."))
    return _act(person, me, _("The role is changed."), lambda: acts.set_role(person, form.role.data, by=me))


def switch_off(person, me):
    return _act(person, me, _("The account is switched off."), lambda: acts.switch_off(person, by=me))


def switch_on(person, me):
    return _act(person, me, _("The account is switched on again."), lambda: acts.switch_on(person, by=me))


def invite_again(person, me):
    if why := reachable.why_not(person.email):
        return _page(person, 409, refusal=why)
    return _act(person, me, _("The invitation is on its way again."), lambda: acts.invite_again(person, by=me))


def copy_link(person, me):
    """Shown once, on the answer itself. With a mail server the mailed link is the only way."""
    if current_app.config["SENDS_MAIL"]:
        return _page(person, 409, refusal=_("Links are sent by mail on this desk."))
    try:
        purpose, token = acts.copy_link(person, by=me)
    except Refused as no:
        transactions.rollback()
        return _page(person, 409, refusal=str(no))
    link = current_app.config["PUBLIC_URL"] + url_for(f"one_time_links.{purpose}", token=token)
    return _page(person, link=link)
