"""The pages that mailed links open. Opening one changes nothing, its button does."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

import forms
from helpdesk.accounts import one_time_links, passwords, people, self_service
from helpdesk.limits import rate_limits
from views.accounts.accounts import hash_password, let_in, status, still_right
from web import known_browser
from web.door import before_writing
from web.pages import render_later
from web.throttle import network, too_many


def _worn_out(purpose):
    return render_later("accounts/link_worn_out.html", 404, purpose=purpose)


def _before_confirm():
    """A password is chosen here where somebody else has registered with the same address since."""
    link = one_time_links.find(request.view_args["token"], "confirm")
    return hash_password() if link is not None and link.person.password_hash is None else {}


@before_writing(_before_confirm)
def confirm(token, hashed=None):
    link = one_time_links.find(token, "confirm")
    if link is None:
        return _worn_out("confirm")
    chooses = people.locked(link.person_id).password_hash is None
    form = forms.NewPasswordForm() if chooses else forms.EmptyForm()
    if not form.validate_on_submit() or (chooses and hashed is None):
        return render_later("accounts/confirm.html", status(form), form=form, link=link, chooses=chooses)
    if chooses:
        self_service.set_password_by_link(link, hashed)
    else:
        self_service.confirm(link)
    return redirect(url_for("accounts.sign_in", sent="confirmed"), 303)


def _before_new_password():
    """Only whoever holds a link that works makes the desk hash."""
    purpose, token = request.endpoint.rpartition(".")[2], request.view_args["token"]
    return hash_password() if one_time_links.find(token, purpose) else {}


@before_writing(_before_new_password)
def reset(token, hashed=None):
    link = one_time_links.find(token, "reset")
    if link is None:
        return _worn_out("reset")
    form = forms.NewPasswordForm()
    if not form.validate_on_submit():
        return render_later("accounts/reset.html", status(form), form=form, link=link)
    rate_limits.forget_sign_in(link.person.email, network())
    known_browser.remember(link.person_id)  # Whoever reads the mailbox is not kept out by what others try.
    self_service.set_password_by_link(link, hashed)
    return redirect(url_for("accounts.sign_in", sent="password"), 303)


@before_writing(_before_new_password)
def invitation(token, hashed=None):
    link = one_time_links.find(token, "invitation")
    if link is None:
        return _worn_out("invitation")
    form = forms.InvitationForm(name=link.person.name)
    if not form.validate_on_submit():
        return render_later("accounts/invitation.html", status(form), form=form, link=link)
    person = self_service.set_password_by_link(link, hashed, name=form.name.data)
    let_in(person, keep=False)
    flash(_("Welcome, %(name)s. Your account is ready.", name=person.name))
    return redirect(url_for("home.index"), 303)


def _before_new_address(me):
    """Whoever is not signed in as the person shows by the password that they are."""
    link, form = one_time_links.find(request.view_args["token"], "address"), forms.ConfirmAddressForm()
    if link is None or link.person is me or not form.validate():
        return {}
    number, known = link.person_id, link.person.password_hash
    wait = rate_limits.count(rate_limits.ADDRESS_PASSWORD, str(number))
    right = wait is None and passwords.matches(form.password.data, known)
    return {"wait": wait, "verified": (number, known) if right else None}


@before_writing(_before_new_address)
def new_address(token, me, verified=None, wait=None):
    link = one_time_links.find(token, "address")
    if link is None:
        return _worn_out("address")
    signed_in = me is not None and me.id == link.person_id
    form = forms.EmptyForm() if signed_in else forms.ConfirmAddressForm()

    def page(form, code=None):
        values = {"form": form, "link": link, "signed_in": signed_in}
        return render_later("accounts/new_address.html", code or status(form), **values)

    if not form.validate_on_submit():
        return page(form)
    if wait:
        return too_many(form, wait, page)
    if not signed_in and still_right(verified) is not link.person:
        form.refuse(_("This is not the password of this account."), "password")
        return page(form)
    rate_limits.forget(rate_limits.ADDRESS_PASSWORD, str(link.person_id))
    self_service.change_address(link)
    if signed_in:
        flash(_("Your new address is confirmed. Use it from now on to sign in."))
        return redirect(url_for("profile.edit"), 303)
    return redirect(url_for("accounts.sign_in", sent="address"), 303)


def stop_address(token):
    link = one_time_links.find(token, "stop_address")
    if link is None:
        return _worn_out("stop_address")
    form = forms.EmptyForm()
    if not form.validate_on_submit():
        return render_later("accounts/stop_address.html", form=form, link=link)
    self_service.stop_address(link)
    return redirect(url_for("accounts.sign_in", sent="stopped"), 303)
