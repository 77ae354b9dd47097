"""A client that behaves like a browser without scripts and checks every page it opens."""

import secrets
from functools import lru_cache

from flask import has_app_context
from itsdangerous import URLSafeTimedSerializer
from justhtml import JustHTML

from helpdesk.accounts import sessions
from helpdesk.db import transactions
from models import db
from tests.support.databases import on_server


class Browser:
    """`get` and `post` return Flask's response; every HTML page among them is checked on the way."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()
        self.last = None

    def sign_in(self, person):
        """Signed in as the person, by a session row of their own, as the sign-in page would make it."""
        with transactions.writing():
            token = sessions.start(person, keep=False, ip="127.0.0.1", user_agent="Firefox on Linux")
        with self.client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True
        return self

    def get(self, path, **options):
        return self._checked(self.open(self.client.get, path, **options))

    def post(self, path, data=None, *, csrf=True, **options):
        """Post a form as the page would: with its CSRF token, unless `csrf` is False or a token of one's own."""
        data = dict(data or {})
        if csrf is True:
            data.setdefault("csrf_token", self.token())
        elif csrf:
            data["csrf_token"] = csrf
        return self._checked(self.open(self.client.post, path, data=data, **options))

    def follow(self, response):
        """The page a redirect leads to."""
        assert response.status_code in (302, 303), f"{response.status_code}: {text_of(response)[:300]}"
        return self.get(response.headers["Location"])

    def token(self):
        """The CSRF token of this browser's session, signed as Flask-WTF signs it, without opening a page for it."""
        with self.client.session_transaction() as cookie:
            secret = cookie.setdefault("csrf_token", secrets.token_hex(20))
        return URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(secret)

    def open(self, method, path, **options):
        """One request as the server would get it: with a context of its own. The test then reads what is true now."""
        if has_app_context():
            db.session.rollback()
        with self.app.app_context():
            response = method(path, **options)
            self.app.extensions["afterwards"].settle()
        if response.mimetype == "text/event-stream":
            response.close()  # It has no end; tests/support/servers/listener.py is for those who want to listen.
        return response

    def _checked(self, response):
        self.last = response
        # Pages do not depend on the database, and reading them takes an eighth of the suite: once, on SQLite.
        if response.mimetype == "text/html" and response.status_code not in (302, 303) and not on_server():
            check_page(response.text)
        return response


@lru_cache(maxsize=4)
def parsed(html):
    """The page as a browser's parser reads it, with every error it finds."""
    return JustHTML(html, sanitize=False, strict=True, collect_errors=True)


def check_page(html):
    """Valid HTML; one h1, which begins the title; every field labelled; no id twice; no script or style in the page."""
    by_name, ids = {}, []
    for node in parsed(html).query("*"):
        by_name.setdefault(node.name, []).append(node)
        assert "style" not in node.attrs, "an inline style"
        if "id" in node.attrs:
            ids.append(node.attrs["id"])
    h1 = by_name.get("h1", [])
    assert len(h1) == 1, f"{len(h1)} h1 on the page"
    heading, title = squeeze(h1[0].to_text()), squeeze(by_name["title"][0].to_text())
    assert title.startswith(heading), f"title “{title}” does not begin with the h1 “{heading}”"
    assert len(ids) == len(set(ids)), f"ids twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    labelled = {node.attrs.get("for") for node in by_name.get("label", [])}
    for field in (node for name in ("input", "select", "textarea") for node in by_name.get(name, [])):
        named = field.attrs.get("type") in ("hidden", "submit") or field.attrs.get("id") in labelled
        assert named or "aria-label" in field.attrs, f"a field without a label: {field.attrs}"
    for form in by_name.get("form", []):
        if form.attrs.get("method") == "post":
            assert form.query('input[name="csrf_token"]'), f"a form without a CSRF token: {form.attrs}"
    assert all("src" in script.attrs for script in by_name.get("script", [])), "an inline script"


def squeeze(text):
    return " ".join(text.split())


def text_of(response):
    """What a reader of the page sees, on one line."""
    if response.mimetype != "text/html":
        return squeeze(response.text)
    body = parsed(response.text).query("body")
    return squeeze(body[0].to_text()) if body else squeeze(response.text)
