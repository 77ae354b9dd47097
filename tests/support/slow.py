"""Our gunicorn worker in a thread of the test, with a small application behind it, and clients that take their time."""

import os
import selectors
import socket
import threading
from contextlib import closing, contextmanager

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.workertmp import WorkerTmp

from web.server.gunicorn_worker import Worker


class Served:
    """`port` is where the application answers, by `pages` threads, until the block ends."""

    def __init__(self, application, pages=1, streams=1):
        cfg = Config()
        cfg.set("threads", pages)
        cfg.set("worker_connections", 500)
        cfg.set("keepalive", 5)
        cfg.set("accesslog", None)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.worker = Worker(1, os.getppid(), [self.listener], None, 30, cfg, Logger(cfg))
        self.worker.tmp.close()
        self.worker.tmp = WorkerTmp(cfg)
        self.lines = []
        self.worker.wsgi, self.worker.streams = application, streams

    @contextmanager
    def running(self):
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = selectors.DefaultSelector()
        self.worker.method_queue.init()
        loop = threading.Thread(target=self.worker.run, daemon=True)
        loop.start()
        try:
            yield self
        finally:
            for line in self.lines:
                hang_up(line)
            self.worker.handle_exit(None, None)
            loop.join(15)
            self.worker.tmp.close()

    def open(self, sent=b"", receive_buffer=None):
        line = socket.socket()
        if receive_buffer:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        line.settimeout(15)
        line.connect(("127.0.0.1", self.port))
        line.sendall(sent)
        self.lines.append(line)
        return line

    def get(self, path="/"):
        """The status of a page that an honest client asks for."""
        with closing(self.open(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())) as line:
            return status(line)


def hang_up(line):
    """Closed alone it would stay open as long as another thread sends on it."""
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    line.close()


def status(line):
    answer = b""
    while b"\r\n" not in answer and (more := line.recv(65536)):
        answer += more
    return int(answer.split(b" ", 2)[1]) if answer else None


def whole(line):
    """All that comes until the server closes, or nothing where it hangs up."""
    answer = b""
    try:
        while more := line.recv(65536):
            answer += more
    except ConnectionResetError:
        pass
    return answer
