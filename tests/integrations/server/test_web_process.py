"""What gunicorn.conf.py does for a web process: it asks the queries of pages first, and returns memory."""

import os
import subprocess
import sys

import config
from tests.conftest import SETTINGS

SETUP = """
import ctypes, gc, importlib.machinery, time, weakref

conf = importlib.machinery.SourceFileLoader("conf", "gunicorn.conf.py").load_module()
"""

HASHES = """
from helpdesk.accounts import passwords

class Info(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

info = getattr(ctypes.CDLL(None), "mallinfo2", lambda: Info())  # Other C libraries do not say what their heaps take.
info.restype = Info
before = info().arena
for _each in range(3):
    passwords.hash("correct horse 9 battery")
print(info().arena - before)
"""

CYCLES = """
class Page:
    pass

conf.RETURN_SECONDS = 0.05
conf.collect_garbage_seldom()
page = Page()
page.itself, alive = page, weakref.ref(page)
del page
until = time.monotonic() + 10
while alive() is not None and time.monotonic() < until:
    time.sleep(0.05)
print(alive())
"""


START = """
from app import create_app
from sqlalchemy import event
from sqlalchemy.engine.interfaces import CacheStats
from types import SimpleNamespace

app = create_app()
conf.post_worker_init(SimpleNamespace(wsgi=app))
found = []
with app.app_context():
    from helpdesk.lists import ticket_lists
    from models import Person, db

    note = lambda connection, cursor, statement, parameters, context, many: found.append(context.cache_hit)
    event.listen(db.engine, "before_cursor_execute", note)
    ticket_lists.own(Person(id=0, role="user"), finished=False)
print(CacheStats.CACHE_HIT in found, CacheStats.CACHE_MISS in found)
"""


def run(script, **settings):
    """What the script prints in a process that has read gunicorn.conf.py."""
    command, env = [sys.executable, "-W", "ignore", "-c", SETUP + script], os.environ | SETTINGS | settings
    done = subprocess.run(command, cwd=config.HERE, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_password_hashes_leave_no_memory_taken():
    """Each takes 19 MB while it is made. glibc kept such a block from the second one on."""
    assert int(run(HASHES)) < 2_000_000


def test_old_garbage_is_collected_while_no_page_is_asked_for():
    assert run(CYCLES).strip() == "None"


def test_a_web_process_has_compiled_the_queries_of_pages_before_it_takes_one(app, database_url):
    assert run(START, DATABASE_URL=database_url).strip() == "True False"
