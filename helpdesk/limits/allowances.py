"""What the settings allow each person in an hour: agents ten times as much as users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from helpdesk.disk.disk_space import MEGABYTE
from helpdesk.limits import usage_limits
from helpdesk.limits.usage_limits import EXPORT, RAISE, REPLY, UPLOAD, Limit
from models import Person

# Agents answer for others all day long.
AGENT_TIMES = 10
# The settings that say how much is allowed in an hour, and the unit of each.
HOURLY = {
    RAISE: ("LIMIT_RAISE", 1),
    REPLY: ("LIMIT_REPLY", 1),
    UPLOAD: ("LIMIT_UPLOAD_MB", MEGABYTE),
    EXPORT: ("LIMIT_EXPORT", 1),
}


def allowance(config: Mapping[str, Any], person: Person, setting: str) -> int:
    """What a setting allows this person; 0 where nothing is limited."""
    allowed: int = config[setting]
    return allowed * AGENT_TIMES if person.is_agent else allowed


def spend(config: Mapping[str, Any], person: Person, limit: Limit, amount: int = 1) -> None:
    """Count an act of the person in the present transaction. Raises TooMany."""
    _hourly(usage_limits.spend, config, person, limit, amount)


def check(config: Mapping[str, Any], person: Person, limit: Limit, amount: int = 1) -> None:
    """Raises TooMany where `spend` would, and counts nothing."""
    _hourly(usage_limits.check, config, person, limit, amount)


def _hourly(count: Callable[..., None], config: Mapping[str, Any], person: Person, limit: Limit, amount: int) -> None:
    setting, unit = HOURLY[limit]
    if most := allowance(config, person, setting) * unit:
        count(limit, person.id, most=most, amount=amount)
