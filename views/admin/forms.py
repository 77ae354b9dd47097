"""What admins may type."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SubmitField

from forms import Form, choice_field, choices_of, email_field, line_field, name_field
from helpdesk import choices


class InviteForm(Form):
    name = name_field()
    email = email_field(render_kw={"autocomplete": "off"})
    role = choice_field(_l("Role"), choices.ROLES.items(), default="user")
    submit = SubmitField(_l("Invite"))


class RoleForm(Form):
    role = choice_field(_l("Role"), choices.ROLES.items())
    submit = SubmitField(_l("Change role"))


class CategoryForm(Form):
    name = line_field(_l("Name"), most=choices.CATEGORY_MAX, render_kw={"autocomplete": "off"})
    submit = SubmitField(_l("Add category"))


class MoveForm(Form):
    direction = RadioField(choices=choices_of([("up", _l("Up")), ("down", _l("Down"))]))
