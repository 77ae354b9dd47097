"""What is written about the desk, held against the desk: settings, event kinds, mails, words on pages, measures."""

import ast
import importlib
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from config import SETTINGS
from helpdesk.choices import PRIORITY_NAMES, ROLES, STATUSES, TYPES
from helpdesk.events.kinds import KINDS, TICKET_KINDS, sentence
from helpdesk.notifications import recipients

HOUSE = Path(__file__).resolve().parent.parent
LISTS_ONLY = ("models.py", "forms.py", "routes.py", "config.py")
TEMPLATES = sorted((HOUSE / "templates").rglob("*.*"))


def tracked(pattern=""):
    """Files that git knows or would know: not what it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    return [HOUSE / name for name in listed.stdout.splitlines() if name.endswith(pattern) and (HOUSE / name).is_file()]


# ---- settings


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_explained(setting):
    assert re.search(rf"^#? ?{setting.name}=", (HOUSE / ".env.example").read_text(), re.M), ".env.example"
    assert re.search(rf"^\|.*`{setting.name}`.*\|", (HOUSE / "README.md").read_text(), re.M), "the README's table"
    assert str(setting.meaning).endswith(".")


def test_the_example_settings_name_nothing_that_does_not_exist():
    written = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]{2,})=", (HOUSE / ".env.example").read_text(), re.M))
    assert written <= {setting.name for setting in SETTINGS}


def test_the_example_settings_hold_no_secret():
    values = dict(re.findall(r"^#? ?([A-Z0-9_]+)=(.*)$", (HOUSE / ".env.example").read_text(), re.M))
    for name in ("SECRET_KEY", "MAIL_PASSWORD", "S3_SECRET_KEY"):
        assert values[name].strip() == "", name
    assert not re.search(r"://[^\s/:]+:(?!password|secret|PASSWORD)[^\s@]+@", (HOUSE / ".env.example").read_text())


# ---- events and mails


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event_has_a_sentence_made_of_its_facts(kind):
    facts = {name: "some fact" for name in KINDS[kind].facts}
    told = sentence(kind, "Cleo Hart", facts)
    assert "%" not in told and not told.endswith(".")
    named = set(re.findall(r"%\((\w+)\)s", str(KINDS[kind].sentence)))
    assert named <= {"who", *KINDS[kind].facts}


def test_statuses_priorities_types_and_roles_are_told_by_their_words():
    for kind, names in (("status_set", STATUSES), ("priority_set", PRIORITY_NAMES.values()), ("type_set", TYPES)):
        for name in names:
            assert name not in sentence(kind, "Cleo Hart", {"old": name, "new": name}).split()
    for role in ROLES:
        assert role not in sentence("role_set", "Eve", {"name": "Ada", "old": role, "new": role}).split()


def test_what_requesters_never_hear_of_is_kept_from_them():
    secret = {kind for kind, declared in TICKET_KINDS.items() if not declared.public}
    assert secret == {
        "noted",
        "note_corrected",
        "trashed",
        "restored",
        "undo_refused",
        "tagged",
        "linked",
        "unlinked",
        "called_spam",
    }
    assert not set(recipients.TICKET_MAILS) & secret


def test_every_kind_of_mail_has_its_two_texts(cast):
    ticket_mails = ("received", "new_ticket", "answer", "requester_reply", "assigned")
    ticket_mails += ("resolved", "closed", "reopened", "duplicate", "merged")
    mails = [("account", mail) for mail in recipients.ACCOUNT_MAILS.values()]
    for folder, mail in mails + [("ticket", mail) for mail in ticket_mails]:
        for ending in ("txt", "html"):
            assert (HOUSE / "templates/mail" / folder / f"{mail}.{ending}").is_file(), f"{mail}.{ending}"


def test_every_mail_that_somebody_can_be_owed_is_among_those_with_texts():
    source = (HOUSE / "helpdesk/notifications/recipients.py").read_text()
    mails = re.findall(r'Recipient\([\w.]+, "(\w+)"|_followers\(ticket, "(\w+)"', source)
    assert mails
    for mail in mails:
        assert len(list((HOUSE / "templates/mail").glob(f"*/{mail[0] or mail[1]}.txt"))) == 1, mail


# ---- words on pages


class BareWords(HTMLParser):
    """Words between tags, and in attributes that people read, that gettext has not seen."""

    SPOKEN = ("title", "alt", "placeholder", "aria-label")

    def __init__(self):
        super().__init__()
        self.found = []
        self.tag = ""

    def handle_data(self, data):
        if self.tag != "style":
            self._collect(data)

    def handle_endtag(self, tag):
        self.tag = ""

    def handle_starttag(self, tag, attrs):
        self.tag = tag
        for name, value in attrs:
            if name in self.SPOKEN:
                self._collect(value or "")

    def _collect(self, text):
        if re.search(r"[^\W\d_]{2,}", text):
            self.found.append(text.strip())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(HOUSE / "templates")))
def test_every_word_of_a_template_goes_through_gettext(path):
    bare = BareWords()
    bare.feed(without_jinja(path.read_text()))
    bare.close()
    assert not bare.found


def without_jinja(source):
    source = re.sub(r"{#.*?#}", "", source, flags=re.S)
    return re.sub(r"{%.*?%}|{{.*?}}", "", source, flags=re.S)


def test_what_a_template_says_stands_in_gettext_and_not_in_a_plain_string():
    """A sentence in {{ ... }} is inside a call of _() or ngettext()."""
    for path in TEMPLATES:
        for code in re.findall(r"{{(.*?)}}", path.read_text(), flags=re.S):
            said = re.sub(r"n?gettext\([^)]*\)|_\(\s*\"(?:[^\"\\]|\\.)*\"", "", code, flags=re.S)
            for words in re.findall(r"\"([^\"]*)\"", said):
                assert not re.search(r"[A-Z][a-z]+ [a-z]+", words), f"{path.name}: {words}"


# ---- measures


@pytest.mark.parametrize("path", tracked(".py"), ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_file_and_no_function_is_too_long_to_read(path):
    source = path.read_text()
    if path.is_relative_to(HOUSE / "migrations" / "versions"):
        return
    most = 800 if path.name in LISTS_ONLY and path.parent == HOUSE else 300
    assert len(source.splitlines()) <= most
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 50, f"{node.name}, line {node.lineno}"


@pytest.mark.parametrize("path", tracked(".py"), ids=lambda path: str(path.relative_to(HOUSE)))
def test_every_file_opens_with_what_belongs_in_it(path):
    tree = ast.parse(path.read_text())
    assert not tree.body or ast.get_docstring(tree), "a sentence of what belongs in this file"


def test_templates_are_short_enough_to_read():
    for path in TEMPLATES:
        most = 60 if path.name.startswith("_") and path.name != "_macros.html" else 120
        assert len(path.read_text().splitlines()) <= most, path.name


def test_no_file_names_a_path_of_one_machine():
    homes = re.compile("|".join(("/ho" + r"me/\w+/", "/Us" + r"ers/\w+/", "/wo" + "rk/", "/ro" + "ot/")))
    for path in tracked():
        if path.suffix in (".png", ".jpg", ".svg", ".gz", ".ico"):
            continue
        assert not homes.search(path.read_text(errors="replace")), path.relative_to(HOUSE)


@pytest.mark.parametrize("name", sorted(path.stem for path in (HOUSE / "bench").glob("[a-z]*.py")))
def test_every_part_of_the_bench_can_be_loaded(name):
    assert importlib.import_module(f"bench.{name}").__doc__


def test_every_test_that_the_promises_of_security_name_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (HOUSE / "SECURITY.md").read_text())
    assert len(named) > 20
    for path, test in named:
        assert (HOUSE / path).is_file(), path
        assert not test or f"def {test}(" in (HOUSE / path).read_text(), f"{path}::{test}"


# ---- names

# From "Names" of the house style: a function or class is called by what it gives, not by a word that fits everything.
SAYS_NOTHING = set("told said stands held look looks some one kept mark meant way around those these".split())


def test_no_function_or_class_has_a_name_that_says_nothing():
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for path in tracked(".py"):
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]
        found = [node.name for node in nodes if node.name.strip("_").lower() in SAYS_NOTHING]
        assert not found, path.relative_to(HOUSE)
