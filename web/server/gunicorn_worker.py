"""Our gunicorn worker: threads that serve pages never wait for a client; slow clients and streams have their own.

gunicorn's own gthread gives a connection a thread from its first byte on, where it waits for the rest without an end.
Here the event loop collects a request first, and an answer that the client does not take at once leaves its thread.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from web.server.connections import BUSY_FLOOR, FLOOR, HEAD_BYTES, HEAD_SECONDS, PATIENCE, READ_BYTES, Connection, Line

# Threads for uploads, downloads and whatever else waits for a client.
SLOW_THREADS = 64
# Threads for /healthz and /readyz, which answer also while every page waits for the database.
PROBE_THREADS = 4
# Connections without a thread (between two pages, in the middle of a request); beyond these the oldest gives way.
IDLE_CONNECTIONS = 1000
# An answer up to this size fits in the buffer of its socket; a longer one is written by a thread for slow clients.
SEND_BUFFER = 212_992
# After the end a client gets this long to close its side, so that it can read the whole answer.
CLOSE_SECONDS = 2.0
DISCARD_BYTES = 256 * 1024
SWEEP_SECONDS = 0.25
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
NOT_NOW = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)
OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


class Worker(ThreadWorker):  # type: ignore[misc]
    """`waiting` has the connections without a thread: idle, in the middle of a request, or closing."""

    streams = 1

    def get_thread_pool(self) -> ThreadPoolExecutor:
        self.lanes = {
            "pages": ThreadPoolExecutor(self.cfg.threads, "page"),
            "probes": ThreadPoolExecutor(PROBE_THREADS, "probe"),
            "slow": ThreadPoolExecutor(SLOW_THREADS, "slow"),
            "streams": ThreadPoolExecutor(max(1, self.streams), "stream"),
        }
        self.waiting: dict[Connection, None] = {}
        self.slow = 0
        self.swept = 0.0
        return self.lanes["pages"]

    def run(self) -> None:
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        super().run()

    def floor(self) -> int:
        return FLOOR if self.slow < SLOW_THREADS else BUSY_FLOOR

    # ---- until a request has arrived

    def accept(self, listener: Any) -> None:
        try:
            accepted, client = listener.accept()
        except OSError as error:
            if error.errno in OUT_OF_FILES:
                self._make_room()
            elif error.errno not in NOT_NOW:
                raise
            return
        self.nr_conns += 1
        if len(self.waiting) >= IDLE_CONNECTIONS:
            self._make_room()
        line = Line(accepted)
        line.floor = self.floor
        conn = Connection(self.cfg, line, client, listener.getsockname())
        conn.deadline = time.monotonic() + HEAD_SECONDS
        self._read_on(conn)

    def _make_room(self) -> None:
        """Whoever has waited longest goes. Honest clients send their whole request at once."""
        oldest = next(iter(self.waiting), None)
        if oldest is None:
            time.sleep(0.05)  # Every connection has a thread: the next turn of the loop may find it otherwise.
        else:
            self._drop(oldest)

    def _read_on(self, conn: Connection, _socket: Any = None) -> None:
        if conn.watched and conn not in self.waiting:
            self._watch(conn, False)  # A thread has it.
            return
        try:
            data = conn.sock.recv(READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._wait(conn)
            return
        except OSError:
            data = b""
        conn.discarded += len(data) if conn.closing else 0
        if not data or conn.discarded > DISCARD_BYTES:
            self._drop(conn)
        elif not conn.closing:
            if not conn.arrived:
                conn.deadline = time.monotonic() + HEAD_SECONDS
            conn.arrived += data
            self._sort(conn)

    def _sort(self, conn: Connection) -> None:
        lane = conn.lane()
        if lane is not None:
            self.waiting.pop(conn, None)
            conn.hand_over()
            self._start(lane, conn, partial(self.handle, conn))
        elif conn.expected is None and len(conn.arrived) > HEAD_BYTES:
            self._refuse(conn, TOO_LARGE)
        else:
            self._wait(conn)

    def _wait(self, conn: Connection) -> None:
        self.waiting[conn] = None
        self._watch(conn, True)

    def _watch(self, conn: Connection, on: bool) -> None:
        """A connection that has a thread stays watched until something comes: that saves two calls a page."""
        if conn.watched is not on:
            conn.watched = on
            if on:
                self.poller.register(conn.sock, EVENT_READ, partial(self._read_on, conn))
            else:
                self.poller.unregister(conn.sock)

    def murder_pending(self) -> None:
        """gunicorn's loop calls this at every turn: close what has waited too long."""
        now = time.monotonic()
        if self.alive and now < self.swept:
            return
        self.swept = now + SWEEP_SECONDS
        for conn in [conn for conn in self.waiting if conn.deadline <= now]:
            # A browser may open a connection in advance; one that never asked for anything gets no answer.
            self._refuse(conn, TIMED_OUT) if conn.arrived else self._drop(conn)

    def _refuse(self, conn: Connection, answer: bytes) -> None:
        conn.sock.sendall(answer)
        conn.sock.push()
        self._end(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self.waiting:
            conn.deadline = min(conn.deadline, deadline)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(timeout if self.alive else min(timeout, SWEEP_SECONDS))

    # ---- with a thread

    def _start(self, lane: str, conn: Connection, work: Callable[[], Any]) -> None:
        self.slow += lane == "slow"
        conn.sock.patient, conn.sock.left = lane in ("slow", "streams"), PATIENCE
        future = self.lanes[lane].submit(work)
        future.add_done_callback(lambda done: self.method_queue.defer(self._after, lane, conn, done))

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Ask the desk. A long answer, or one without an end, is left in `conn.rest` for another thread to write."""
        resp, environ = wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg)
        environ["wsgi.multithread"] = True
        if not self.alive:
            resp.force_close()
        answer = self.wsgi(environ, resp.start_response)
        write = partial(self._write, conn, resp, answer)
        if conn.sock.patient or _is_short(req, resp):
            return write()
        streams = any(value.startswith("text/event-stream") for name, value in resp.headers if name == "Content-Type")
        conn.rest = ("streams" if streams else "slow", write)
        return True

    def _write(self, conn: Connection, resp: Any, answer: Iterable[bytes]) -> bool:
        """Send the answer. Returns whether the connection can take a next request."""
        try:
            for piece in answer:
                resp.write(piece)
            resp.close()
            conn.sock.push()
        except OSError:
            conn.sock.unsent.clear()
            return False
        except Exception:
            self.log.exception("an answer could not be sent to its end")
            return False
        finally:
            if hasattr(answer, "close"):
                answer.close()
        return not resp.should_close()

    def _send_rest(self, conn: Connection, goes_on: bool) -> bool:
        conn.sock.flush()
        return goes_on

    # ---- and after it

    def _after(self, lane: str, conn: Connection, done: Future[Any]) -> None:
        self.slow -= lane == "slow"
        goes_on = not done.cancelled() and done.exception() is None and bool(done.result())
        if conn.rest is not None:
            (lane, work), conn.rest = conn.rest, None
            self._start(lane, conn, work)
        elif conn.sock.unsent:
            self._start("slow", conn, partial(self._send_rest, conn, goes_on))
        elif goes_on:
            self._keep(conn)
        else:
            self._end(conn)

    def _keep(self, conn: Connection) -> None:
        """The connection stays open for the next request, of which a part may have arrived."""
        conn.take_back()
        conn.deadline = time.monotonic() + (HEAD_SECONDS if conn.arrived else self.cfg.keepalive)
        if not self.alive:
            conn.deadline = min(conn.deadline, time.monotonic() + CLOSE_SECONDS / 2)
        self._sort(conn)

    def _end(self, conn: Connection) -> None:
        """Close our side, and all of it once the client has closed too (RFC 9112, 9.6)."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.closing = True
        conn.arrived.clear()
        conn.deadline = time.monotonic() + CLOSE_SECONDS / (1 if self.alive else 2)
        self._wait(conn)

    def _drop(self, conn: Connection) -> None:
        self.waiting.pop(conn, None)
        self._watch(conn, False)
        self.nr_conns -= 1
        conn.close()


def _is_short(req: Any, resp: Any) -> bool:
    if req.method == "HEAD" or resp.status_code in (204, 304):
        return True
    return resp.response_length is not None and resp.response_length <= SEND_BUFFER
