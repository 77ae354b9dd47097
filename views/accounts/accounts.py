"""Register, sign in and out, the first admin, a forgotten password. The pages of mailed links: one_time_links.py."""

from datetime import timedelta

from flask import current_app, flash, g, redirect, request, session, url_for
from flask_babel import format_time, gettext as _
from flask_login import login_user, logout_user

import forms
from helpdesk import choices
from helpdesk.accounts import passwords, people, self_service, sessions
from helpdesk.db import transactions
from helpdesk.email_addresses import fold_address
from helpdesk.errors import Refused
from helpdesk.limits import rate_limits
from web import known_browser, reachable, resubmission
from web.door import before_writing
from web.filters import local_path
from web.pages import render_later
from web.throttle import client, network, too_many


def hash_password():
    """Hash what was typed before taking the turn to write; whether it is used, the view decides."""
    typed = request.form.get("password", "")
    return {"hashed": passwords.hash(typed) if choices.PASSWORD_MIN <= len(typed) <= choices.PASSWORD_MAX else None}


# ---- register


def _before_register():
    if _registration_closed() or not forms.RegisterForm().validate():
        return {}
    wait = rate_limits.count(rate_limits.REGISTER_CLIENT, network())
    return {"wait": wait} if wait else hash_password() | _mails_register()


def _mails_register():
    """Whether this form may cause a mail, and when the last one for its address went where it may not.

    The times are the same whether or not anybody has the address, so they tell nothing about it.
    """
    typed = request.form["email"]
    if not current_app.config["SENDS_MAIL"] or not _domain_allowed(typed) or reachable.why_not(typed):
        return {}
    email = fold_address(typed)
    earlier = rate_limits.last(rate_limits.REGISTER_ADDRESS, email)
    if rate_limits.count(rate_limits.REGISTER_ADDRESS, email):
        return {"earlier": earlier, "mails": False}
    unconfirmed = people.by_address(email) is None or self_service.is_unconfirmed(email)
    return {"mails": rate_limits.count_mail(email, unconfirmed) is None}


@before_writing(_before_register)
def register(hashed=None, wait=None, earlier=None, mails=True):
    if _registration_closed():
        return render_later("accounts/register_closed.html", 200 if request.method == "GET" else 403)
    form = forms.RegisterForm()
    if not form.validate_on_submit():
        return _register_page(form)
    if wait:
        return too_many(form, wait, _register_page)
    if not _domain_allowed(form.email.data):
        form.refuse(_("Accounts are open to these mail domains only: %(domains)s", domains=_domains()), "email")
        return _register_page(form)
    if reachable.refused(form):
        return _register_page(form)
    if current_app.config["SENDS_MAIL"]:
        self_service.register_quietly(form.name.data, form.email.data, hashed, mails=mails)
        return _sent("confirm", earlier)
    try:
        person = self_service.register(form.name.data, form.email.data, hashed)
    except Refused as no:
        form.refuse(no, "email")
        return _register_page(form)
    let_in(person, keep=False)
    flash(_("Welcome, %(name)s. Your account is ready.", name=person.name))
    return redirect(url_for("tickets.mine"), 303)


def _register_page(form, code=None):
    return render_later("accounts/register.html", code or status(form), form=form, domains=_domains())


def status(form):
    return 422 if form.is_submitted() else 200


def _sent(what, earlier):
    """To the sign-in, which says what has been sent; where that was earlier, when."""
    if earlier is None:
        return redirect(url_for("accounts.sign_in", sent=what), 303)
    flash(_was_sent(earlier))
    return redirect(url_for("accounts.sign_in"), 303)


def _was_sent(earlier):
    return _(
        "A mail for this address was asked for at %(time)s already. An address that was never confirmed gets one mail "
        "an hour at most, so look for that one, also among spam.",
        time=format_time(earlier, "short"),
    )


def _registration_closed():
    return current_app.config["REGISTRATION"] == "invite"


def _domains():
    wanted = current_app.config["ALLOWED_EMAIL_DOMAINS"]
    return ", ".join(wanted) if current_app.config["REGISTRATION"] == "domains" else ""


def _domain_allowed(email):
    if current_app.config["REGISTRATION"] != "domains":
        return True
    return fold_address(email).rpartition("@")[2] in current_app.config["ALLOWED_EMAIL_DOMAINS"]


# ---- sign in and out


def _check_password():
    """Count the try, then compare; both before the turn to write, and at the same pace for unknown addresses."""
    form = forms.SignInForm()
    if not form.validate():
        return {}
    email = fold_address(form.email.data)
    browser = _known_browser(email)
    wait = rate_limits.count_sign_in(email, network(), browser)
    if wait:
        return {"wait": wait}
    person = people.by_address(email)
    known = person.password_hash if person else None
    if not passwords.matches(form.password.data, known):
        return {}
    rehashed = passwords.hash(form.password.data) if passwords.is_outdated(known) else None
    found = {"verified": (person.id, known), "rehashed": rehashed}
    return found | (_mail_again(email) if person.confirmed_at is None else {})


def _mail_again(email):
    """When the mail to confirm the address went out, if it is too early for another one."""
    wait = rate_limits.count_mail(email, unconfirmed=True)
    return {"earlier": transactions.now() + wait - rate_limits.UNCONFIRMED_MAIL.within} if wait else {}


def _known_browser(email):
    """The number of this browser, if it has signed in to the account with this address before."""
    person = people.by_address(email)
    return known_browser.number_for(person.id if person else None)


@before_writing(_check_password)
def sign_in(me, verified=None, wait=None, rehashed=None, earlier=None):
    form = forms.SignInForm()
    if request.method == "GET":
        form.next.data = local_path(request.args.get("next"))
    if not form.validate_on_submit():
        return _sign_in_page(form)
    if wait:
        return too_many(form, wait, _sign_in_page)
    person = still_right(verified)
    if person is None:
        form.refuse(_("The address or the password is not right. Check both and try again."))
        return _sign_in_page(form)
    if person.confirmed_at is None:
        return _not_confirmed(form, person, earlier)
    person.password_hash = rehashed or person.password_hash
    rate_limits.forget_sign_in(person.email, network(), known_browser.number_for(person.id))
    _end_session(me)
    let_in(person, keep=form.keep.data)
    return redirect(_after_sign_in(form, person), 303)


def still_right(verified):
    """The person, unless they were switched off or got another password since theirs was compared."""
    number, known = verified or (None, None)
    person = people.locked(number) if number else None
    return person if person is not None and person.is_active and person.password_hash == known else None


def _sign_in_page(form, code=None):
    return render_later("accounts/sign_in.html", code or status(form), form=form, carries=bool(form.carried.data))


def _not_confirmed(form, person, earlier):
    """The right password for an address that was never confirmed: send the link once more and say so."""
    if not current_app.config["SENDS_MAIL"]:
        form.refuse(_("Your address is not confirmed yet. Ask an admin for a link."))
        return _sign_in_page(form)
    why = reachable.why_not(person.email) or (_was_sent(earlier) if earlier is not None else "")
    if why:
        form.refuse(_("Your address is not confirmed yet.") + " " + why)
        return _sign_in_page(form)
    self_service.ask_confirmation(person)
    return _sent("confirm", None)


def let_in(person, *, keep):
    session.clear()
    session.permanent = keep
    agent, config = request.headers.get("User-Agent", ""), current_app.config
    lasts = timedelta(days=config["SESSION_DAYS"]) if keep else timedelta(hours=config["SESSION_HOURS"])
    person.session_token = sessions.start(person, keep=keep, ip=client(), user_agent=agent, lasts=lasts)
    login_user(person)
    known_browser.remember(person.id)
    g.pop("csrf_token", None)


def _after_sign_in(form, person):
    if form.carried.data:
        page = resubmission.unpack(form.carried.data, person)
        if page:
            flash(_("You are signed in again. Here is what you had typed; it has not been sent yet."))
            return page
    return local_path(form.next.data)


def sign_out(me):
    _end_session(me)
    logout_user()
    session.clear()
    return redirect(url_for("accounts.sign_in", sent="out"), 303)


def _end_session(me):
    """End the session this request came with, so that a copy of its cookie is worthless."""
    row = sessions.mine(me) if me is not None else None
    if row is not None:
        sessions.end(row)


# ---- the first admin


def _before_setup():
    if not forms.SetupForm().validate():
        return {}
    wait = rate_limits.count(rate_limits.KEY_CLIENT, network())
    return {"wait": wait} if wait else hash_password()


@before_writing(_before_setup)
def setup(hashed=None, wait=None):
    if people.any_admin():
        return redirect(url_for("accounts.sign_in"), 303)
    form = forms.SetupForm()
    if not form.validate_on_submit() or reachable.refused(form):
        return _setup_page(form)
    if wait:
        return too_many(form, wait, _setup_page)
    try:
        person = people.make_first_admin(form.key.data, form.name.data, form.email.data, hashed)
    except Refused as no:
        form.refuse(no, "key")
        return _setup_page(form)
    let_in(person, keep=False)
    flash(_("Welcome, %(name)s. You are the first admin of this desk.", name=person.name))
    return redirect(url_for("triage.triage"), 303)


def _setup_page(form, code=None):
    return render_later("accounts/setup.html", code or status(form), form=form)


# ---- forgotten password


def _before_forgot():
    form = forms.ForgotForm()
    if not form.validate() or reachable.why_not(form.email.data):
        return {}
    email = fold_address(form.email.data)
    earlier = rate_limits.last(rate_limits.RESET_ACCOUNT, email)
    wait = rate_limits.count(rate_limits.RESET_CLIENT, network()) or rate_limits.count(rate_limits.RESET_ACCOUNT, email)
    if wait:
        return {"wait": wait}
    mails = rate_limits.count_mail(email, self_service.is_unconfirmed(email)) is None
    return {"mails": mails, "earlier": earlier}


@before_writing(_before_forgot)
def forgot(wait=None, mails=True, earlier=None):
    form = forms.ForgotForm()
    if not form.validate_on_submit() or reachable.refused(form):
        return _forgot_page(form)
    if wait:
        return too_many(form, wait, _forgot_page)
    if current_app.config["SENDS_MAIL"]:
        self_service.ask_reset(form.email.data, mails=mails)
        if earlier is not None:
            flash(_was_sent(earlier))
        return redirect(url_for("accounts.sign_in", sent="reset"), 303)
    return _forgot_page(form, 200)


def _forgot_page(form, code=None):
    return render_later("accounts/forgot.html", code or status(form), form=form)
