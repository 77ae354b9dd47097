"""The parts of `python run.py` as child processes: started again when they end by themselves, ended when run.py ends.

Run as a program it is the first step of each child: `supervisor.py follow PARENT COMMAND ...`, or, where the system has
no signal for a parent that is gone, `supervisor.py beside PIPE COMMAND ...`. So it imports nothing of the desk.
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time

log = logging.getLogger("desk.run")
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# A little longer than gunicorn's own patience with pages that are being served (gunicorn.conf.py).
PATIENCE = 12
# Seconds until a part is started again: twice as long each time, and short again once it has run for a while.
FIRST_WAIT, LONGEST_WAIT = 1, 60
RAN_WELL = 60
# From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1


class Part:
    """One child process and what it leaves behind. `command` runs in a session of its own.

    There Ctrl-C does not reach it, only our word to stop: a gunicorn worker that gets both at once may lock itself out
    and be waited for in vain.
    """

    def __init__(self, name, command, pipe=None):
        self.name, self.command, self.pipe = name, command, pipe
        self.process, self.started, self.wait, self.due = None, 0.0, FIRST_WAIT, 0.0
        self.left_behind = {}

    def start(self, now):
        first = ("follow", str(os.getpid())) if self.pipe is None else ("beside", str(self.pipe))
        self.process = subprocess.Popen(
            (sys.executable, __file__, *first, *self.command),
            cwd=os.path.dirname(__file__),
            start_new_session=True,
            pass_fds=() if self.pipe is None else (self.pipe,),
        )
        self.started = now

    def watch(self, now):
        """Start it when it is due. Returns its exit code when it has ended since, else None; negative: by a signal."""
        self._clear_up(now)
        if self.process is None:
            if now >= self.due:
                self._try_to_start(now)
            return None
        code = self.process.poll()
        if code is not None:
            self._ended(now)
        return code

    def _try_to_start(self, now):
        try:
            self.start(now)
        except OSError as error:
            # No memory or no room for a process: the other part goes on.
            log.error("the part %s cannot be started: %s", self.name, error)
            self._wait_longer(now)

    def _wait_longer(self, now):
        self.due = now + self.wait
        self.wait = min(2 * self.wait, LONGEST_WAIT)

    def _ended(self, now):
        # A gunicorn that was killed leaves its workers behind, which may serve their last pages.
        if _signal_group(self.process.pid, signal.SIGTERM):
            self.left_behind[self.process.pid] = now + PATIENCE
        self.wait = FIRST_WAIT if now - self.started >= RAN_WELL else self.wait
        self.process = None
        self._wait_longer(now)

    def _clear_up(self, now):
        for group, until in [*self.left_behind.items()]:
            if not _signal_group(group, signal.SIGKILL if now >= until else 0) or now >= until:
                del self.left_behind[group]


def _signal_group(group, number):
    """Returns whether anybody was there to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def supervise(commands, ended, has_parent_signal=sys.platform == "linux"):
    """Run the parts until we are told to stop, then end them. `ended(name, code)` is called for each that ends."""
    stop = threading.Event()
    for name in STOPS:
        signal.signal(name, lambda *_: stop.set())
    # The end that we hold closes with us, however we end.
    pipe, _held = (None, None) if has_parent_signal else os.pipe()
    parts = [Part(name, command, pipe) for name, command in commands.items()]
    try:
        while not stop.wait(0.2):
            for part in parts:
                now = time.monotonic()
                code = part.watch(now)
                if code is not None:
                    _report(part, code, part.due - now)
                    ended(part.name, code)
    finally:
        end([part.process for part in parts if part.process is not None])
        for part in parts:
            part._clear_up(float("inf"))


def _report(part, code, wait):
    how = f"by signal {-code}" if code < 0 else f"with code {code}"
    log.error("the part %s has ended %s. It is started again in %.0f s", part.name, how, wait)


def end(children):
    for child in children:
        if child.poll() is None:
            child.terminate()
    until = time.monotonic() + PATIENCE
    for child in children:
        try:
            child.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


# ---- in the child


def follow(parent, *command):
    """Become `command`, which gets SIGTERM when its parent ends, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have ended before we asked.
    if os.getppid() == int(parent):
        os.execv(command[0], command)


def beside(pipe, *command):
    """Run `command` and end it when the pipe closes, which only the parent holds open. Pass signals on to it."""
    # A signal that comes before the child is there is passed on afterwards.
    early, forward = [], None
    for name in STOPS:
        signal.signal(name, lambda number, _frame: forward(number) if forward else early.append(number))
    child = subprocess.Popen(command)
    forward = child.send_signal
    for number in early:
        forward(number)
    threading.Thread(target=lambda: os.read(int(pipe), 1) or child.terminate(), daemon=True).start()
    code = child.wait()
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    {"follow": follow, "beside": beside}[sys.argv[1]](*sys.argv[2:])
