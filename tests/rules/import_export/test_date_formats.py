"""Times in an import: one format a column, the desk's zone where none is written, a question where two formats fit."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from helpdesk.import_export.reading.date_formats import FORMATS, Column, choose, read

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 31, 12, 5, tzinfo=timezone.utc)


def column(*cells):
    made = Column()
    for cell in cells:
        made.add(cell)
    return made


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-03-31 14:05", NOON),
        ("2026-03-31T14:05:00", NOON),
        ("2026/03/31 14:05", NOON),
        ("31.03.2026 14:05", NOON),
        ("03/31/2026 02:05 PM", NOON),
        ("31/Mar/26 2:05 PM", NOON),
        ("31 March 2026, 14:05", NOON),
        ("Mar 31, 2026 2:05:00 PM", NOON),
        ("2026-03-31 14:05:00 UTC", NOON.replace(hour=14)),
        ("2026-03-31T14:05:00+02:00", NOON),
        ("2026-03-31T12:05:00Z", NOON),
        ("1774958700", NOON),
        ("1774958700000", NOON),
        ("31/03/2026 12:05 AM", NOON.replace(day=30, hour=22)),
        ("2026-03-31T12:05:00.000001Z", NOON.replace(microsecond=1)),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_desk_unless_it_names_its_own(text, moment):
    chosen, open_ones = choose({"created_at": column(text)})
    assert not open_ones
    assert read(text, chosen["created_at"], BERLIN) == moment


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-02-30", "13/13/2026", "25:00", "2026-03-31 13:05 PM", "0000-01-01"]
)
def test_what_is_no_time_fits_no_format(text):
    assert column(text).candidates() == []


def test_one_cell_shows_what_the_whole_column_means():
    chosen, open_ones = choose({"created_at": column("03/04/2026", "13/04/2026")})
    assert chosen["created_at"].order == "day-first" and not open_ones
    assert read("03/04/2026", chosen["created_at"], timezone.utc) == datetime(2026, 4, 3, tzinfo=timezone.utc)


def test_another_column_of_the_file_shows_it_too():
    chosen, open_ones = choose({"created_at": column("03/04/2026"), "resolved_at": column("04/13/2026")})
    assert {fmt.order for fmt in chosen.values()} == {"month-first"} and not open_ones


def test_where_two_formats_fit_somebody_must_say_which_is_meant():
    columns = {"created_at": column("03/04/2026", "05/06/2026")}
    assert choose(columns) == ({}, ["created_at"])
    assert choose(columns, "month-first")[0]["created_at"].order == "month-first"


def test_a_cell_that_is_no_time_does_not_change_the_format_of_its_column():
    chosen, _open = choose({"created_at": column("31.03.2026", "soon", "30.03.2026")})
    assert chosen["created_at"] in FORMATS and chosen["created_at"].name.startswith("31.03.2026")
