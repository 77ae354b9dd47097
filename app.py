"""create_app(): settings, extensions, the map, error pages, commands. Assembly only."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from dotenv import load_dotenv
from flask import Flask
from flask_babel import Babel
from flask_login import current_user
from flask_migrate import Migrate
from sqlalchemy.engine import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

import commands
import config
from helpdesk.db import database_lock, statements, transactions
from helpdesk.disk import durable
from integrations.mail import smtp
from integrations.storage import places
from models import db
from routes import ROUTES
from web import (
    after_response,
    callers,
    door,
    errors,
    event_stream,
    filters,
    fragment_cache,
    headers,
    live_cursors,
    logs,
    request_body,
    session_cookie,
    table_rows,
    throttle,
)
from web.outages import disk_warning, outage_pages

# No row of the map takes a token or a hook yet.
CHECKERS = callers.Checkers()


def create_app(environ=None):
    """The desk as a WSGI application, set up from `environ`, else from the environment and .env."""
    if environ is None:
        load_dotenv(config.HERE / ".env")
        environ = os.environ
    app = Flask(__name__, static_folder=None)
    app.config.update(config.load(environ))
    _make_room(app)
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)
    db.init_app(app)
    Migrate(app, db, directory=str(config.HERE / "migrations"), render_as_batch=True, compare_type=True)
    Babel(app, timezone_selector=lambda: getattr(current_user, "time_zone", None))
    smtp.mail.init_app(app)
    places.init_app(app)
    statements.complete_tables()
    with app.app_context():
        transactions.prepare(db.engine, undo_window=timedelta(seconds=app.config["UNDO_SECONDS"]))
        database_lock.follow(db.engine)
    session_cookie.set_up(app)
    for plumbing in (
        logs,
        callers,
        request_body,
        after_response,
        errors,
        outage_pages,
        fragment_cache,
        filters,
        table_rows,
        headers,
        live_cursors,
        event_stream,
        throttle,
        disk_warning,
    ):
        plumbing.set_up(app)
    door.hang(app, ROUTES, CHECKERS)
    commands.set_up(app)
    return app


def _make_room(app):
    """A SQLite file needs its folder."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        try:
            durable.make_folder(Path(url.database).absolute().parent)
        except OSError as error:
            raise config.BadSetting(f"DATABASE_URL: {error.filename} cannot be made: {error.strerror}.") from None
