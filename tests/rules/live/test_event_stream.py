"""A stream by itself: what it does with a browser that does not read."""

from web import event_stream
from web.event_stream import Stream


def stream():
    return Stream(person=1, session="s", role="agent")


def test_a_browser_that_never_reads_is_dropped_and_nobody_else_waits(monkeypatch):
    monkeypatch.setattr(event_stream, "MOST_WAITING", 3)
    asleep, awake = stream(), stream()
    lines = awake.lines()
    next(lines)
    for number in range(4):
        for one in (asleep, awake):
            one.send(f"data: {number}\n\n")
        assert next(lines) == f"data: {number}\n\n"
    assert asleep.closed and not awake.closed
    assert list(asleep.lines())[1:] == [], "of what waited nothing is sent any more"


def test_several_lines_that_wait_go_out_together():
    one = stream()
    lines = one.lines()
    next(lines)
    one.send("data: 1\n\n")
    one.send("data: 2\n\n")
    assert next(lines) == "data: 1\n\ndata: 2\n\n"
