"""The rooms of the house and the doors between them: what each may import, read from the code itself."""

import ast
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
ROOMS = ("helpdesk", "integrations", "jobs", "web", "views")
SINGLE = ("models", "forms", "routes", "config", "commands", "app")
OURS = {*ROOMS, *SINGLE}

# From DESIGN.md section 3. Of our own rooms, each may import only these (and itself).
MAY = {
    "models": set(),
    "config": set(),
    "helpdesk": {"models"},
    "forms": {"helpdesk"},
    "integrations": {"models", "helpdesk"},
    "jobs": {"models", "helpdesk", "integrations"},
    "web": {"models", "helpdesk"},
    "views": {"forms", "helpdesk", "web", "integrations"},
    "routes": {"views", "helpdesk"},
}
# Flask's parts that know of requests, sessions and pages; and what else a room must not touch.
FLASK = {"flask", "flask_login", "flask_wtf", "flask_mail", "werkzeug", "jinja2", "wtforms"}
NEVER = {
    "models": FLASK,
    "helpdesk": FLASK | {"smtplib", "imaplib", "socket", "http", "requests", "urllib.request"},
    "forms": {"sqlalchemy", "models", "flask"},
    "views": {"sqlalchemy", "flask_sqlalchemy", "models"},
    "routes": FLASK | {"sqlalchemy", "models"},
    "integrations": {"flask_wtf", "wtforms"},
    "jobs": {"flask_wtf", "wtforms"},
}
# Where a room of views may be looked into more closely: only these parts of another room.
ONLY = {("views", "integrations"): {"storage", "files", "identity"}, ("routes", "helpdesk"): {"access"}}
# Agreed exceptions: the sign-in page that carries a typed form along is the one form that the plumbing shows.
AGREED = {("web/resubmission.py", "forms")}


def files():
    for room in MAY:
        path = HOUSE / room
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [HOUSE / f"{room}.py"]


def room_of(path):
    first = path.relative_to(HOUSE).parts[0]
    return first.removesuffix(".py")


def imports(path):
    """Every module a file imports, wherever it does so: "helpdesk.text" for `from helpdesk import text`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: import by full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", [*files()], ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_imports_only_what_its_room_may(path):
    room, name = room_of(path), str(path.relative_to(HOUSE))
    for module in imports(path):
        first, _dot, rest = module.partition(".")
        if (name, first) in AGREED:
            continue
        if first in OURS and first != room:
            assert first in MAY[room], f"{name} imports {module}"
        if (room, first) in ONLY:
            assert rest.split(".")[0] in ONLY[room, first], f"{name} imports {module}"
        forbidden = [never for never in NEVER.get(room, ()) if module == never or module.startswith(never + ".")]
        assert not forbidden, f"{name} imports {module}"


def test_views_never_touch_the_database_session():
    for path in sorted((HOUSE / "views").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) != "db.session", f"{path.name}:{node.lineno}"


def test_only_the_map_knows_addresses():
    """No view, and nothing else, hangs itself on the app."""
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("route", "add_url_rule", "register_blueprint"):
                assert str(path.relative_to(HOUSE)) == "web/door.py", f"{path.name}:{node.lineno}"


def test_every_package_that_is_imported_is_one_we_install():
    """Found in the pinned requirements: nothing leans on a package that happens to be there."""
    pinned = {line.split("==")[0].strip().lower() for line in (HOUSE / "requirements.txt").read_text().splitlines()}
    for path in files():
        for module in imports(path):
            first = module.split(".")[0]
            if first not in OURS and first not in sys.stdlib_module_names:
                assert PACKAGES.get(first, first.replace("_", "-")).lower() in pinned, f"{path.name} imports {module}"


PACKAGES = {
    "argon2": "argon2-cffi",
    "babel": "babel",
    "dotenv": "python-dotenv",
    "flask_bootstrap": "bootstrap-flask",
    "PIL": "pillow",
}


# Inside helpdesk/ a folder may import itself, what is on a line above, and what comes before it on its line.
# docs/decisions/0038-folders-by-subject.md says why each is where it is.
ORDER = """
choices errors text outages email_addresses events.kinds
disk markup
db
limits
access live search_index
notifications attachments query
events
lists tickets
accounts bulk reports
search import_export demo
operations
""".split()


def wing_of(module):
    """The entry of ORDER that a module of helpdesk/ belongs to: "events.kinds" for itself, else its folder."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2]) if ".".join(parts[:2]) in ORDER else parts[0]


def modules_of_helpdesk():
    for path in sorted((HOUSE / "helpdesk").rglob("*.py")):
        if path.name != "__init__.py":
            yield path, ".".join(path.relative_to(HOUSE).with_suffix("").parts)


def test_imports_inside_helpdesk_run_one_way():
    against = []
    for path, module in modules_of_helpdesk():
        own = ORDER.index(wing_of(module))
        for imported in imports(path):
            if imported.startswith("helpdesk.") and ORDER.index(wing_of(imported)) > own:
                against.append(f"{module} imports {imported}")
    assert not against


def test_no_folder_of_code_holds_more_than_twenty_files():
    folders = [path for room in (*ROOMS, "tests", "bench") for path in [HOUSE / room, *(HOUSE / room).rglob("*")]]
    for folder in {path for path in folders if path.is_dir() and path.name != "__pycache__"}:
        files = [path for path in folder.iterdir() if path.suffix == ".py" and path.name != "__init__.py"]
        assert len(files) <= 20, f"{folder.relative_to(HOUSE)} holds {len(files)}"
