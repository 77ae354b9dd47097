"""The list of routes itself: each names a permission and known parts, stands there once, and is all the app knows."""

import re

import pytest
from flask import Flask

from helpdesk.access import permissions
from routes import ROUTES
from tests.test_map import ROUTE_IDS
from web import door
from web.callers import Checkers


def test_every_view_names_a_permission_that_exists():
    for method, path, _view, answer, *_limit in ROUTES:
        assert permissions.is_named(answer), f"{method} {path}"


def test_every_part_of_an_address_is_one_the_door_knows():
    for method, path, _view, answer, *_limit in ROUTES:
        for part in re.findall(r"<([^>]+)>", path):
            assert part in door.FINDERS or (answer.__name__ == "ANYONE" and part.startswith(("string:", "path:"))), path


def test_every_address_on_the_map_stands_there_once():
    assert len(ROUTE_IDS) == len(set(ROUTE_IDS))


def test_the_app_knows_no_address_that_is_not_on_the_map(app):
    known = {(method, path) for method, path, *_rest in ROUTES}
    for rule in app.url_map.iter_rules():
        assert {(method, rule.rule) for method in rule.methods - {"HEAD"}} <= known


def test_an_endpoint_that_is_not_on_the_map_answers_404(make_app):
    other = make_app()
    other.add_url_rule("/backdoor", "backdoor", lambda: "open")
    assert other.test_client().get("/backdoor").status_code == 404


@pytest.mark.parametrize("row", [("GET", "/x", lambda: "", None), ("GET", "/x", lambda: "")])
def test_a_row_without_a_permission_cannot_start(row):
    with pytest.raises(ValueError):
        door.hang(Flask("desk"), [row], Checkers())


@pytest.mark.parametrize("answer", [permissions.TOKEN("tickets:read"), permissions.HOOK("mailbox")], ids=repr)
def test_a_row_that_takes_a_caller_whom_nobody_checks_cannot_start(answer):
    with pytest.raises(ValueError, match="nobody checks"):
        door.hang(Flask("desk"), [("POST", "/x", lambda: "", answer)], Checkers(hooks={"another": bool}))
