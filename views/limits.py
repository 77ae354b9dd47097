"""Counts what a form does, so that it comes back filled where it is too much."""

from helpdesk.errors import TooMany
from views.compose.drafts import is_sent
from web import throttle


def spend(form, me, limit):
    """Raises TooMany, but not for a form that is sent already: its second copy leads to what the first has made."""
    try:
        throttle.spend(me, limit)
    except TooMany:
        if not is_sent(form.token, me):
            raise
