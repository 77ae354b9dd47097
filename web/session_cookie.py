"""The signed cookie that holds a browser's session: its name behind https, and why its age is not asked."""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from web import callers

NAME = "desk"


class SessionCookie(SecureCookieSessionInterface):
    """Flask's own cookie, whose age nobody asks: the session's row has its own end (helpdesk/accounts/sessions.py).

    Flask refuses a cookie that was signed in the future. A clock that is set back by two seconds, or a second web
    machine whose clock is behind, would sign everybody out.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        return self._read(app, request.cookies.get(self.get_cookie_name(app))) or self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Programs with a token and hooks get no cookie."""
        if callers.is_browser():
            super().save_session(app, session, response)

    def _read(self, app: Flask, value: str | None) -> SecureCookieSession | None:
        serializer = self.get_signing_serializer(app)
        if not value or serializer is None:
            return None
        try:
            return self.session_class(serializer.loads(value))
        except BadSignature:
            return None


class HostCookie(SessionCookie):
    """Behind https the name begins with __Host-: no other host of the domain can plant such a cookie.

    A browser that still has the cookie of before keeps its session: it is read once more, replaced and removed. Each
    name has a signature of its own, so a session of today cannot be planted under the old name.
    """

    salt = "__Host- session"
    _before = SessionCookie()

    def get_cookie_name(self, app: Flask) -> str:
        return f"__Host-{NAME}"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        session = self._before._read(app, request.cookies.get(NAME)) or self.session_class()
        session.modified = bool(session)
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        super().save_session(app, session, response)
        if NAME in request.cookies and callers.is_browser():
            response.delete_cookie(NAME, path=self.get_cookie_path(app), secure=True, httponly=True, samesite="Lax")


def set_up(app: Flask) -> None:
    secure = app.config["SESSION_COOKIE_SECURE"]
    app.session_interface = HostCookie() if secure else SessionCookie()
