"""Asks for pages over kept-alive connections with as little work of its own as can be: one loop, plain sockets."""

import selectors
import socket
import time


def rate(port, cookie, next_path, connections, seconds):
    """Answers a second. Every answer has to be a 200; anything else raises."""
    watched = selectors.DefaultSelector()
    for _ in range(connections):
        line = socket.create_connection(("127.0.0.1", port), timeout=30)
        watched.register(line, selectors.EVENT_READ, bytearray())
        _ask(line, next_path(), cookie)
    done, began = 0, time.monotonic()
    while time.monotonic() < began + seconds:
        for key, _events in watched.select(1):
            key.data.extend(key.fileobj.recv(1 << 18))
            if _is_whole(key.data):
                key.data.clear()
                done += 1
                _ask(key.fileobj, next_path(), cookie)
    took = time.monotonic() - began
    for key in list(watched.get_map().values()):
        key.fileobj.close()
    return done / took


def _ask(line, path, cookie):
    line.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())


def _is_whole(answer):
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    assert answer.startswith(b"HTTP/1.1 200"), bytes(answer[:200])
    length = answer.lower().index(b"content-length:", 0, head) + 15
    return len(answer) >= head + 4 + int(answer[length : answer.index(b"\r", length)])
