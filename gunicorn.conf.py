"""How gunicorn serves the desk. Everything that may differ between machines comes from the settings in config.py."""

import ctypes
import gc
import os
import resource
import signal
import sys
import threading
import time

from dotenv import load_dotenv
from gunicorn.http import unreader
from gunicorn.workers import gthread

import config as desk  # "config" itself is a setting of gunicorn
from web.server.gunicorn_worker import IDLE_CONNECTIONS, PROBE_THREADS, SLOW_THREADS, Worker

load_dotenv(desk.HERE / ".env")
try:
    settings = desk.load(os.environ)
except desk.BadSetting as wrong:
    print(wrong, file=sys.stderr)
    sys.exit(2)

for warning in settings["WARNINGS"]:
    print(warning, file=sys.stderr)

host = f"[{settings['HOST']}]" if ":" in settings["HOST"] else settings["HOST"]
bind = f"{host}:{settings['PORT']}"

worker_class = Worker
workers = settings["WEB_WORKERS"]
# Threads for pages. Streams of live news, slow clients and probes have their own (docs/decisions/0025-slow-clients.md).
threads = settings["WEB_THREADS"]
Worker.streams = settings["LIVE_STREAMS"]
worker_connections = threads + Worker.streams + SLOW_THREADS + PROBE_THREADS + 2 * IDLE_CONNECTIONS
# Each connection is an open file, and many systems allow a process no more than 1,024 of them unless it asks.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted = 2 * worker_connections if _hard == resource.RLIM_INFINITY else min(_hard, 2 * worker_connections)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, _wanted), _hard))
# Workers show that they are alive by touching a file; on a slow disk that alone could make them look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# A page being served when the desk is stopped gets this long to be finished.
graceful_timeout = 10
# Longer than proxies keep an idle connection (60 s is usual), so that none sends into one we have just closed.
keepalive = 75

# Who is behind a proxy is decided in one place: TRUSTED_PROXIES, by Werkzeug's ProxyFix. gunicorn itself would believe
# any program on this machine about https, and about the path an application is mounted at.
forwarded_allow_ips = ""

# The form of filters sends the query before and after: twice 400 Chinese characters, nine bytes each. gunicorn takes no
# longer line than this. Cookies and headers are small.
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190

# gunicorn 27 would open a socket in the home folder through which it can be told to stop or reload. Nothing of ours
# uses it, two desks of one user would fight for the same file, and a read-only home would only make it complain.
control_socket_disable = True

# Kept-alive connections would hold up a stop for two seconds. One is long enough for a request that is on its way.
gthread.STOP_KEEPALIVE_LINGER = 1.0


# glibc gives nearly every thread a heap of its own, of which each keeps what its largest page took. Python runs one
# thread at a time, so two heaps are enough. (-8 is M_ARENA_MAX in malloc.h; other C libraries have no such setting.)
mallopt, malloc_trim = (getattr(ctypes.CDLL(None), name, None) for name in ("mallopt", "malloc_trim"))
if mallopt is not None:
    mallopt(-8, 2)
    # A block of 128 KB or more is a mapping of its own, so it is given back when it is freed. Without this line glibc
    # takes later blocks of the size of a freed one (a password hash, 19 MB) from the heaps. (-3 is M_MMAP_THRESHOLD.)
    mallopt(-3, 128 * 1024)

# How often a web process looks for garbage among old objects and returns free memory. It takes about 0.1 s of one core.
RETURN_SECONDS = 300

# A start waits for the queries of pages at most so long. gunicorn ends a worker that shows no life for 30 s.
WARM_UP_SECONDS = 10

# gunicorn would take in a megabyte of a body at a time and copy what is not asked for yet: with twenty uploads at once
# that is 60 MB of memory. We ask for 64 KB at a time (web/files/uploads.py, Werkzeug), so it needs no more.
unreader.SocketUnreader.max_body_chunk = 65536


def post_worker_init(worker):
    _end_streams_first(worker)
    _ask_queries(worker.wsgi)
    collect_garbage_seldom()


def _ask_queries(app):
    """One thread builds and compiles the queries of pages before the first page comes.

    Where the database does not answer in time the process serves all the same, and pages build what they need.
    """

    def ask():
        from helpdesk.operations import warm_up

        with app.app_context():
            warm_up.run()

    asking = threading.Thread(target=ask, name="warm-up", daemon=True)
    asking.start()
    asking.join(WARM_UP_SECONDS)


def collect_garbage_seldom():
    # What is there now stays for good: looking through it for garbage again and again would slow down every page.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    threading.Thread(target=_return_memory, name="memory", daemon=True).start()


def _return_memory():
    """With these thresholds Python itself looks at old objects about once in 80,000 pages. Cycles among them, such as
    queries that fell out of a cache, would pile up until then. The heaps would keep what their largest pages took.
    """
    while True:
        time.sleep(RETURN_SECONDS)
        gc.collect()
        if malloc_trim is not None:
            malloc_trim(0)


def _end_streams_first(worker):
    """A stream would hold its thread through the whole grace: when the worker is told to stop, streams end first."""
    hub = worker.wsgi.extensions["live"]
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        before = signal.getsignal(name)
        signal.signal(name, lambda number, frame, before=before: (hub.stop(), before(number, frame)))


# The desk writes its own line for each request (web/logs.py).
accesslog = None
loglevel = "warning"
