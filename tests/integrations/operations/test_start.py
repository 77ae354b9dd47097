"""The desk started as a platform such as Heroku does it: the Procfile's commands, settings from the environment."""

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

import config
from tests.support.databases import empty_database
from tests.support.servers.live import LiveDesk
from tests.support.servers.mailbox import Mailbox, text_of

PASSWORD = "correct horse 9 battery"


@pytest.fixture
def mailbox():
    box = Mailbox().start()
    yield box
    box.stop()


@pytest.fixture
def platform(mailbox):
    """The settings a platform would hand over, for an empty database on the server under test."""
    with empty_database() as address:
        for driver, plain in (("postgresql+psycopg://", "postgres://"), ("mysql+pymysql://", "mysql://")):
            address = address.replace(driver, plain)
        desk = LiveDesk(
            APP_ENV="production",
            DATABASE_URL=address,
            SECRET_KEY="a key that only this test knows, long enough",
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=str(mailbox.port),
            TRUSTED_PROXIES="1",
            WEB_WORKERS="1",
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        )
        yield desk


def test_the_procfile_brings_up_a_desk_that_takes_a_ticket_and_mails_its_receipt(platform, mailbox):
    run(platform, procfile()["release"])
    run(platform, "flask --app app create-admin --email eve@example.com --name Eve --password-stdin", PASSWORD)
    honcho = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", "-e", os.devnull, "-p", str(platform.port), "web", "worker"],
        cwd=config.HERE,
        env=platform.env,
        stdout=None if os.environ.get("SHOW_LOGS") else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        platform.wait_until_up()
        visitor = Visitor(platform.url)
        visitor.send("/login", email="eve@example.com", password=PASSWORD)
        page = visitor.send("/tickets/new", subject="Beamer in room 4 is dark", description="Since this morning.")
        assert "#1" in page and "Beamer in room 4 is dark" in page
        receipt = mailbox.wait_for("eve@example.com")[0]
        assert "#1" in receipt["Subject"] and f"{platform.url}/tickets/1" in text_of(receipt)
    finally:
        honcho.send_signal(signal.SIGTERM)
        honcho.wait(15)
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{platform.url}/healthz", timeout=2)


def test_production_does_not_start_without_its_secret_and_says_so(platform):
    platform.env["SECRET_KEY"] = "dev"
    command = procfile()["web"].replace("$PORT", str(platform.port))
    ended = subprocess.run(command, shell=True, cwd=config.HERE, env=platform.env, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "SECRET_KEY is missing, too short or a well-known word" in ended.stderr


def test_app_json_asks_for_what_production_cannot_do_without():
    asked = json.loads((config.HERE / "app.json").read_text())
    assert asked["env"]["SECRET_KEY"]["generator"] == "secret"
    assert asked["env"]["PUBLIC_URL"]["required"]
    assert asked["env"]["TRUSTED_PROXIES"]["value"] == "1"
    assert set(asked["env"]) <= {setting.name for setting in config.SETTINGS}
    assert set(asked["formation"]) == set(procfile()) - {"release"}


def procfile():
    """The commands by name."""
    lines = (config.HERE / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if line.strip())


def run(platform, command, typed=None):
    """Run one command to its end, as the platform's shell would."""
    done = subprocess.run(
        command, shell=True, cwd=config.HERE, env=platform.env, input=typed, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


class Visitor:
    """Somebody with a browser: keeps cookies, fills in the forms that pages hold."""

    def __init__(self, url):
        self.url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def send(self, page, **typed):
        """Open the page, fill in its form and send it. Returns the page it leads to."""
        form = self._open(page)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        hidden |= {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', form)[1]}
        chosen = dict.fromkeys(re.findall(r'<select[^>]* name="(\w+)"', form), "")
        for name in chosen:
            options = re.search(rf'<select[^>]* name="{name}".*?</select>', form, re.S)[0]
            picked = re.search(r'<option selected value="([^"]*)"', options) or re.search(r'value="([^"]*)"', options)
            chosen[name] = picked[1]
        return self._open(page, urllib.parse.urlencode(hidden | chosen | typed).encode())

    def _open(self, page, body=None):
        with self.opener.open(f"{self.url}{page}", body, timeout=20) as answer:
            return answer.read().decode()


@pytest.mark.parametrize("address, warned", [("http://desk.example.com", True), ("https://desk.example.com", False)])
def test_a_start_in_production_without_https_says_so(address, warned):
    settings = {"APP_ENV": "production", "SECRET_KEY": "a key that only this test knows, long enough"}
    env = os.environ | settings | {"PUBLIC_URL": address}
    done = subprocess.run(
        [sys.executable, "gunicorn.conf.py"], cwd=config.HERE, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0 and ("PUBLIC_URL begins with http://" in done.stderr) is warned
