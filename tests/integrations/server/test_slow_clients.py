"""Clients that send or read a byte now and then: none of them keeps a thread from serving pages."""

import itertools
import threading
import time

import pytest

from tests.support import slow
from web.server import connections, gunicorn_worker

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
MB = 1024 * 1024
LARGE = 5 * MB


def application(environ, start_response):
    """Answers with what was sent; `/large` with 5 MB, `/stream` and `/flood` without an end, `/wait` when it may."""
    path = environ["PATH_INFO"]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return endless()
    if path == "/flood":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return itertools.repeat(bytes(65536))
    if path == "/wait":
        gates.pop().wait(15)
    body = bytes(LARGE) if path == "/large" else environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


gates = []


def endless():
    yield b": hello\n\n"
    while not ended.is_set():
        ended.wait(0.05)
        yield b": beat\n\n"


ended = threading.Event()


@pytest.fixture
def served():
    ended.clear()
    with slow.Served(application).running() as running:
        yield running
        ended.set()


@pytest.fixture
def opened(served):
    def open_many(count, sent, **more):
        return [served.open(sent, **more) for _ in range(count)]

    return open_many


def post(length, path="/", more=b""):
    head = b"POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n"
    return head % (path.encode(), more, length)


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5"


@pytest.mark.parametrize(
    "sent",
    [b"", HEAD, HEAD[:-1], post(100) + b"x", post(MB) + b"x", CHUNKED, post(MB, more=b"Expect: 100-continue\r\n")],
    ids=["nothing", "a head", "a line", "a short body", "a long body", "a chunked body", "a body that asks first"],
)
def test_unfinished_requests_hold_up_no_page(served, opened, sent):
    """One thread serves pages, eight clients stop in the middle."""
    opened(8, sent)
    assert served.get() == 200


def test_clients_that_read_nothing_hold_up_no_page(served, opened):
    opened(8, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n", receive_buffer=4096)
    opened(8, b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", receive_buffer=4096)
    assert served.get() == 200


def test_short_answers_that_nobody_reads_hold_up_no_page(served, opened):
    """Each fits in the buffer of its socket, a hundred of them on one connection do not."""
    body = post(60_000) + bytes(60_000)
    for line in opened(3, b"", receive_buffer=4096):
        threading.Thread(target=send_quietly, args=(line, body * 100), daemon=True).start()
    assert served.get() == 200


def send_quietly(line, data):
    try:
        line.sendall(data)
    except OSError:
        pass


def test_a_stream_that_nobody_reads_gives_its_thread_back(served, opened, monkeypatch):
    for where in (gunicorn_worker, connections):
        monkeypatch.setattr(where, "PATIENCE", 0.2)
    opened(1, b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n", receive_buffer=4096)
    (second,) = opened(1, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b": hello" in read_until(second, b": hello"), "the only thread for streams is free again"


def test_open_streams_hold_up_no_page(served, opened):
    (stream,) = opened(1, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b": hello" in read_until(stream, b": hello")
    assert served.get() == 200


def read_until(line, wanted):
    found = b""
    while wanted not in found:
        found += line.recv(1000)
    return found


def test_the_two_watched_addresses_answer_while_every_page_waits(served, opened):
    gate = threading.Event()
    gates.append(gate)
    (waiting,) = opened(1, b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        assert served.get("/healthz") == 200 and served.get("/readyz?x=1") == 200
    finally:
        gate.set()
    assert slow.status(waiting) == 200


# ---- deadlines


def test_a_head_that_does_not_come_is_answered_408(served, opened, monkeypatch):
    monkeypatch.setattr(gunicorn_worker, "HEAD_SECONDS", 0.2)
    half, silent = opened(1, HEAD) + opened(1, b"")
    assert b"408 Request Timeout" in slow.whole(half)
    assert slow.whole(silent) == b"", "a connection opened in advance is closed without a word"


def test_a_byte_now_and_then_does_not_extend_the_deadline_of_a_head(served, opened, monkeypatch):
    monkeypatch.setattr(gunicorn_worker, "HEAD_SECONDS", 0.5)
    (line,) = opened(1, b"GET")
    for _ in range(100):
        time.sleep(0.05)
        try:
            line.sendall(b"x")
        except OSError:
            break
    else:
        pytest.fail("it was never closed")


def test_a_short_body_that_does_not_come_is_answered_408(served, opened, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    (line,) = opened(1, post(100) + b"x")
    assert b"408 Request Timeout" in slow.whole(line)


@pytest.mark.parametrize("pace", ["body", "answer"])
def test_a_client_below_the_floor_loses_its_connection(served, opened, monkeypatch, pace):
    monkeypatch.setattr(gunicorn_worker, "PATIENCE", 0.3)
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    if pace == "body":
        (line,) = opened(1, post(MB))
    else:
        (line,) = opened(1, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n", receive_buffer=4096)
    trickle_until(lambda: served.worker.slow == 0, line if pace == "body" else None)
    assert served.get() == 200


def trickle_until(done, line):
    time.sleep(0.1)
    for _ in range(200):
        if done():
            return
        time.sleep(0.05)
        send_quietly(line, b"x") if line else None
    pytest.fail("its thread was never given back")


def test_a_client_above_the_floor_may_take_many_times_the_patience(served, opened, monkeypatch):
    """At a third of a second of patience a body takes a whole one to come."""
    for where in (gunicorn_worker, connections):
        monkeypatch.setattr(where, "PATIENCE", 0.3)
    (line,) = opened(1, post(100_000))
    for _ in range(20):
        line.sendall(bytes(5_000))
        time.sleep(0.05)
    assert slow.status(line) == 200


def test_while_all_places_for_slow_clients_are_taken_the_floor_is_higher(served, monkeypatch):
    assert served.worker.floor() == connections.FLOOR
    monkeypatch.setattr(served.worker, "slow", gunicorn_worker.SLOW_THREADS)
    assert connections.FLOOR < served.worker.floor() <= 64 * 1024 / 2, "honest slow lines stay well above it"


def test_beyond_the_connections_allowed_the_oldest_gives_way(served, opened, monkeypatch):
    monkeypatch.setattr(gunicorn_worker, "IDLE_CONNECTIONS", 20)
    first, *_others = opened(30, HEAD)
    assert served.get() == 200
    assert slow.whole(first) == b""


# ---- what an honest client sends in an unusual way


def test_a_head_too_long_is_answered_431(served, opened):
    (line,) = opened(1, HEAD + b"X-Long: " + b"x" * 40_000)
    assert b"431 Request Header Fields Too Large" in slow.whole(line)


def test_requests_sent_ahead_are_answered_in_their_order(served, opened):
    (line,) = opened(1, post(3) + b"one" + post(3) + b"two" + post(5, more=b"Connection: close\r\n") + b"three")
    answers = slow.whole(line)
    assert [answers.index(word) for word in (b"one", b"two", b"three")] == sorted(
        answers.index(word) for word in (b"one", b"two", b"three")
    )


def test_a_request_in_single_bytes_is_a_request(served, opened):
    (line,) = opened(1, b"")
    for byte in post(3, more=b"Connection: close\r\n") + b"one":
        line.sendall(bytes([byte]))
    assert slow.whole(line).endswith(b"one")


def test_a_long_answer_arrives_whole_and_the_connection_stays_open(served, opened):
    (line,) = opened(1, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    head, size = read_until(line, b"\r\n\r\n").split(b"\r\n\r\n", 1)
    size = len(size)
    while size < LARGE:
        size += len(line.recv(65536))
    assert size == LARGE and b"keep-alive" in head
    line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert slow.status(line) == 200


def test_whoever_asks_first_is_told_to_go_on(served, opened):
    (line,) = opened(1, post(100_000, more=b"Expect: 100-continue\r\nConnection: close\r\n"))
    assert line.recv(1000).startswith(b"HTTP/1.1 100 Continue")
    line.sendall(bytes(100_000))
    assert slow.whole(line).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("length", ["x", "-1", "9" * 30, "5, 6"])
def test_a_length_that_is_none_holds_up_nobody(served, opened, length):
    opened(3, f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
    assert served.get() == 200
