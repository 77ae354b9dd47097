"""The people page of admins: find, invite, change role, switch off and on."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

import forms
from helpdesk import people as acts
from helpdesk import sessions, store
from helpdesk.errors import Refused

MOST = 50


def people(me):
    return _list_page(forms.InviteForm(formdata=None))


def _list_page(form, status=200):
    words, role = request.args.get("q", "")[:200], request.args.get("role", "")
    start = request.args.get("from", "")
    after = int(start) if start.isdigit() and len(start) < 7 else 0
    found = acts.search(words, role=role if role in ("user", "agent", "admin") else "", after=after, most=MOST)
    html = render_template(
        "people/people.html",
        found=found[:MOST],
        further=after + MOST if len(found) > MOST else None,
        q=words,
        role=role,
        form=form,
        sends_mail=current_app.config["SENDS_MAIL"],
    )
    return html, status


def invite(me):
    form = forms.InviteForm()
    if not form.validate_on_submit():
        return _list_page(form, 422)
    try:
        person = acts.invite(form.name.data, form.email.data, role=form.role.data, by=me)
    except Refused as no:
        form.refuse(no, "email")
        return _list_page(form, 409)
    if current_app.config["SENDS_MAIL"]:
        flash(_("%(name)s is invited by mail.", name=person.name))
    else:
        flash(_("%(name)s is added. No mail server is set, so copy the link and hand it over.", name=person.name))
    return _back_to(person)


def show(person, me):
    return _page(person)


def _page(person, status=200, refusal=None, link=None):
    html = render_template(
        "people/show.html",
        person=person,
        role=forms.RoleForm(role=person.role, formdata=None),
        button=forms.EmptyForm(),
        sessions=sessions.of(person),
        history=acts.history(person),
        refusal=refusal,
        link=link,
        sends_mail=current_app.config["SENDS_MAIL"],
    )
    return html, status


def _back_to(person):
    return redirect(url_for("people.show", person=person), 303)


def _act(person, done, act):
    try:
        act()
    except Refused as no:
        store.undo()
        return _page(person, 409, refusal=str(no))
    flash(done)
    return _back_to(person)


def role(person, me):
    form = forms.RoleForm()
    if not form.validate_on_submit():
        return _page(person, 422, refusal=_("Choose one of the roles."))
    return _act(person, _("The role is changed."), lambda: acts.set_role(person, form.role.data, by=me))


def switch_off(person, me):
    return _act(person, _("The account is switched off."), lambda: acts.switch_off(person, by=me))


def switch_on(person, me):
    return _act(person, _("The account is switched on again."), lambda: acts.switch_on(person, by=me))


def invite_again(person, me):
    return _act(person, _("The invitation is on its way again."), lambda: acts.invite_again(person, by=me))


def copy_link(person, me):
    """Shown once, on the answer itself. With a mail server the mailed link is the only way."""
    if current_app.config["SENDS_MAIL"]:
        return _page(person, 409, refusal=_("Links are sent by mail on this desk."))
    try:
        purpose, token = acts.copy_link(person, by=me)
    except Refused as no:
        store.undo()
        return _page(person, 409, refusal=str(no))
    link = current_app.config["PUBLIC_URL"] + url_for(f"accounts.{purpose}", token=token)
    return _page(person, link=link)
