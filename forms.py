"""What may be typed: fields, lengths and messages. A form queries nothing; views hand in the choices."""

from __future__ import annotations

import secrets
import unicodedata
from zoneinfo import available_timezones

from flask_babel import get_locale, lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import escape
from wtforms import (
    BooleanField,
    HiddenField,
    MultipleFileField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    SubmitField,
    TextAreaField,
    ValidationError,
)
from wtforms.meta import DefaultMeta
from wtforms.validators import Length, Optional, StopValidation
from wtforms.widgets import Select

from helpdesk import choices, text
from helpdesk.accounts import passwords
from helpdesk.email_addresses import NotAnAddress, fold_address

REQUIRED = _l("Please fill in this field.")


def _clean(value):
    return text.clean(value) if value else value


def _clean_line(value):
    return text.clean_line(value) if value else value


class _Final:
    """A check after whose failure no further check of the field runs: the next could cost more than it is worth."""

    def __init__(self, check):
        self.check = check
        self.field_flags = getattr(check, "field_flags", {})

    def __call__(self, form, field):
        try:
            self.check(form, field)
        except ValidationError as wrong:
            raise StopValidation(*wrong.args) from None


def _checks(*checks):
    """The checks of a field in the order in which they run, lengths first. The first that fails is the last."""
    return [_Final(check) for check in checks]


def _one_line(form, field):
    """Every character that Python's mail package takes for a line end counts, else it would stop the mail later."""
    if len((field.data or "").splitlines()) > 1:
        raise ValidationError(_l("Please use a single line here."))


def _given(form, field):
    """Something was sent, be it blanks."""
    if not field.data:
        raise StopValidation(field.required_message)


def _filled(form, field):
    """Something that can be seen: neither blanks alone nor invisible marks alone."""
    if all(unicodedata.category(letter)[0] in "CZ" for letter in field.data or ""):
        raise StopValidation(field.required_message)


def _address(form, field):
    if not field.data:
        return
    try:
        fold_address(field.data)
    except NotAnAddress as wrong:
        raise ValidationError(str(wrong)) from None


def line_field(label, *, most, least=0, required=REQUIRED, more=(), **options):
    """One line of text: trimmed, without control characters, within its length."""
    not_too_long = Length(max=most, message=_l("Please use at most %(max)d characters."))
    checks = [not_too_long, _filled if required else Optional(), _one_line]
    if least:
        checks.append(Length(min=least, message=_l("Please use at least %(min)d characters.")))
    field = _RequiredString if required else StringField
    return field(label, filters=[_clean_line], validators=_checks(*checks, *more), **options)


class _RequiredString(StringField):
    required_message = REQUIRED


class _RequiredText(TextAreaField):
    required_message = REQUIRED


def text_field(label, *, message=REQUIRED, most=choices.BODY_MAX):
    """A longer text. Line ends count as one character, as the browser counts them."""

    class Text(_RequiredText):
        required_message = message

    too_long = _l("This is too long. Please use at most %(max)d characters.")
    return Text(label, filters=[_clean], validators=_checks(Length(max=most, message=too_long), _filled))


def email_field(label=_l("Email address"), **options):
    render = {"autocomplete": "email", "inputmode": "email", "autocapitalize": "off", "spellcheck": "false"}
    return line_field(label, most=254, more=[_address], render_kw=render | options.pop("render_kw", {}), **options)


class _Password(PasswordField):
    required_message = REQUIRED


def _good_password(form, field):
    if passwords.is_common(field.data):
        raise ValidationError(_l("This password is among the first that are tried. Please choose another one."))


def _new_password(label=_l("Password")):
    length = Length(
        min=choices.PASSWORD_MIN,
        max=choices.PASSWORD_MAX,
        message=_l("Please use %(min)d to %(max)d characters."),
    )
    checks = _checks(_given, length, _good_password)
    return _Password(label, validators=checks, render_kw={"autocomplete": "new-password"})


def _known_password(label=_l("Password")):
    length = Length(max=1000, message=_l("This is too long for a password."))
    return _Password(label, validators=_checks(_given, length), render_kw={"autocomplete": "current-password"})


def choices_of(pairs):
    """Pairs of value and label as the choices of a select field."""
    return [SelectChoice(value, label) for value, label in pairs]


class _Options(Select):
    """A list of options, written as plainly as it is: WTForms takes longer for thirty than for the rest of a page."""

    @classmethod
    def render_option(cls, choice, **kwargs):
        chosen = " selected" if choice.selected else ""
        return f'<option{chosen} value="{escape(choice.value)}">{escape(choice.label)}</option>'


def choice_field(label, pairs, **more):
    """A choice from a list; a value that is not in it is an error, never a crash."""
    return SelectField(label, choices=choices_of(pairs), widget=_Options(), **more)


def name_field(label=_l("Full name")):
    return line_field(label, most=choices.NAME_MAX, render_kw={"autocomplete": "name"})


class Form(FlaskForm):
    """A form whose own rules may be joined by what an act refuses."""

    class Meta(FlaskForm.Meta):
        @property
        def locales(self):
            return (str(get_locale() or "en"),)

        def get_translations(self, form):
            """WTForms keeps what it has read of a language; Flask-WTF would read the file anew for each page."""
            return DefaultMeta.get_translations(self, form)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self:
            field.form = self

    @property
    def first_wrong(self):
        """The field to put the cursor into: the first one with an error."""
        return next((field for field in self if field.errors), None)

    def refuse(self, why, field=None):
        """Show the reason at the field, or above the form."""
        if field is None:
            self.form_errors.append(str(why))
        else:
            self[field].errors = [*self[field].errors, str(why)]

    # The draft that fills the form, where there is one.
    draft = None

    def show(self, draft):
        """Fill in what somebody had typed and not sent, with what they had seen by then."""
        self.draft = draft
        for field in self:
            if draft and field.name in draft.fields:
                field.process_formdata([draft.fields[field.name]])
        if draft and "draft_page" in self:
            self["draft_page"].data = draft.page


class OnceForm(Form):
    """A form that makes something: sent twice, it makes it once. It knows the last event its reader could see."""

    form_token = HiddenField(default=lambda: secrets.token_urlsafe(18), filters=[_clean], validators=[Length(max=40)])
    seen = HiddenField(default="")
    # Of the draft that the page came with: what the page sends or keeps takes its place.
    draft_page = HiddenField(default="")

    @property
    def token(self):
        return self.form_token.data or None


class FilesForm(OnceForm):
    """A form that takes files. `attached` are those that it has already, as views/compose/uploads.py shows them."""

    files = MultipleFileField(_l("Attach files"))
    attached = ()


class EmptyForm(Form):
    """A single button."""


# ---- accounts


class RegisterForm(Form):
    name = name_field()
    email = email_field()
    password = _new_password()
    submit = SubmitField(_l("Create account"))


class SignInForm(Form):
    email = email_field(render_kw={"autocomplete": "username"})
    password = _known_password()
    keep = BooleanField(_l("Keep me signed in"))
    next = HiddenField()
    carried = HiddenField()
    submit = SubmitField(_l("Sign in"))


class SetupForm(RegisterForm):
    key = line_field(_l("One-time key"), most=80, render_kw={"autocomplete": "off", "spellcheck": "false"})
    submit = SubmitField(_l("Create the first admin"))


class ForgotForm(Form):
    email = email_field()
    submit = SubmitField(_l("Send me a link"))


class NewPasswordForm(Form):
    password = _new_password(_l("New password"))
    submit = SubmitField(_l("Save password"))


class InvitationForm(Form):
    name = name_field()
    password = _new_password()
    submit = SubmitField(_l("Create account"))


class ProfileForm(Form):
    name = name_field()
    time_zone = choice_field(_l("Time zone"), [])
    theme = choice_field(_l("Theme"), choices.THEMES.items())
    wants_every_new = BooleanField(_l("Tell me about every new ticket by mail"))
    shortcuts = BooleanField(_l("Single keys do things, such as “c” to raise a ticket"))
    submit = SubmitField(_l("Save profile"))

    def __init__(self, *args, desk_zone="UTC", **kwargs):
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        desk = _l("The desk's own (%(zone)s)", zone=desk_zone)
        named = ((zone, zone.replace("_", " ")) for zone in zones)
        self.time_zone.choices = choices_of([("", desk), ("UTC", "UTC"), *named])


class ChangePasswordForm(Form):
    current_password = _known_password(_l("Current password"))
    new_password = _new_password(_l("New password"))
    submit = SubmitField(_l("Change password"))


class ChangeAddressForm(Form):
    email = email_field(_l("New email address"))
    current_password = _known_password(_l("Current password"))
    submit = SubmitField(_l("Change address"))


class ConfirmAddressForm(Form):
    """Asked of whoever opens the link in a browser where that person is not signed in."""

    password = _known_password()
    submit = SubmitField(_l("Confirm address"))


TAGS_OPTIONS = {"list": "used-tags", "autocomplete": "off", "data-tags": ""}
