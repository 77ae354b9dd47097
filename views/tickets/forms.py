"""What may be typed on the pages of a ticket."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SubmitField
from wtforms.validators import Length

from forms import TAGS_OPTIONS, FilesForm, Form, OnceForm, choice_field, choices_of, line_field, text_field
from helpdesk import choices

# ---- tickets


def _subject():
    return line_field(
        _l("Subject"),
        least=choices.SUBJECT_MIN,
        most=choices.SUBJECT_MAX,
        required=True,
        render_kw={"autocomplete": "off"},
    )


class TicketForm(FilesForm):
    """Raise a ticket. For agents also the person it is for."""

    requester = line_field(
        _l("On behalf of"), most=400, required=None, render_kw={"list": "people", "autocomplete": "off"}
    )
    subject = _subject()
    description = text_field(_l("Description"), message=_l("Please describe what you need, so that somebody can help."))
    type = choice_field(_l("Type"), choices.TYPES.items(), default="incident")
    category = choice_field(_l("Category"), [])
    priority = choice_field(_l("Priority"), choices.PRIORITY_HINTS.items(), default="normal")
    submit = SubmitField(_l("Submit ticket"))

    def __init__(self, *args, categories=(), for_agent=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.category.choices = choices_of([("", _l("I am not sure")), *((str(c.id), c.name) for c in categories)])
        if not for_agent:
            del self.requester


class ReplyForm(FilesForm):
    body = text_field(_l("Reply"), message=_l("Please write something before you send it."))
    submit = SubmitField(_l("Send reply"))
    resolve = SubmitField(_l("Send and resolve"))


class NoteForm(FilesForm):
    body = text_field(_l("Internal note"), message=_l("Please write something before you add it."))
    submit = SubmitField(_l("Add note"))


class CorrectForm(OnceForm):
    body = text_field(_l("Text"))
    submit = SubmitField(_l("Save correction"))


class FactsForm(OnceForm):
    """What an agent sets on a ticket. The choices hold the present values too, also a retired category."""

    status = choice_field(_l("Status"), choices.STATUSES.items())
    reason = line_field(
        _l("What is it waiting for?"), most=choices.REASON_MAX, required=None, render_kw={"autocomplete": "off"}
    )
    assignee = choice_field(_l("Assignee"), [])
    priority = choice_field(
        _l("Priority"), [(choices.PRIORITY_NAMES[rank], name) for rank, name in choices.PRIORITIES.items()]
    )
    category = choice_field(_l("Category"), [])
    type = choice_field(_l("Type"), choices.TYPE_NAMES.items())
    was = HiddenField(validators=[Length(max=200)])
    submit = SubmitField(_l("Save changes"))


class EditForm(OnceForm):
    """Subject and description; for agents also the requester."""

    subject = _subject()
    description = text_field(_l("Description"), message=_l("Please describe what you need, so that somebody can help."))
    requester = line_field(_l("Requester"), most=400, render_kw={"list": "people", "autocomplete": "off"})
    submit = SubmitField(_l("Save ticket"))

    def __init__(self, *args, for_agent=False, **kwargs):
        super().__init__(*args, **kwargs)
        if not for_agent:
            del self.requester


class WatcherForm(Form):
    watcher = line_field(_l("Add a watcher"), most=400, render_kw={"list": "people", "autocomplete": "off"})
    submit = SubmitField(_l("Add watcher"))


class TagsForm(Form):
    """The tags of a ticket, and what they were when the page was shown."""

    was = HiddenField(validators=[Length(max=400)])
    tags = line_field(_l("Tags"), most=400, required=None, render_kw=TAGS_OPTIONS)
    submit = SubmitField(_l("Save tags"))


def _ticket_number(label=_l("Number of the other ticket")):
    return line_field(label, most=12, render_kw={"inputmode": "numeric", "autocomplete": "off"})


class LinkForm(Form):
    how = choice_field(_l("How"), [(how, choices.LINK_TYPES[how]) for how in choices.HOWS_TO_CHOOSE], default="related")
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


class SplitForm(OnceForm):
    subject = _subject()
    submit = SubmitField(_l("Raise a ticket"))


class UnlinkForm(Form):
    how = choice_field(_l("How"), choices.LINK_TYPES.items())
    number = _ticket_number()


class PurgeForm(Form):
    number = line_field(
        _l("Type the ticket's number to remove it for good"), most=12, render_kw={"inputmode": "numeric"}
    )
    submit = SubmitField(_l("Remove for good"))
