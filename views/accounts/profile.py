"""A person's own profile: name, zone, theme, password, address, and where they are signed in."""

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import logout_user

import forms
from helpdesk import choices
from helpdesk.accounts import passwords, people, self_service, sessions
from helpdesk.email_addresses import fold_address
from helpdesk.errors import Refused
from helpdesk.limits import rate_limits
from web import reachable
from web.door import before_writing
from web.pages import later
from web.throttle import too_many


def edit(me):
    form = _profile_form(me)
    if not form.validate_on_submit():
        return _page(me, profile=form)
    people.rename(me, form.name.data)
    me.time_zone, me.theme = form.time_zone.data or None, form.theme.data
    me.shortcuts = form.shortcuts.data
    if me.is_agent:
        me.wants_every_new = form.wants_every_new.data
    flash(_("Your profile is saved."))
    return redirect(url_for("profile.edit"), 303)


def _profile_form(me, **options):
    return forms.ProfileForm(obj=me, desk_zone=current_app.config["DESK_TIMEZONE"], **options)


def _page(me, *, status=None, **given):
    """The whole page; the form that was sent is handed in, the others are fresh."""
    shown = {
        "profile": lambda: _profile_form(me, formdata=None),
        "password": lambda: forms.ChangePasswordForm(formdata=None),
        "address": lambda: forms.ChangeAddressForm(formdata=None),
    }

    def make_page():
        pages = {name: given.get(name) or make() for name, make in shown.items()}
        return render_template("accounts/profile.html", **pages, sessions=sessions.of(me))

    return later(make_page, status or (422 if request.method == "POST" else 200))


def _check_current(me):
    """Compare the current password and hash the new one before taking the turn to write."""
    typed = request.form.get("current_password", "")
    if me is None or not 0 < len(typed) <= 1000:
        return {}
    known = me.password_hash
    wait = rate_limits.count(rate_limits.PASSWORD_ACCOUNT, str(me.id))
    right = wait is None and passwords.matches(typed, known)
    new = request.form.get("new_password", "")
    usable = right and choices.PASSWORD_MIN <= len(new) <= choices.PASSWORD_MAX
    return {"right": known if right else None, "wait": wait, "hashed": passwords.hash(new) if usable else None}


def _refused(me, form, name, right, wait):
    """Say why a form with the current password was not accepted; None if it was.

    `right` is the hash that the typed password matched. Another one may have been set since.
    """
    if not form.validate_on_submit():
        return _page(me, **{name: form})
    if wait:
        return too_many(form, wait, lambda shown, status: _page(me, status=status, **{name: shown}))
    if right is None or people.locked(me.id).password_hash != right:
        form.refuse(_("This is not your current password."), "current_password")
        return _page(me, **{name: form})
    rate_limits.take_back(rate_limits.PASSWORD_ACCOUNT, str(me.id))
    return None


@before_writing(_check_current)
def change_password(me, right=None, wait=None, hashed=None):
    form = forms.ChangePasswordForm()
    refused = _refused(me, form, "password", right, wait)
    if refused:
        return refused
    self_service.set_password(me, hashed, but_session=me.session_id)
    flash(_("Your password is changed. Every other browser you were signed in with is signed out."))
    return redirect(url_for("profile.edit"), 303)


def _before_address(me):
    """The password, then how often this person asks, and whether the new address may get a mail."""
    found, form = _check_current(me), forms.ChangeAddressForm()
    if found.get("right") is None or not current_app.config["SENDS_MAIL"] or not form.validate():
        return found
    if reachable.why_not(form.email.data):
        return found
    email = fold_address(form.email.data)
    if rate_limits.count(rate_limits.CHANGE_ADDRESS, f"{me.id} {email}"):
        return found | {"mails": False}
    found["wait"] = rate_limits.count(rate_limits.CHANGE_PERSON, str(me.id))
    unconfirmed = people.by_address(email) is None or self_service.is_unconfirmed(email)
    return found | {"mails": found["wait"] is None and rate_limits.count_mail(email, unconfirmed) is None}


@before_writing(_before_address)
def change_address(me, right=None, wait=None, hashed=None, mails=True):
    form = forms.ChangeAddressForm()
    refused = _refused(me, form, "address", right, wait)
    if refused:
        return refused
    if reachable.refused(form):
        return _page(me, address=form)
    sends = current_app.config["SENDS_MAIL"]
    try:
        if mails:
            self_service.ask_address(me, form.email.data, confirm=sends)
    except Refused as no:
        form.refuse(no, "email")
        return _page(me, address=form)
    if sends:
        sent = _("We have sent a link to %(email)s. Open it to confirm the new address.", email=form.email.data)
        flash(sent + " " + _("An address that was never confirmed gets one mail an hour at most."))
    else:
        flash(_("Your address is changed."))
    return redirect(url_for("profile.edit"), 303)


def end_session(session):
    sessions.end(session)
    flash(_("That browser is signed out."))
    return redirect(url_for("profile.edit"), 303)


def sign_out_everywhere(me):
    self_service.sign_out_everywhere(me)
    logout_user()
    session.clear()
    return redirect(url_for("accounts.sign_in", sent="out"), 303)
