"""What may be typed beside a list of tickets."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SubmitField
from wtforms.validators import Length

from forms import TAGS_OPTIONS, Form, choice_field, choices_of, line_field
from helpdesk import choices


class BulkForm(Form):
    """What to do to the selected tickets. A field that is left empty changes nothing."""

    assignee = choice_field(_l("Assign to"), [], default="")
    status = choice_field(
        _l("Status"),
        [("", _l("Status")), *((s, choices.STATUSES[s]) for s in choices.STATUSES if s != "new"), ("spam", _l("Spam"))],
        default="",
    )
    reason = line_field(_l("What are they waiting for?"), most=choices.REASON_MAX, required=None)
    priority = choice_field(
        _l("Priority"),
        [("", _l("Priority")), *((choices.PRIORITY_NAMES[rank], name) for rank, name in choices.PRIORITIES.items())],
        default="",
    )
    category = choice_field(_l("Category"), [], default="")
    tag = line_field(_l("Add tags"), most=400, required=None, render_kw=TAGS_OPTIONS)
    untag = line_field(_l("Take tags off"), most=400, required=None, render_kw=TAGS_OPTIONS)
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
    name = line_field(_l("Name"), most=60, render_kw={"autocomplete": "off"})
    query = line_field(_l("Query"), most=400, required=None, render_kw={"autocomplete": "off", "spellcheck": "false"})
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
