"""The desk as processes: gunicorn and the worker, as production runs them, on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import config


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# A flood by a few people is what many of these desks are started for. All of it is counted, as on any desk.
UNLIMITED = {setting.name: "1000000" for setting in config.SETTINGS if setting.name.startswith("LIMIT_")}


class LiveDesk:
    """`url` is where it answers. Start it with the settings it shall have; stop it in any case."""

    def __init__(self, **settings):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ours = {"PORT": str(self.port), "HOST": "127.0.0.1", "PUBLIC_URL": self.url}
        self.env = _clean_environment() | UNLIMITED | ours | settings
        self.app = "app:create_app()"
        self.web = self.worker = None

    def start(self):
        self.start_web()
        self.start_worker()
        return self

    def start_web(self):
        self.web = self._spawn("gunicorn", "-c", "gunicorn.conf.py", self.app)
        self.wait_until_up()

    def start_worker(self):
        self.worker = self._spawn("flask", "--app", "app", "worker")

    def wait_until_up(self, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until and (self.web is None or self.web.poll() is None):
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError("the desk did not come up")

    def stop(self):
        for process in (self.web, self.worker):
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in (self.web, self.worker):
            if process is not None:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)

    def _spawn(self, module, *args):
        return subprocess.Popen(
            [sys.executable, "-m", module, *args],
            cwd=config.HERE,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=None if os.environ.get("SHOW_LOGS") else subprocess.DEVNULL,
            start_new_session=True,
        )


def _clean_environment():
    """The environment with every setting of the desk empty, whatever the caller or a .env has set."""
    ours = (*(setting.name for setting in config.SETTINGS), *config.MAILGUN.values())
    return os.environ | dict.fromkeys(ours, "")
