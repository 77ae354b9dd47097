"""Reads the plays of the made-up company in demo_company/, and says when each of their acts happened.

A play is a paragraph: the subject; who raised it how long ago (and which priority, "request", "by" which agent);
the description; then the acts, each with who, how long after the one before, what, and the words. "links" names how
and the subject of another play, "duplicate" and "merges" the subject alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from helpdesk.choices import PRIORITY_RANKS

FOLDER = Path(__file__).resolve().parent / "demo_company"
AUTO_CLOSE = timedelta(days=7)

SPOKEN = ("says", "note", "resolves")
RELATING = ("links", "duplicate", "merges")
CHANGES = ("takes", "assigns", "pending", "closes", "reopens", "priority", "tags", "watch", "trashes")
VERBS = SPOKEN + RELATING + CHANGES
_ACT = re.compile(rf"(\w+) (\d+[mhd]) ({'|'.join(VERBS)}):? ?(.*)")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True)
class Act:
    """`who` is a first name, or "desk" for the desk itself; `after` counts from the act before."""

    who: str
    after: timedelta
    verb: str
    words: str

    @property
    def other(self) -> str | None:
        """The subject of the other ticket it is about, where there is one."""
        if self.verb not in RELATING:
            return None
        return self.words.partition(" ")[2] if self.verb == "links" else self.words


@dataclass
class Play:
    """One ticket and all that happens to it. `moments` has the time of the raising and then of each act."""

    category: str
    subject: str
    requester: str
    age: timedelta
    raised_by: str
    priority: str = "normal"
    type: str = "incident"
    description: str = ""
    acts: list[Act] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)


def people() -> Iterator[tuple[str, str, str]]:
    """Name, role and address of everybody. The role "address" means no account, "left" one that is switched off."""
    for line in (FOLDER / "people.txt").read_text("utf-8").splitlines():
        name, role, email = line.split(", ")
        yield name, role, email


def views() -> Iterator[tuple[str, str]]:
    """Name and query of each view that all agents have."""
    for line in (FOLDER / "views.txt").read_text("utf-8").splitlines():
        name, query = line.split(", ", 1)
        yield name, query


def plays(now: datetime, zone: ZoneInfo) -> list[Play]:
    """All plays with their times, all of them before `now`. The same day of the week gives the same times of day."""
    chance = random.Random(1903)
    found = []
    for path in sorted(FOLDER.glob("tickets-*.txt")):
        category, *paragraphs = path.read_text("utf-8").strip().split("\n\n")
        found += [_read(category, paragraph.splitlines()) for paragraph in paragraphs]
    for play in found:
        _set_times(play, now, zone, chance)
    return found


def _read(category: str, lines: list[str]) -> Play:
    subject, first, *rest = lines
    who, age, *words = first.split()
    play = Play(category, subject, who, _length(age), who)
    for word in words:
        if word in PRIORITY_RANKS:
            play.priority = word
        elif word == "request":
            play.type = word
        else:
            play.raised_by = word.removeprefix("by:")
    acts = [(line, _ACT.fullmatch(line)) for line in rest]
    play.description = "\n".join(line for line, act in acts if act is None)
    play.acts = [Act(act[1], _length(act[2]), act[3], act[4]) for _line, act in acts if act is not None]
    return play


def _length(text: str) -> timedelta:
    return int(text[:-1]) * _UNITS[text[-1]]


def _set_times(play: Play, now: datetime, zone: ZoneInfo, chance: random.Random) -> None:
    """Acts fall into working hours, but for what happened today: that has to have happened by now."""
    at = now - play.age
    if play.age >= _UNITS["d"]:
        hour = timedelta(hours=8, minutes=chance.randrange(9 * 60))
        at = datetime.combine(_working_day(at.astimezone(zone).date()), time(), zone) + hour
    play.moments = [at]
    for left, act in zip(range(len(play.acts), 0, -1), play.acts):
        wanted = _working_time(at + act.after, zone) if play.age >= _UNITS["d"] else at + act.after
        at = wanted if wanted < now - left * _UNITS["m"] else at + (now - at) / (left + 1)
        play.moments.append(at)
    if play.acts and play.acts[-1].verb == "resolves" and at + AUTO_CLOSE < now:
        play.acts.append(Act("desk", AUTO_CLOSE, "closes", ""))
        play.moments.append(at + AUTO_CLOSE)


def _working_day(day: date) -> date:
    """The day itself, or the Friday before it."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _working_time(at: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself, or as far into the next working morning as it was past the evening before."""
    local = at.astimezone(zone)
    if local.hour >= 18:
        local = local + timedelta(hours=14)
    elif local.hour < 8:
        local = local + timedelta(hours=8 - local.hour)
    return local + timedelta(days=7 - local.weekday() if local.weekday() >= 5 else 0)
