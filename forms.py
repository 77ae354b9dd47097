"""What may be typed: fields, lengths and messages. A form queries nothing; views hand in the choices."""

from __future__ import annotations

import secrets
import unicodedata
from zoneinfo import available_timezones

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import escape
from wtforms import (
    BooleanField,
    HiddenField,
    MultipleFileField,
    PasswordField,
    RadioField,
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

from helpdesk import passwords, text, words
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


def _line(label, *, most, least=0, required=REQUIRED, more=(), **options):
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


def _text(label, *, message=REQUIRED, most=words.BODY_MAX):
    """A longer text. Line ends count as one character, as the browser counts them."""

    class Text(_RequiredText):
        required_message = message

    too_long = _l("This is too long. Please use at most %(max)d characters.")
    return Text(label, filters=[_clean], validators=_checks(Length(max=most, message=too_long), _filled))


def _email(label=_l("Email address"), **options):
    render = {"autocomplete": "email", "inputmode": "email", "autocapitalize": "off", "spellcheck": "false"}
    return _line(label, most=254, more=[_address], render_kw=render | options.pop("render_kw", {}), **options)


class _Password(PasswordField):
    required_message = REQUIRED


def _good_password(form, field):
    if passwords.is_common(field.data):
        raise ValidationError(_l("This password is among the first that are tried. Please choose another one."))


def _new_password(label=_l("Password")):
    length = Length(
        min=words.PASSWORD_MIN,
        max=words.PASSWORD_MAX,
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


def _choice(label, pairs, **more):
    """A choice from a list; a value that is not in it is an error, never a crash."""
    return SelectField(label, choices=choices_of(pairs), widget=_Options(), **more)


def _name(label=_l("Full name")):
    return _line(label, most=words.NAME_MAX, render_kw={"autocomplete": "name"})


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


class _OnceForm(Form):
    """A form that makes something: sent twice, it makes it once. It knows the last event its reader could see."""

    form_token = HiddenField(default=lambda: secrets.token_urlsafe(18), filters=[_clean], validators=[Length(max=40)])
    seen = HiddenField(default="")

    @property
    def token(self):
        return self.form_token.data or None


class _FilesForm(_OnceForm):
    """A form that takes files. `attached` are those that it has already, as views/uploads.py shows them."""

    files = MultipleFileField(_l("Attach files"))
    attached = ()


class EmptyForm(Form):
    """A single button."""


# ---- accounts


class RegisterForm(Form):
    name = _name()
    email = _email()
    password = _new_password()
    submit = SubmitField(_l("Create account"))


class SignInForm(Form):
    email = _email(render_kw={"autocomplete": "username"})
    password = _known_password()
    keep = BooleanField(_l("Keep me signed in"))
    next = HiddenField()
    carried = HiddenField()
    submit = SubmitField(_l("Sign in"))


class SetupForm(RegisterForm):
    key = _line(_l("One-time key"), most=80, render_kw={"autocomplete": "off", "spellcheck": "false"})
    submit = SubmitField(_l("Create the first admin"))


class ForgotForm(Form):
    email = _email()
    submit = SubmitField(_l("Send me a link"))


class NewPasswordForm(Form):
    password = _new_password(_l("New password"))
    submit = SubmitField(_l("Save password"))


class InvitationForm(Form):
    name = _name()
    password = _new_password()
    submit = SubmitField(_l("Create account"))


class ProfileForm(Form):
    name = _name()
    time_zone = _choice(_l("Time zone"), [])
    theme = _choice(_l("Theme"), words.THEMES.items())
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
    email = _email(_l("New email address"))
    current_password = _known_password(_l("Current password"))
    submit = SubmitField(_l("Change address"))


class ConfirmAddressForm(Form):
    """Asked of whoever opens the link in a browser where that person is not signed in."""

    password = _known_password()
    submit = SubmitField(_l("Confirm address"))


class InviteForm(Form):
    name = _name()
    email = _email(render_kw={"autocomplete": "off"})
    role = _choice(_l("Role"), words.ROLES.items(), default="user")
    submit = SubmitField(_l("Invite"))


class RoleForm(Form):
    role = _choice(_l("Role"), words.ROLES.items())
    submit = SubmitField(_l("Change role"))


# ---- tickets


def _subject():
    return _line(
        _l("Subject"),
        least=words.SUBJECT_MIN,
        most=words.SUBJECT_MAX,
        required=True,
        render_kw={"autocomplete": "off"},
    )


class TicketForm(_FilesForm):
    """Raise a ticket. For agents also the person it is for."""

    requester = _line(_l("On behalf of"), most=400, required=None, render_kw={"list": "people", "autocomplete": "off"})
    subject = _subject()
    description = _text(_l("Description"), message=_l("Please describe what you need, so that somebody can help."))
    type = _choice(_l("Type"), words.TYPES.items(), default="incident")
    category = _choice(_l("Category"), [])
    priority = _choice(_l("Priority"), words.PRIORITY_HINTS.items(), default="normal")
    submit = SubmitField(_l("Submit ticket"))

    def __init__(self, *args, categories=(), for_agent=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.category.choices = choices_of([("", _l("I am not sure")), *((str(c.id), c.name) for c in categories)])
        if not for_agent:
            del self.requester


class ReplyForm(_FilesForm):
    body = _text(_l("Reply"), message=_l("Please write something before you send it."))
    submit = SubmitField(_l("Send reply"))
    resolve = SubmitField(_l("Send and resolve"))


class NoteForm(_FilesForm):
    body = _text(_l("Internal note"), message=_l("Please write something before you add it."))
    submit = SubmitField(_l("Add note"))


class CorrectForm(_OnceForm):
    body = _text(_l("Text"))
    submit = SubmitField(_l("Save correction"))


class FactsForm(_OnceForm):
    """What an agent sets on a ticket. The choices hold the present values too, also a retired category."""

    status = _choice(_l("Status"), words.STATUSES.items())
    reason = _line(
        _l("What is it waiting for?"), most=words.REASON_MAX, required=None, render_kw={"autocomplete": "off"}
    )
    assignee = _choice(_l("Assignee"), [])
    priority = _choice(_l("Priority"), [(words.PRIORITY_NAMES[rank], name) for rank, name in words.PRIORITIES.items()])
    category = _choice(_l("Category"), [])
    type = _choice(_l("Type"), words.TYPE_NAMES.items())
    was = HiddenField(validators=[Length(max=200)])
    submit = SubmitField(_l("Save changes"))


class EditForm(_OnceForm):
    """Subject and description; for agents also the requester."""

    subject = _subject()
    description = _text(_l("Description"), message=_l("Please describe what you need, so that somebody can help."))
    requester = _line(_l("Requester"), most=400, render_kw={"list": "people", "autocomplete": "off"})
    submit = SubmitField(_l("Save ticket"))

    def __init__(self, *args, for_agent=False, **kwargs):
        super().__init__(*args, **kwargs)
        if not for_agent:
            del self.requester


class WatcherForm(Form):
    watcher = _line(_l("Add a watcher"), most=400, render_kw={"list": "people", "autocomplete": "off"})
    submit = SubmitField(_l("Add watcher"))


_TAGS_KW = {"list": "used-tags", "autocomplete": "off", "data-tags": ""}


class TagsForm(Form):
    """The tags of a ticket, and what they were when the page was shown."""

    was = HiddenField(validators=[Length(max=400)])
    tags = _line(_l("Tags"), most=400, required=None, render_kw=_TAGS_KW)
    submit = SubmitField(_l("Save tags"))


def _ticket_number(label=_l("Number of the other ticket")):
    return _line(label, most=12, render_kw={"inputmode": "numeric", "autocomplete": "off"})


class LinkForm(Form):
    how = _choice(_l("How"), [(how, words.HOWS[how]) for how in words.HOWS_TO_CHOOSE], default="related")
    number = _ticket_number()
    submit = SubmitField(_l("Link"))


class DuplicateForm(Form):
    number = _ticket_number(_l("Duplicate of ticket number"))
    submit = SubmitField(_l("Close as duplicate"))


class MergeForm(Form):
    into = _ticket_number(_l("Merge into ticket number"))
    follow = BooleanField(_l("Let them follow the other ticket"))
    agreed = HiddenField()
    submit = SubmitField(_l("Merge"))


class SplitForm(_OnceForm):
    subject = _subject()
    submit = SubmitField(_l("Raise a ticket"))


class UnlinkForm(Form):
    how = _choice(_l("How"), words.HOWS.items())
    number = _ticket_number()


class PurgeForm(Form):
    number = _line(_l("Type the ticket's number to remove it for good"), most=12, render_kw={"inputmode": "numeric"})
    submit = SubmitField(_l("Remove for good"))


class BulkForm(Form):
    """What to do to the selected tickets. A field that is left empty changes nothing."""

    assignee = _choice(_l("Assign to"), [], default="")
    status = _choice(
        _l("Status"),
        [("", _l("Status")), *((s, words.STATUSES[s]) for s in words.STATUSES if s != "new"), ("spam", _l("Spam"))],
        default="",
    )
    reason = _line(_l("What are they waiting for?"), most=words.REASON_MAX, required=None)
    priority = _choice(
        _l("Priority"),
        [("", _l("Priority")), *((words.PRIORITY_NAMES[rank], name) for rank, name in words.PRIORITIES.items())],
        default="",
    )
    category = _choice(_l("Category"), [], default="")
    tag = _line(_l("Add tags"), most=400, required=None, render_kw=_TAGS_KW)
    untag = _line(_l("Take tags off"), most=400, required=None, render_kw=_TAGS_KW)
    delete = HiddenField(validators=[Length(max=1)])

    def __init__(self, *args, agents=(), categories=(), **kwargs):
        super().__init__(*args, **kwargs)
        named = [(str(agent.id), agent.name) for agent in agents]
        self.assignee.choices = choices_of([("", _l("Assign to")), ("nobody", _l("Nobody")), *named])
        filed = [(str(category.id), category.name) for category in categories]
        self.category.choices = choices_of([("", _l("Category")), ("none", _l("None")), *filed])

    @property
    def chosen(self):
        """By name what was chosen. Where tickets are deleted, nothing else is done to them."""
        if self.delete.data:
            return {"delete": "1"}
        left_out = ("csrf_token", "delete") if self.status.data == "pending" else ("csrf_token", "delete", "reason")
        return {field.name: field.data for field in self if field.name not in left_out and field.data}


class SaveViewForm(Form):
    name = _line(_l("Name"), most=60, render_kw={"autocomplete": "off"})
    query = _line(_l("Query"), most=400, required=None, render_kw={"autocomplete": "off", "spellcheck": "false"})
    sort = HiddenField(default="activity")
    columns = HiddenField()
    shared = BooleanField(_l("For all agents"))
    submit = SubmitField(_l("Save view"))

    def __init__(self, *args, for_admin=False, **kwargs):
        super().__init__(*args, **kwargs)
        if not for_admin:
            del self.shared


class PlaceForm(Form):
    """Where a view stands in somebody's list, and whether it stands there at all."""

    view = HiddenField(validators=[Length(max=20)])
    act = RadioField(choices=choices_of([("up", ""), ("down", ""), ("hide", ""), ("show", "")]))


class CategoryForm(Form):
    name = _line(_l("Name"), most=words.CATEGORY_MAX, render_kw={"autocomplete": "off"})
    submit = SubmitField(_l("Add category"))


class MoveForm(Form):
    direction = RadioField(choices=choices_of([("up", _l("Up")), ("down", _l("Down"))]))
