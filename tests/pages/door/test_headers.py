"""The headers of every answer."""

import pytest


@pytest.mark.parametrize("path", ["/login", "/tickets", "/no/such/page", "/healthz", "/static/css/base.css", "/triage"])
def test_every_answer_carries_the_security_headers(browse, cast, path):
    headers = browse(cast.ada).get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_never_stored_and_our_files_are(browse, cast):
    ada = browse(cast.ada)
    for path in ("/tickets", "/login", "/no/such/page", "/static/missing.css", "/healthz"):
        assert ada.get(path).headers["Cache-Control"] == "no-store"
    kept = ada.get("/static/css/base.css").headers
    assert "max-age=31536000" in kept["Cache-Control"] and "Set-Cookie" not in kept


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browse, make_app):
    cookie = browse().get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


def test_behind_https_the_cookie_and_the_browser_stay_there(make_app):
    answer = make_app(PUBLIC_URL="https://desk.test").test_client().get("/login")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/%00", "/bootstrap/../../x"])
def test_no_file_outside_is_served(browse, path):
    assert browse().get(path).status_code == 404


def test_a_head_request_answers_like_a_get_without_the_page(browse, cast):
    ada = browse(cast.ada)
    answer = ada.open(ada.client.head, "/tickets")
    assert answer.status_code == 200 and answer.data == b""
