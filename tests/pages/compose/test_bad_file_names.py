"""Names of files that could do harm: to disks, headers and eyes; and all those that must come through unharmed."""

from urllib.parse import unquote

import pytest

from helpdesk.attachments import file_names
from models import Attachment, db
from tests.support import files

NEW = "/tickets/new"


@pytest.fixture
def ada(browse, cast):
    return browse(cast.ada)


@pytest.mark.parametrize(
    "sent, kept",
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\..\\report.pdf", "report.pdf"),
        ("/etc/passwd/", "passwd"),
        ("..", "file"),
        (" . ", "file"),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"),
        ("a\x00b.txt", "ab.txt"),
        ("photo\u202egpj.exe.txt", "photogpj.exe.txt"),
        ("\u2066x\u2069.txt", "x.txt"),
        ("con.txt", "_con.txt"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        (".htaccess", "htaccess"),
        ("two  blanks .txt", "two blanks.txt"),
        ("\ud800half.txt", "half.txt"),
    ],
)
def test_a_name_that_could_do_harm(sent, kept):
    assert file_names.clean(sent) == kept


def test_a_name_with_line_ends_and_paths_makes_no_header_of_its_own(ada):
    sent = 'x"; filename="y.html\r\nX-Bad: 1/../Größe\u202e.txt'
    answer = files.attach(ada, NEW, sent, b"words")
    assert answer.status_code == 201
    got = ada.get(f"/files/{answer.json['file']}")
    assert "X-Bad" not in got.headers and "\u202e" not in answer.json["row"]
    assert "html" not in got.headers["Content-Disposition"].partition("filename*")[0].rpartition(".")[2]


@pytest.mark.parametrize("letter", ["a", "ж", "漢", "😀", "e\u0301"])
def test_a_name_of_500_characters(ada, letter):
    answer = files.attach(ada, NEW, letter * 500 + ".tar.gz", b"\x1f\x8bwords")
    row = db.session.query(Attachment).one()
    assert answer.status_code == 201 and row.name.endswith(".tar.gz")
    assert len(row.name) <= 150 and len(row.name.encode()) <= 240
    assert "…" in answer.json["row"]


SCRIPTS = (
    "Größe ñ ł Ελληνικά кириллица עברית العربية فارسی हिन्दी ไทย ქართული հայերեն አማርኛ 漢字 かな 한국어 Tiếng Việt 😀"
)


def test_a_name_in_every_script_of_the_world(ada):
    number = files.attach(ada, NEW, f"{SCRIPTS}.txt", b"words").json["file"]
    db.session.expire_all()
    assert db.session.get(Attachment, number).name == f"{SCRIPTS}.txt"
    header = ada.get(f"/files/{number}").headers["Content-Disposition"]
    assert unquote(header.rpartition("''")[2]) == f"{SCRIPTS}.txt" and header.isascii()
