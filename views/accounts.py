"""Register, sign in and out, and the pages that mailed links open."""

from flask import current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import login_user, logout_user

import forms
from helpdesk import attempts, links, passwords, people, sessions
from helpdesk.errors import Refused
from web import carry
from web.door import before_writing
from web.filters import local_path
from web.throttle import client, too_many


def _hash_password():
    """Hash what was typed before taking the turn to write; whether it is used, the view decides."""
    typed = request.form.get("password", "")
    return {"hashed": passwords.hash(typed) if 0 < len(typed) <= 128 else None}


# ---- register


def _before_register():
    return _hash_password() | {"wait": attempts.count(attempts.REGISTER_CLIENT, client())}


@before_writing(_before_register)
def register(hashed=None, wait=None):
    form = forms.RegisterForm()
    closed = _registration_closed()
    if closed:
        return render_template("accounts/register_closed.html"), 200 if request.method == "GET" else 403
    if not form.validate_on_submit():
        return _register_page(form)
    if wait:
        return too_many(form, wait, _register_page)
    if not _domain_allowed(form.email.data):
        form.refuse(_("Accounts are open to these mail domains only: %(domains)s", domains=_domains()), "email")
        return _register_page(form)
    if current_app.config["SENDS_MAIL"]:
        people.register_quietly(form.name.data, form.email.data, hashed)
        return redirect(url_for("accounts.sign_in", sent="confirm"), 303)
    try:
        person = people.register(form.name.data, form.email.data, hashed, confirm=False)
    except Refused as no:
        form.refuse(no, "email")
        return _register_page(form)
    _let_in(person, keep=False)
    flash(_("Welcome, %(name)s. Your account is ready.", name=person.name))
    return redirect(url_for("tickets.mine"), 303)


def _register_page(form, status=None):
    page = render_template("accounts/register.html", form=form, domains=_domains())
    return page, status or (422 if form.is_submitted() else 200)


def _registration_closed():
    return current_app.config["REGISTRATION"] == "invite"


def _domains():
    wanted = current_app.config["ALLOWED_EMAIL_DOMAINS"]
    return ", ".join(wanted) if current_app.config["REGISTRATION"] == "domains" else ""


def _domain_allowed(email):
    if current_app.config["REGISTRATION"] != "domains":
        return True
    return email.rpartition("@")[2].lower() in current_app.config["ALLOWED_EMAIL_DOMAINS"]


# ---- sign in and out


def _check_password():
    """Count the try, then compare; both before the turn to write, and at the same pace for unknown addresses."""
    form = forms.SignInForm()
    if not form.validate():
        return {"verified": None, "wait": None}
    email = form.email.data.lower()
    wait = attempts.count(attempts.SIGN_IN_CLIENT, client()) or attempts.count(attempts.SIGN_IN_ACCOUNT, email)
    if wait:
        return {"verified": None, "wait": wait}
    person = people.by_address(email)
    right = passwords.matches(form.password.data, person.password_hash if person else None)
    verified = person.id if person is not None and right else None
    rehashed = passwords.hash(form.password.data) if verified and passwords.is_outdated(person.password_hash) else None
    return {"verified": verified, "wait": None, "rehashed": rehashed}


@before_writing(_check_password)
def sign_in(verified=None, wait=None, rehashed=None):
    form = forms.SignInForm()
    if request.method == "GET":
        form.next.data = local_path(request.args.get("next"))
    if not form.validate_on_submit():
        return _sign_in_page(form)
    if wait:
        return too_many(form, wait, _sign_in_page)
    person = people.by_address(form.email.data) if verified else None
    if person is None or person.id != verified or not person.is_active:
        form.refuse(_("The address or the password is not right. Check both and try again."))
        return _sign_in_page(form)
    if person.confirmed_at is None:
        return _not_confirmed(form, person)
    person.password_hash = rehashed or person.password_hash
    attempts.forget(attempts.SIGN_IN_ACCOUNT, form.email.data.lower())
    _let_in(person, keep=form.keep.data)
    return redirect(_after_sign_in(form, person), 303)


def _sign_in_page(form, status=None):
    page = render_template(
        "accounts/sign_in.html",
        form=form,
        carries=bool(form.carried.data),
        sent=request.args.get("sent"),
        may_register=not _registration_closed(),
        sends_mail=current_app.config["SENDS_MAIL"],
    )
    return page, status or (422 if form.is_submitted() else 200)


def _not_confirmed(form, person):
    """The right password for an address that was never confirmed: send the link once more and say so."""
    people.ask_confirmation(person)
    return redirect(url_for("accounts.sign_in", sent="confirm"), 303)


def _let_in(person, *, keep):

    session.clear()
    session.permanent = keep
    agent = request.headers.get("User-Agent", "")
    person.session_token = sessions.start(person, keep=keep, ip=client(), user_agent=agent)
    login_user(person)
    g.pop("csrf_token", None)


def _after_sign_in(form, person):
    if form.carried.data:
        page = carry.unpack(form.carried.data, person)
        if page:
            flash(_("You are signed in again. Here is what you had typed; it has not been sent yet."))
            return page
    return local_path(form.next.data)


def sign_out(me):
    if me is not None and me.session_id is not None:
        row = sessions.mine(me)
        if row is not None:
            sessions.end(row)
    logout_user()
    session.clear()
    return redirect(url_for("accounts.sign_in", sent="out"), 303)


# ---- the first admin


def _before_setup():
    return _hash_password() | {"wait": attempts.count(attempts.KEY_CLIENT, client())}


@before_writing(_before_setup)
def setup(hashed=None, wait=None):
    if people.any_admin():
        return redirect(url_for("accounts.sign_in"), 303)
    form = forms.SetupForm()
    if not form.validate_on_submit():
        return _setup_page(form)
    if wait:
        return too_many(form, wait, _setup_page)
    try:
        person = people.make_first_admin(form.key.data, form.name.data, form.email.data, hashed)
    except Refused as no:
        form.refuse(no, "key")
        return _setup_page(form)
    _let_in(person, keep=False)
    flash(_("Welcome, %(name)s. You are the first admin of this desk.", name=person.name))
    return redirect(url_for("triage.triage"), 303)


def _setup_page(form, status=None):
    return render_template("accounts/setup.html", form=form), status or (422 if form.is_submitted() else 200)


# ---- forgotten password


def _before_forgot():
    form = forms.ForgotForm()
    if not form.validate():
        return {"wait": None}
    email = form.email.data.lower()
    return {"wait": attempts.count(attempts.RESET_CLIENT, client()) or attempts.count(attempts.RESET_ACCOUNT, email)}


@before_writing(_before_forgot)
def forgot(wait=None):
    form = forms.ForgotForm()
    if not form.validate_on_submit():
        return _forgot_page(form)
    if wait:
        return too_many(form, wait, _forgot_page)
    if current_app.config["SENDS_MAIL"]:
        people.ask_reset(form.email.data)
        return redirect(url_for("accounts.sign_in", sent="reset"), 303)
    return _forgot_page(form, 200)


def _forgot_page(form, status=None):
    page = render_template("accounts/forgot.html", form=form, sends_mail=current_app.config["SENDS_MAIL"])
    return page, status or (422 if form.is_submitted() else 200)


# ---- pages behind mailed links: opening one changes nothing, its button does


def _found(token, purpose):
    return links.find(token, purpose)


def _worn_out(purpose):
    return render_template("accounts/link_worn_out.html", purpose=purpose), 404


def confirm(token):
    link = _found(token, "confirm")
    if link is None:
        return _worn_out("confirm")
    form = forms.EmptyForm()
    if not form.validate_on_submit():
        return render_template("accounts/confirm.html", form=form, link=link)
    people.confirm(link)
    return redirect(url_for("accounts.sign_in", sent="confirmed"), 303)


@before_writing(_hash_password)
def reset(token, hashed=None):
    link = _found(token, "reset")
    if link is None:
        return _worn_out("reset")
    form = forms.NewPasswordForm()
    if not form.validate_on_submit():
        page = render_template("accounts/reset.html", form=form, link=link)
        return page, 422 if form.is_submitted() else 200
    attempts.forget(attempts.SIGN_IN_ACCOUNT, link.person.email)
    people.set_password_by_link(link, hashed)
    return redirect(url_for("accounts.sign_in", sent="password"), 303)


@before_writing(_hash_password)
def invitation(token, hashed=None):
    link = _found(token, "invitation")
    if link is None:
        return _worn_out("invitation")
    form = forms.InvitationForm(name=link.person.name)
    if not form.validate_on_submit():
        page = render_template("accounts/invitation.html", form=form, link=link)
        return page, 422 if form.is_submitted() else 200
    person = people.set_password_by_link(link, hashed, name=form.name.data)
    _let_in(person, keep=False)
    flash(_("Welcome, %(name)s. Your account is ready.", name=person.name))
    return redirect(url_for("home.index"), 303)


def new_address(token):
    link = _found(token, "address")
    if link is None:
        return _worn_out("address")
    form = forms.EmptyForm()
    if not form.validate_on_submit():
        return render_template("accounts/new_address.html", form=form, link=link)
    people.change_address(link)
    return redirect(url_for("accounts.sign_in", sent="address"), 303)
