"""Live news: one thread a process reads what has happened and wakes the open streams that may hear of it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from helpdesk import news, store
from models import Person, db

log = logging.getLogger("desk.live")
POLL_SECONDS = 0.25
CHECK_SECONDS = 4.0
BEAT_SECONDS = 20.0
MOST_WAITING = 1000
MOST_A_PERSON = 12


@dataclass(eq=False)
class Stream:
    """One open stream: whose it is, and the lines that wait to be sent."""

    person: int
    session: str
    role: str
    waiting: deque[str] = field(default_factory=deque)
    wake: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def send(self, line: str) -> None:
        with self.wake:
            if len(self.waiting) >= MOST_WAITING:
                self.closed = True
            else:
                self.waiting.append(line)
            self.wake.notify()

    def close(self) -> None:
        with self.wake:
            self.closed = True
            self.waiting.clear()
            self.wake.notify()

    def lines(self) -> Iterator[str]:
        """What to write to the browser, as it comes; a beat where nothing comes; ends when the stream is closed."""
        yield "retry: 2000\n: hello\n\n"
        while True:
            with self.wake:
                if not self.waiting and not self.closed:
                    self.wake.wait(BEAT_SECONDS)
                if self.closed:
                    return
                sent = "".join(self.waiting) or ": beat\n\n"
                self.waiting.clear()
            yield sent


class Hub:
    """The streams of this process and the thread that feeds them. It is started when the first stream opens."""

    def __init__(self, app: Flask, most: int) -> None:
        self.app, self.most = app, most
        self.streams: set[Stream] = set()
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None
        self.stopped = False

    def open(self, person: Person, session: str, last_seen: int | None) -> Stream | None:
        """A new stream, or None where this process or this person has as many as they may."""
        stream = Stream(person.id, session, person.role)
        with self._lock:
            own = sum(1 for other in self.streams if other.person == person.id)
            if self.stopped or len(self.streams) >= self.most or own >= MOST_A_PERSON:
                return None
            self.streams.add(stream)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        if last_seen is not None:
            stream.send(self._missed(person, last_seen))
        return stream

    def leave(self, stream: Stream) -> None:
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

    def _missed(self, person: Person, last_seen: int) -> str:
        """What a browser missed while it was away."""
        missed = news.tickets_since(person, last_seen)
        if missed is None:
            return "event: reload\ndata: {}\n\n"
        newest, tickets = missed
        return "".join(_line(newest, {"ticket": ticket}) for ticket in tickets)

    def _run(self) -> None:
        with self.app.app_context():
            reader = news.Reader(self._quietly(news.newest) or 0)
            checked = time.monotonic()
            while not self.stopped:
                self._changed.wait(POLL_SECONDS if self.streams else 5.0)
                self._changed.clear()
                hints = self._quietly(reader.read) or []
                about = any(hint.person for hint in hints)
                if about or time.monotonic() - checked > CHECK_SECONDS:
                    self._quietly(self._end_the_dead)
                    checked = time.monotonic()
                self._tell(hints)

    def _quietly(self, read: Any) -> Any:
        """The database may be away for a while: the streams stay, and hear of everything once it is back."""
        try:
            return read()
        except Exception as error:
            log.warning("live news could not be read", exc_info=error)
            time.sleep(1)
            return None
        finally:
            store.undo()
            db.session.remove()

    def _end_the_dead(self) -> None:
        """Close the streams whose session has ended or whose person has another role now."""
        streams = list(self.streams)
        alive = news.still_signed_in(list({stream.session for stream in streams})) if streams else {}
        for stream in streams:
            if alive.get(stream.session) != stream.role:
                stream.close()

    def _tell(self, hints: list[news.Hint]) -> None:
        for hint in hints:
            if hint.ticket is None:
                continue
            line = _line(hint.id, {"ticket": hint.ticket})
            for stream in list(self.streams):
                if stream.role != "user" or stream.person in hint.others:
                    stream.send(line)


def _line(number: int, data: dict[str, Any]) -> str:
    return f"id: {number}\ndata: {json.dumps(data)}\n\n"


def set_up(app: Flask) -> None:
    app.extensions["live"] = Hub(app, app.config["LIVE_STREAMS"])
