"""Live news: one thread a process reads what has happened and wakes the open streams that may hear of it."""

from __future__ import annotations

import json
import logging
import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from helpdesk.db import transactions
from helpdesk.live import feed, presence
from models import Person, db
from web.live_cursors import sealed
from web.outages.outage_log import note

log = logging.getLogger("desk.live")
POLL_SECONDS = 0.04
LOOK_SECONDS = 0.25
CHECK_SECONDS = 4.0
BEAT_SECONDS = 20.0
MOST_WAITING = 1000
MOST_A_PERSON = 12


@dataclass(eq=False)
class Stream:
    """One open stream: whose it is, what its page has seen, its connection, and the lines that wait to be sent."""

    person: int
    session: str
    role: str
    seen: feed.Cursor | None = None
    socket: socket.socket | None = None
    waiting: deque[str] = field(default_factory=deque)
    wake: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def hears(self, hint: feed.Hint) -> bool:
        """Whether this is for its person, and new to its page."""
        new = self.seen is None or not all(map(self.seen.covers, hint.events))
        return new and hint.heard_by(self.person, self.role)

    def send(self, lines: str) -> None:
        with self.wake:
            if len(self.waiting) >= MOST_WAITING:
                self.close()
            elif not self.closed:
                self.waiting.append(lines)
                self.wake.notify()

    def close(self) -> None:
        """Nothing more is sent, not even what waits already."""
        with self.wake:
            self.closed = True
            self.waiting.clear()
            self.wake.notify()

    def lines(self) -> Iterator[str]:
        """What to write to the browser, as it comes; a beat where nothing comes; ends when the stream is closed."""
        # After a restart not everybody comes back in the same moment.
        yield f"retry: {random.randint(800, 2200)}\n: hello\n\n"
        while True:
            with self.wake:
                if not self.waiting and not self.closed:
                    self.wake.wait(BEAT_SECONDS)
                if self.closed:
                    return
                sent = "".join(self.waiting) or ": beat\n\n"
                self.waiting.clear()
            yield sent

    def hang_up(self) -> None:
        """Otherwise the server would keep the connection for a next request, also while it stops."""
        if self.socket is not None:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # The browser was faster.

    def has_left(self) -> bool:
        """Whether the browser has closed the connection; asked when there is something to read on it."""
        try:
            return self.socket is not None and not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


class Hub:
    """The streams of this process and the thread that feeds them, which runs while there are any."""

    def __init__(self, app: Flask, most: int) -> None:
        self.app, self.most = app, most
        self.streams: set[Stream] = set()
        self.stopped = False
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked = self._checked = self._met = 0.0
        self._away = False
        self._present = presence.Watch()

    def open(self, person: Person, session: str, seen: feed.Cursor, sock: Any = None) -> Stream | None:
        """A new stream, or None where this process or this person has as many as they may."""
        stream = Stream(person.id, session, person.role, seen, sock)
        with self._lock:
            if self.stopped:
                stream.close()  # The browser comes again, and meets the next process.
                return stream
            own = sum(1 for other in self.streams if other.person == stream.person)
            if len(self.streams) >= self.most or own >= MOST_A_PERSON:
                return None
            self._start()
            self.streams.add(stream)
        if self.stopped:
            stream.close()  # The signal came in between.
        try:
            self._tell_missed(stream, person, seen)
        except BaseException:
            self.leave(stream)
            raise
        return stream

    def leave(self, stream: Stream) -> None:
        stream.hang_up()
        with self._lock:
            self.streams.discard(stream)

    def changed(self) -> None:
        """Something was committed in this process: read at once."""
        if self.streams:
            self._changed.set()

    def stop(self) -> None:
        """End every stream, so that the process can end."""
        self.stopped = True
        for stream in list(self.streams):
            stream.close()
        self._changed.set()

    def _start(self) -> None:
        """The reader's place is taken before the stream's own look at what it missed: nothing falls in between."""
        if self._thread is None or not self._thread.is_alive():
            reader = feed.Reader.starting()
            self._thread = threading.Thread(target=self._run, args=(reader,), name="live", daemon=True)
            self._thread.start()

    def _tell_missed(self, stream: Stream, person: Person, seen: feed.Cursor) -> None:
        transactions.rollback()  # What this request has read so far may be older than the stream.
        mark, tickets = feed.missed(person, seen)
        stream.seen = mark
        if tickets != []:
            stream.send(_frame(sealed(mark), tickets, True))

    def _run(self, reader: feed.Reader) -> None:
        with self.app.app_context():
            while self._is_wanted():
                self._changed.wait(POLL_SECONDS)
                self._changed.clear()
                self._drop_those_who_left()
                reader = self._round(reader)

    def _is_wanted(self) -> bool:
        with self._lock:
            if self.streams and not self.stopped:
                return True
            self._thread = None
            return False

    def _round(self, reader: feed.Reader) -> feed.Reader:
        """Read, judge who may still listen, tell. While the database is away the streams stay, and nothing is lost."""
        try:
            hints, ahead = reader.read()
            present = self._who_came_or_went()
            if hints or present or time.monotonic() - self._checked > CHECK_SECONDS:
                self._end_the_dead()
        except Exception as error:
            if not self._away:
                note(log, "live news cannot be read", error)
            self._away = True
            time.sleep(1)
            return reader
        finally:
            self._let_go()
        self._away = False
        self._tell(hints, ahead.cursor)
        self._tell_agents("".join(f'event: presence\ndata: {{"ticket": {ticket}}}\n\n' for ticket in present))
        return ahead

    def _who_came_or_went(self) -> set[int]:
        """The tickets whose agents should look again: asked for once a second at most, and only where agents listen."""
        if time.monotonic() - self._met < LOOK_SECONDS or all(s.role == "user" for s in list(self.streams)):
            return set()
        self._met = time.monotonic()
        return self._present.changed()

    def _let_go(self) -> None:
        """Between two looks no connection and no transaction is held."""
        try:
            transactions.rollback()
        except Exception:
            log.debug("the connection is lost", exc_info=True)
        db.session.remove()

    def _end_the_dead(self) -> None:
        """Close the streams whose session has ended or whose person has another role now."""
        streams = list(self.streams)
        alive = feed.still_signed_in(list({stream.session for stream in streams})) if streams else {}
        for stream in streams:
            if alive.get(stream.session) != stream.role:
                stream.close()
        self._checked = time.monotonic()

    def _drop_those_who_left(self) -> None:
        """Every page that is left leaves a stream behind; its thread and its place are wanted for the next one."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        poll, by_number = select.poll(), {}
        for stream in list(self.streams):
            number = stream.socket.fileno() if stream.socket is not None else -1
            if number >= 0:
                by_number[number] = stream
                poll.register(number, select.POLLIN)
        for number, _events in poll.poll(0):
            if by_number[number].has_left():
                by_number[number].close()

    def _tell(self, hints: list[feed.Hint], mark: feed.Cursor) -> None:
        written = sealed(mark) if hints else ""
        for stream in list(self.streams) if hints else ():
            heard = [hint for hint in hints if stream.hears(hint)]
            # What is undone takes news back, so the few whose ticket it is always count anew.
            bell = stream.role == "user" or any(stream.person in hint.owed for hint in heard)
            if heard:
                stream.send(_frame(written, [hint.ticket for hint in heard], bell))
            if stream.seen is not None and stream.seen.high <= mark.high:
                stream.seen = None  # From here on whatever is read is new to it.

    def _tell_agents(self, lines: str) -> None:
        for stream in list(self.streams) if lines else ():
            if stream.role != "user":
                stream.send(lines)


def _frame(mark: str, tickets: list[int] | None, bell: bool) -> str:
    """One event of the stream. Its id is the place to go on from; no list of tickets asks for the whole page."""
    told: dict[str, Any] = {"tickets": tickets, "bell": bell}
    if tickets is None or len(tickets) > feed.MOST_TOLD:
        told = {"tickets": [], "reload": True, "bell": True}
    return f"id: {mark}\ndata: {json.dumps(told)}\n\n"


def set_up(app: Flask) -> None:
    app.extensions["live"] = Hub(app, app.config["LIVE_STREAMS"])
