"""Every setting of the machine the desk runs on: name, meaning, default, strict reader. A bad value stops the start."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from click import ClickException
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

HERE = Path(__file__).resolve().parent
CONNECT_SECONDS = 5
FILE_KINDS = ("picture", "pdf", "text", "office", "mail", "archive", "media", "web", "program", "other")
TEN_TIMES = "An agent: ten times that. 0: no limit."
KNOWN_KEYS = {"", "change-me", "changeme", "secret", "dev", "development", "your-secret-key", "please-change-me"}


class BadSetting(ClickException):
    """A setting cannot be used. The message names it and says what to do; `flask` commands show it on a line."""


def text(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("must be one line without control characters")
    return value.strip()


def whole(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch("[0-9]{1,12}", value.strip()) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def yes_or_no(value: str) -> bool:
    answers = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if value.strip().lower() not in answers:
        raise ValueError("must be yes or no")
    return answers[value.strip().lower()]


def one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return value.strip().lower()

    return read


def names(value: str) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in value.split(",") if part.strip())


def some_of(*choices: str) -> Callable[[str], tuple[str, ...]]:
    def read(value: str) -> tuple[str, ...]:
        if not {*names(value)} <= {*choices, "none"}:
            raise ValueError(f"must be none, or some of: {', '.join(choices)}")
        return tuple(name for name in names(value) if name != "none")

    return read


def address(value: str) -> str:
    """One e-mail address, without a name around it."""
    value = text(value)
    if not re.fullmatch(r"[^@\s<>,]+@[^@\s<>,]+", value):
        raise ValueError("must be an e-mail address such as it@example.com")
    name, _at, domain = value.partition("@")
    if not name.isascii():
        raise ValueError("must have plain letters before the @: not every mail server takes others")
    return f"{name}@{_ascii(domain)}"


def _ascii(domain: str) -> str:
    """The form in which mail servers know a domain with letters such as ü (IDNA 2008)."""
    try:
        return domain if domain.isascii() else validate_email(f"it@{domain}", check_deliverability=False).ascii_domain
    except EmailNotValidError:
        raise ValueError("must have a domain such as example.com") from None


def mail_domains(value: str) -> tuple[str, ...]:
    """Mail domains, each in the form in which addresses are stored: xn--bcher-kva.example is bücher.example."""
    return tuple(map(_as_stored, names(value)))


def _as_stored(domain: str) -> str:
    if domain.isascii() and "xn--" not in domain:
        return domain
    try:
        return validate_email(f"it@{domain}", check_deliverability=False).domain
    except EmailNotValidError:
        raise ValueError("must be mail domains such as example.com, separated by commas") from None


def web_address(value: str) -> str:
    """Where the desk answers. It always has a host of its own, so a path is a mistake."""
    value = text(value).rstrip("/")
    parts = urlsplit(value)
    plain = f"{parts.scheme}://{parts.netloc}".lower() == value.lower()
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain or parts.port == 0:
        raise ValueError("must be a web address such as https://desk.example.com, without a path")
    _ascii(parts.hostname)
    return value


def zone(value: str) -> str:
    if value.strip() not in available_timezones():
        raise ValueError("must be a time zone such as Europe/Berlin")
    return ZoneInfo(value.strip()).key


def database(value: str) -> str:
    """Accept what Heroku and its add-ons hand out, and name the drivers that we install."""
    value = value.strip()
    for given, driver in (
        ("postgres://", "postgresql+psycopg://"),
        ("postgresql://", "postgresql+psycopg://"),
        ("mysql://", "mysql+pymysql://"),
        ("mariadb://", "mysql+pymysql://"),
    ):
        if value.startswith(given):
            value = driver + value[len(given) :]
    if not value.startswith(("sqlite:///", "postgresql+psycopg://", "mysql+pymysql://")):
        raise ValueError("must start with sqlite:///, postgresql:// or mysql://")
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("must look like postgresql://user:password@host:5432/name") from None
    if value.startswith("mysql+pymysql://"):
        url = url.difference_update_query(["reconnect", "charset"]).update_query_dict({"charset": "utf8mb4"})
    return url.render_as_string(hide_password=False)


@dataclass(frozen=True)
class Setting:
    """One setting: the environment variable, its reader, its default as text, and its meaning for whoever sets it."""

    name: str
    read: Callable[[str], Any]
    default: str | None
    meaning: str


SETTINGS = (
    Setting(
        "APP_ENV",
        one_of("development", "production"),
        None,
        "development or production. Any database but SQLite means production.",
    ),
    Setting("SECRET_KEY", text, None, "Signs cookies and forms. At least 32 random characters; never share it."),
    Setting("PUBLIC_URL", web_address, None, "The address people type. Links in mails are built from it."),
    Setting("ALLOWED_HOSTS", names, "", "Further host names the desk answers to, separated by commas."),
    Setting(
        "HSTS_SUBDOMAINS",
        yes_or_no,
        "no",
        "Behind https: whether browsers shall ask all hosts below the desk's own by https alone.",
    ),
    Setting("TRUSTED_PROXIES", whole(0, 9), "0", "How many reverse proxies stand in front. Heroku: 1."),
    Setting("HOST", text, "127.0.0.1", "The network address that make run listens on."),
    Setting("PORT", whole(1, 65535), "5000", "The port to listen on."),
    Setting("WEB_WORKERS", whole(1, 64), "2", "Web processes."),
    Setting(
        "WEB_THREADS", whole(1, 256), "8", "Pages each web process can serve at once; also its database connections."
    ),
    Setting(
        "LIVE_STREAMS",
        whole(0, 5000),
        "250",
        "Browsers each web process keeps live at once; further ones ask every few seconds instead.",
    ),
    Setting(
        "DATABASE_URL",
        database,
        f"sqlite:///{HERE / 'instance' / 'desk.db'}",
        "Where the data lives: SQLite, PostgreSQL or MySQL/MariaDB.",
    ),
    Setting("SESSION_HOURS", whole(1, 720), "12", "Hours after which a session ends, however busy it is."),
    Setting("SESSION_DAYS", whole(1, 365), "30", "The same in days for whoever stays signed in."),
    Setting("DESK_NAME", text, "IT helpdesk", "The name of the desk in the top bar and in mails."),
    Setting("DESK_TIMEZONE", zone, "UTC", "The time zone for people who have not chosen one."),
    Setting(
        "REGISTRATION",
        one_of("open", "domains", "invite"),
        None,
        "Who may create an account: anyone, addresses of ALLOWED_EMAIL_DOMAINS, or only invited people.",
    ),
    Setting("ALLOWED_EMAIL_DOMAINS", mail_domains, "", "For REGISTRATION=domains: mail domains separated by commas."),
    Setting("MAIL_SERVER", text, "", "The SMTP server. Empty: no mail is sent."),
    Setting("MAIL_PORT", whole(1, 65535), "587", "The port of the SMTP server."),
    Setting(
        "MAIL_USE_TLS", yes_or_no, None, "Encrypt with STARTTLS. Default: yes, but no for a server on this machine."
    ),
    Setting("MAIL_USE_SSL", yes_or_no, "no", "Encrypt from the first byte (port 465)."),
    Setting("MAIL_USERNAME", text, "", "The account at the SMTP server."),
    Setting("MAIL_PASSWORD", text, "", "Its password."),
    Setting("MAIL_FROM", address, None, "The address that mails come from."),
    Setting("MAIL_TIMEOUT", whole(1, 60), "20", "Seconds to wait for the SMTP server."),
    Setting("UNDO_SECONDS", whole(0, 120), "10", "Seconds in which an act can be taken back; mails wait that long."),
    Setting("AUTO_CLOSE_DAYS", whole(1, 365), "7", "Days after which a resolved ticket closes by itself."),
    Setting("TRASH_DAYS", whole(1, 3650), "30", "Days after which a deleted ticket is removed for good."),
    Setting("MAX_BODY_MB", whole(1, 1024), "2", "The largest form the desk accepts, in megabytes."),
    Setting("MAX_FILE_MB", whole(1, 1024), "25", "The largest file that can be attached, in megabytes."),
    Setting("MAX_FILES", whole(1, 50), "10", "Files that one ticket, reply or note can carry."),
    Setting(
        "MAX_IMPORT_MB",
        whole(1, 1024),
        "100",
        "The largest file of tickets an admin can import in the browser, in megabytes.",
    ),
    Setting("FILES_ON", one_of("disk", "s3"), None, "Where new files go: disk, or s3. Default: s3 with an S3_BUCKET."),
    Setting("FILES_DIR", text, None, "The folder of the files. Default: files, beside a SQLite database."),
    Setting("S3_BUCKET", text, "", "The bucket for files, at Amazon or any storage that speaks S3."),
    Setting("S3_REGION", text, "us-east-1", "The region of the bucket."),
    Setting("S3_ENDPOINT", web_address, "", "Where the storage answers, if it is not Amazon's."),
    Setting("S3_ACCESS_KEY", text, "", "The access key for the bucket. Empty: found as Amazon's own tools do."),
    Setting("S3_SECRET_KEY", text, "", "Its secret."),
    Setting(
        "FILES_QUOTA_MB", whole(0, 1_000_000_000), "5000", f"Megabytes that all files of one user can take. {TEN_TIMES}"
    ),
    Setting(
        "FILES_RESERVE_MB",
        whole(0, 1_000_000_000),
        "500",
        "Megabytes of the disk that files never take. Below it files are refused and everything else goes on.",
    ),
    Setting("LIMIT_RAISE", whole(0, 1_000_000), "30", f"Tickets that one user can raise in an hour. {TEN_TIMES}"),
    Setting(
        "LIMIT_REPLY", whole(0, 1_000_000), "120", f"Replies and changes one user can make in an hour. {TEN_TIMES}"
    ),
    Setting("LIMIT_UPLOAD_MB", whole(0, 1_000_000), "200", f"Megabytes one user can attach in an hour. {TEN_TIMES}"),
    Setting("LIMIT_EXPORT", whole(0, 1_000_000), "10", f"Exports that one user can take in an hour. {TEN_TIMES}"),
    Setting(
        "LIMIT_SEARCH",
        whole(0, 1_000_000),
        "120",
        f"Searches that one user can make in a minute, in each web process. {TEN_TIMES}",
    ),
    Setting(
        "LIMIT_SUGGESTIONS",
        whole(0, 1_000_000),
        "600",
        f"Suggestions while one user types, in a minute, in each web process. {TEN_TIMES}",
    ),
    Setting(
        "LIMIT_DRAFTS",
        whole(0, 1_000_000),
        "120",
        f"Times that the drafts of one user are saved in a minute, in each web process. {TEN_TIMES}",
    ),
    Setting(
        "LIMIT_PICTURES",
        whole(0, 1_000_000),
        "120",
        f"Estimated seconds of work on the pictures of one user in an hour, in each web process. {TEN_TIMES}",
    ),
    Setting("REFUSED_FILE_KINDS", some_of(*FILE_KINDS), "program", "Kinds of files that are refused."),
    Setting("CLAMAV_HOST", text, "", "Where ClamAV's clamd answers. Empty: files are not scanned for viruses."),
    Setting("CLAMAV_PORT", whole(1, 65535), "3310", "The port of clamd."),
    Setting(
        "LOG_FORMAT",
        one_of("readable", "json"),
        None,
        "readable lines or one line of JSON each. Default: json in production.",
    ),
)

MAILGUN = {
    "MAIL_SERVER": "MAILGUN_SMTP_SERVER",
    "MAIL_PORT": "MAILGUN_SMTP_PORT",
    "MAIL_USERNAME": "MAILGUN_SMTP_LOGIN",
    "MAIL_PASSWORD": "MAILGUN_SMTP_PASSWORD",
}


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read all settings. Raises BadSetting for the first one that cannot be used."""
    given = {setting.name: environ.get(setting.name, "").strip() for setting in SETTINGS}
    for ours, theirs in MAILGUN.items():
        given[ours] = given[ours] or environ.get(theirs, "").strip()
    values = {setting.name: _read(setting, given[setting.name]) for setting in SETTINGS}
    on_sqlite = values["DATABASE_URL"].startswith("sqlite:")
    values["APP_ENV"] = values["APP_ENV"] or "development"
    values["PRODUCTION"] = values["APP_ENV"] == "production" or not on_sqlite
    _check_production(values) if values["PRODUCTION"] else _fill_development(values)
    _fill_dependent(values)
    values["SETTINGS_GIVEN"] = sorted(name for name, value in given.items() if value)
    return values | _for_flask(values, on_sqlite)


def _read(setting: Setting, given: str) -> Any:
    value = given or setting.default
    if not value and (value is None or setting.read is web_address):
        return value
    try:
        return setting.read(value)
    except ValueError as error:
        raise BadSetting(f"{setting.name} {error}. Change it in the environment or in .env and start again.") from None


def _check_production(values: dict[str, Any]) -> None:
    key = values["SECRET_KEY"] or ""
    if key.lower() in KNOWN_KEYS or len(key) < 32 or len(set(key)) < 8:
        raise BadSetting(
            "SECRET_KEY is missing, too short or a well-known word. Set it to a random text of at least 32 characters, "
            "for example from: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if not values["PUBLIC_URL"]:
        raise BadSetting(
            "PUBLIC_URL is missing. Set it to the address people type, for example https://desk.example.com"
        )


def _fill_development(values: dict[str, Any]) -> None:
    values["SECRET_KEY"] = values["SECRET_KEY"] or secrets.token_urlsafe(48)
    values["PUBLIC_URL"] = values["PUBLIC_URL"] or f"http://127.0.0.1:{values['PORT']}"


def _fill_dependent(values: dict[str, Any]) -> None:
    sends = bool(values["MAIL_SERVER"])
    host = urlsplit(values["PUBLIC_URL"]).hostname or ""
    values["MAIL_FROM"] = values["MAIL_FROM"] or f"helpdesk@{_ascii(host)}"
    values["LOG_FORMAT"] = values["LOG_FORMAT"] or ("json" if values["PRODUCTION"] else "readable")
    values["REGISTRATION"] = values["REGISTRATION"] or ("invite" if values["PRODUCTION"] and not sends else "open")
    if values["REGISTRATION"] == "domains" and not values["ALLOWED_EMAIL_DOMAINS"]:
        raise BadSetting(
            "ALLOWED_EMAIL_DOMAINS is missing. REGISTRATION=domains needs at least one, for example example.com"
        )
    if values["MAIL_USE_TLS"] is None:
        values["MAIL_USE_TLS"] = values["MAIL_SERVER"] not in ("localhost", "127.0.0.1", "::1")
    if values["MAIL_USE_SSL"]:
        values["MAIL_USE_TLS"] = False
    _fill_files(values)


def _warnings(values: dict[str, Any]) -> list[str]:
    """What works and should still be changed, as sentences for whoever starts the desk."""
    public = urlsplit(values["PUBLIC_URL"])
    if not values["PRODUCTION"] or public.scheme == "https" or public.hostname in ("localhost", "127.0.0.1", "::1"):
        return []
    return [
        "PUBLIC_URL begins with http://, so passwords and cookies travel unencrypted. "
        "Put a proxy with a certificate in front and let PUBLIC_URL begin with https://."
    ]


def _fill_files(values: dict[str, Any]) -> None:
    url = make_url(values["DATABASE_URL"])
    beside = Path(url.database).absolute().parent if url.drivername == "sqlite" and url.database else HERE / "instance"
    values["FILES_DIR"] = values["FILES_DIR"] or str(beside / "files")
    values["FILES_ON"] = values["FILES_ON"] or ("s3" if values["S3_BUCKET"] else "disk")
    # A file of the largest size must fit.
    for limit in ("LIMIT_UPLOAD_MB", "FILES_QUOTA_MB"):
        values[limit] = values[limit] and max(values[limit], values["MAX_FILE_MB"])
    if values["FILES_ON"] == "s3" and not values["S3_BUCKET"]:
        raise BadSetting("S3_BUCKET is missing. FILES_ON=s3 needs the name of a bucket")


def _for_flask(values: dict[str, Any], on_sqlite: bool) -> dict[str, Any]:
    """What Flask and its extensions want to be told, worked out from our own settings."""
    public = urlsplit(values["PUBLIC_URL"])
    engine: dict[str, Any] = {"pool_size": values["WEB_THREADS"], "max_overflow": 2, "pool_timeout": 5}
    # Compiled queries, 57 KB each. Those of all pages are about 150; the others are searches that few type again.
    engine["query_cache_size"] = 250
    engine["hide_parameters"] = True  # An error in the log shall not tell what was typed, nor a hash.
    if not on_sqlite:
        engine |= {"pool_pre_ping": True, "pool_recycle": 280, "isolation_level": "READ COMMITTED"}
        engine["connect_args"] = _mysql_waits() if values["DATABASE_URL"].startswith("mysql") else _postgresql_waits()
    return {
        "TRUSTED_HOSTS": [public.hostname, "localhost", "127.0.0.1", "[::1]", *values["ALLOWED_HOSTS"]],
        "SQLALCHEMY_DATABASE_URI": values["DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": engine,
        "MAX_CONTENT_LENGTH": values["MAX_BODY_MB"] * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": values["MAX_BODY_MB"] * 1024 * 1024,
        "SESSION_COOKIE_NAME": "desk",
        "SESSION_COOKIE_SECURE": public.scheme == "https",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": values["SESSION_DAYS"] * 24 * 3600,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "BABEL_DEFAULT_TIMEZONE": values["DESK_TIMEZONE"],
        "MAIL_DEFAULT_SENDER": (values["DESK_NAME"], values["MAIL_FROM"]),
        "MAIL_SUPPRESS_SEND": False,
        "SENDS_MAIL": bool(values["MAIL_SERVER"]),
        "MAIL_HOST": f"{values['MAIL_SERVER']}:{values['MAIL_PORT']}" if values["MAIL_SERVER"] else "",
        "WARNINGS": _warnings(values),
    }


def _mysql_waits() -> dict[str, int]:
    """Seconds until a server is given up that is silent while a connection is made. Afterwards: timeouts.py."""
    return {"connect_timeout": CONNECT_SECONDS, "read_timeout": CONNECT_SECONDS, "write_timeout": 10}


def _postgresql_waits() -> dict[str, int]:
    """Also a connection that a firewall has dropped without a word is noticed, by the kernel."""
    alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 15_000}
    return {"connect_timeout": CONNECT_SECONDS} | alive
