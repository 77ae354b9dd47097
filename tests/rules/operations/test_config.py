"""Settings: what each reader takes, what stops the start, and what follows from the others."""

import pytest

import config
from config import BadSetting, load

KEY = "0123456789 abcdefghij ABCDEFGHIJ"
PRODUCTION = {"APP_ENV": "production", "SECRET_KEY": KEY, "PUBLIC_URL": "https://desk.example.com"}

BAD = {
    "APP_ENV": ["staging", "prod"],
    "SECRET_KEY": ["one\nand another line"],
    "PUBLIC_URL": [
        "desk.example.com",
        "ftp://desk.example.com",
        "https://",
        "https://desk.example.com/?a=1",
        "http://[",
        "https://a.example/desk",
    ],
    "TRUSTED_PROXIES": ["-1", "10", "many", "1.5", "١"],
    "HSTS_SUBDOMAINS": ["perhaps"],
    "SESSION_HOURS": ["0", "721", "half a day"],
    "SESSION_DAYS": ["0", "366", "1.5"],
    "HOST": ["127.0.0.1\x00"],
    "PORT": ["0", "65536", "http", "99999999999999999999"],
    "WEB_WORKERS": ["0", "65"],
    "WEB_THREADS": ["0", "257"],
    "LIVE_STREAMS": ["-1", "5001"],
    "DATABASE_URL": ["oracle://desk@db/desk", "desk.db", "sqlite://", "mysql:/desk", "postgresql://desk@db:port/desk"],
    "DESK_NAME": ["IT\r\nBcc: everybody@example.com"],
    "DESK_TIMEZONE": ["Berlin", "UTC+1", "../etc/passwd"],
    "REGISTRATION": ["closed", "yes"],
    "MAIL_SERVER": ["smtp.example.com\nanother"],
    "MAIL_PORT": ["smtp", "0"],
    "MAIL_USE_TLS": ["maybe", "2"],
    "MAIL_USE_SSL": ["ssl"],
    "MAIL_USERNAME": ["desk\x00"],
    "MAIL_PASSWORD": ["two\nlines"],
    "MAIL_FROM": ["helpdesk", "IT <it@example.com>", "it@example.com, it2@example.com", "büro@example.com"],
    "MAIL_TIMEOUT": ["0", "61"],
    "UNDO_SECONDS": ["-1", "121", "ten"],
    "AUTO_CLOSE_DAYS": ["0", "366", "a week"],
    "TRASH_DAYS": ["0", "3651"],
    "MAX_BODY_MB": ["0", "1025", "2 MB"],
    "MAX_FILE_MB": ["0", "1025", "25 MB"],
    "MAX_FILES": ["0", "51"],
    "FILES_ON": ["tape"],
    "FILES_DIR": ["files\nhere"],
    "S3_BUCKET": ["a\nb"],
    "S3_REGION": ["eu\x00"],
    "S3_ENDPOINT": ["s3.example.com", "ftp://s3.example.com"],
    "S3_ACCESS_KEY": ["two\nlines"],
    "S3_SECRET_KEY": ["two\nlines"],
    "REFUSED_FILE_KINDS": ["exe", "program;web", ".png"],
    "CLAMAV_HOST": ["127.0.0.1\x00"],
    "CLAMAV_PORT": ["0", "clamd"],
    "FILES_QUOTA_MB": ["-1", "5 GB"],
    "FILES_RESERVE_MB": ["-1", "half"],
    "MAX_IMPORT_MB": ["0", "large"],
    "LIMIT_RAISE": ["-1", "many"],
    "LIMIT_REPLY": ["-1", "1.5"],
    "LIMIT_UPLOAD_MB": ["-1", "200 MB"],
    "LIMIT_EXPORT": ["-1", "none"],
    "LIMIT_SEARCH": ["-1", "1000001"],
    "LIMIT_SUGGESTIONS": ["-1", "few"],
    "LIMIT_DRAFTS": ["-1", "0.5"],
    "LIMIT_PICTURES": ["-1", "2 minutes"],
    "LOG_FORMAT": ["xml"],
}
# Lists of names: there is nothing that they could not mean.
TAKE_ANYTHING = {"ALLOWED_HOSTS", "ALLOWED_EMAIL_DOMAINS"}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in BAD.items() for value in values])
def test_a_value_that_cannot_be_used_stops_the_start_and_names_the_setting(name, value):
    with pytest.raises(BadSetting) as stop:
        load({name: value})
    assert str(stop.value).startswith(f"{name} "), stop.value
    assert "start again" in str(stop.value)


def test_every_setting_is_tried_with_a_bad_value():
    assert {setting.name for setting in config.SETTINGS} - TAKE_ANYTHING == set(BAD)


@pytest.mark.parametrize("address, warns", [("http://desk.example.com", True), ("https://desk.example.com", False)])
def test_in_production_an_address_without_https_is_warned_about(address, warns):
    assert bool(load(PRODUCTION | {"PUBLIC_URL": address})["WARNINGS"]) is warns
    assert load({"PUBLIC_URL": address})["WARNINGS"] == []
    assert load(PRODUCTION | {"PUBLIC_URL": "http://127.0.0.1:5000"})["WARNINGS"] == []


def test_the_desk_starts_without_any_setting():
    values = load({})
    assert values["APP_ENV"] == "development" and not values["PRODUCTION"]
    assert values["DATABASE_URL"].endswith("instance/desk.db")
    assert values["PUBLIC_URL"] == "http://127.0.0.1:5000"
    assert len(values["SECRET_KEY"]) >= 32 and values["SECRET_KEY"] != load({})["SECRET_KEY"]


def test_an_empty_value_means_the_default():
    assert load({"PORT": " ", "DESK_NAME": ""})["PORT"] == 5000


@pytest.mark.parametrize("key", ["", "dev", "change-me", "0123456789012345678901234567890"])
def test_production_refuses_a_missing_known_or_short_secret_key(key):
    with pytest.raises(BadSetting, match="^SECRET_KEY "):
        load(PRODUCTION | {"SECRET_KEY": key})


@pytest.mark.parametrize("key", sorted(config.KNOWN_KEYS))
def test_production_refuses_every_known_key_in_any_case(key):
    with pytest.raises(BadSetting, match="^SECRET_KEY "):
        load(PRODUCTION | {"SECRET_KEY": key.upper()})


def test_production_refuses_a_key_that_repeats_one_character():
    with pytest.raises(BadSetting, match="^SECRET_KEY "):
        load(PRODUCTION | {"SECRET_KEY": "x" * 40})


def test_production_refuses_to_start_without_public_url():
    with pytest.raises(BadSetting, match="^PUBLIC_URL "):
        load(PRODUCTION | {"PUBLIC_URL": ""})


def test_any_database_but_sqlite_means_production_whatever_app_env_says():
    with pytest.raises(BadSetting, match="^SECRET_KEY "):
        load({"DATABASE_URL": "postgresql://desk@db/desk", "APP_ENV": "development"})


@pytest.mark.parametrize(
    "given, used",
    [
        ("postgres://u:p@host:5432/db", "postgresql+psycopg://u:p@host:5432/db"),
        ("postgresql://u:p@host/db?sslmode=require", "postgresql+psycopg://u:p@host/db?sslmode=require"),
        ("mysql://u:p@jaws.example.com:3306/db", "mysql+pymysql://u:p@jaws.example.com:3306/db?charset=utf8mb4"),
        ("mysql://u:p@host/db?reconnect=true", "mysql+pymysql://u:p@host/db?charset=utf8mb4"),
        ("mysql://u:p@host/db?charset=latin1&ssl_ca=a.pem", "mysql+pymysql://u:p@host/db?charset=utf8mb4&ssl_ca=a.pem"),
        ("mariadb://u:p@host/db", "mysql+pymysql://u:p@host/db?charset=utf8mb4"),
        ("sqlite:////srv/desk/desk.db", "sqlite:////srv/desk/desk.db"),
    ],
)
def test_a_database_address_is_taken_as_heroku_and_its_addons_hand_it_out(given, used):
    assert load(PRODUCTION | {"DATABASE_URL": given})["DATABASE_URL"] == used


def test_the_mailgun_addon_needs_no_other_mail_setting():
    addon = {
        "MAILGUN_SMTP_SERVER": "smtp.mailgun.org",
        "MAILGUN_SMTP_PORT": "2525",
        "MAILGUN_SMTP_LOGIN": "postmaster@mg.example.com",
        "MAILGUN_SMTP_PASSWORD": "secret",
    }
    values = load(PRODUCTION | addon)
    assert (values["MAIL_SERVER"], values["MAIL_PORT"]) == ("smtp.mailgun.org", 2525)
    assert (values["MAIL_USERNAME"], values["MAIL_PASSWORD"]) == ("postmaster@mg.example.com", "secret")
    assert values["MAIL_USE_TLS"] and values["SENDS_MAIL"]


def test_our_own_mail_settings_win_over_the_addon():
    values = load(PRODUCTION | {"MAILGUN_SMTP_SERVER": "smtp.mailgun.org", "MAIL_SERVER": "smtp.example.com"})
    assert values["MAIL_SERVER"] == "smtp.example.com"


def test_a_bad_value_of_the_addon_names_the_setting_it_stands_for():
    with pytest.raises(BadSetting, match="^MAIL_PORT "):
        load({"MAILGUN_SMTP_PORT": "smtp"})


@pytest.mark.parametrize(
    "settings, registration",
    [
        ({}, "open"),
        (PRODUCTION, "invite"),
        (PRODUCTION | {"MAIL_SERVER": "smtp.example.com"}, "open"),
        (PRODUCTION | {"REGISTRATION": "open"}, "open"),
    ],
)
def test_accounts_are_open_except_in_production_without_mail(settings, registration):
    assert load(settings)["REGISTRATION"] == registration


def test_registration_by_domain_needs_a_domain():
    with pytest.raises(BadSetting, match="^ALLOWED_EMAIL_DOMAINS "):
        load({"REGISTRATION": "domains"})
    allowed = load({"REGISTRATION": "domains", "ALLOWED_EMAIL_DOMAINS": "Example.com, example.org,"})
    assert allowed["ALLOWED_EMAIL_DOMAINS"] == ("example.com", "example.org")


def test_mail_is_encrypted_except_to_this_machine():
    assert load({"MAIL_SERVER": "smtp.example.com"})["MAIL_USE_TLS"]
    assert not load({"MAIL_SERVER": "127.0.0.1"})["MAIL_USE_TLS"]
    over_ssl = load({"MAIL_SERVER": "smtp.example.com", "MAIL_USE_SSL": "yes", "MAIL_USE_TLS": "yes"})
    assert over_ssl["MAIL_USE_SSL"] and not over_ssl["MAIL_USE_TLS"]


def test_mails_come_from_the_host_of_the_public_url():
    assert load(PRODUCTION)["MAIL_FROM"] == "helpdesk@desk.example.com"


@pytest.mark.parametrize(
    "setting, given", [("MAIL_FROM", "it@bücher.example"), ("PUBLIC_URL", "https://bücher.example")]
)
def test_mails_come_from_a_domain_in_its_ascii_form(setting, given):
    assert load(PRODUCTION | {setting: given})["MAIL_FROM"].endswith("@xn--bcher-kva.example")


def test_mail_domains_are_compared_as_addresses_are_stored():
    given = {"REGISTRATION": "domains", "ALLOWED_EMAIL_DOMAINS": "xn--bcher-kva.example, BÜCHER.example, corp.local"}
    assert load(given)["ALLOWED_EMAIL_DOMAINS"] == ("bücher.example", "bücher.example", "corp.local")


def test_cookies_travel_encrypted_only_where_the_public_url_does():
    assert load(PRODUCTION)["SESSION_COOKIE_SECURE"]
    assert not load({})["SESSION_COOKIE_SECURE"]


def test_a_mail_server_is_given_up_on_before_its_mail_is_given_to_another_worker():
    from helpdesk.notifications.deliveries import LEASE

    longest = max(seconds for seconds in range(1, 61) if load({"MAIL_TIMEOUT": str(seconds)}))
    assert longest < LEASE.total_seconds()
