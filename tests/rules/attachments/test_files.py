"""What files are and are called: kinds found from their content, names cut and told apart, sizes, headers."""

import io

import pytest

import config
from helpdesk import choices
from helpdesk.attachments import file_names, file_types
from tests.support import files
from web.files import downloads

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(22) + b"\x09\x00" + bytes(16) + b"\x00\x00\x00\x00"


def compound(*names):
    """The beginning of a file in the container of the older Office, with these names in its folder."""
    return OLE.ljust(512, b"\0") + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names)


@pytest.mark.parametrize(
    "content, name, kind",
    [
        (files.picture(), "a.png", "picture"),
        (files.picture(format="JPEG"), "a", "picture"),
        (files.picture(format="WEBP"), "a.exe", "picture"),
        (files.picture(format="BMP"), "a.bmp", "picture"),
        (b"\0\0\0\x20ftypheic", "a.heic", "picture"),
        (b"\0\0\1\0\1\0\x10\x10", "favicon.ico", "picture"),
        (b"<!---->" * 40 + b"x", "note.txt", "text"),
        (b"<!--" + b"x" * 9000 + b"--> \n<!-- -->\n<script>", "note.txt", "web"),
        (b"<!-- a comment without an end", "note.txt", "web"),
        (files.PDF, "a.pdf", "pdf"),
        (b"\n\n" + files.PDF, "a.txt", "pdf"),
        (files.DOCX, "a.docx", "office"),
        (files.DOCX, "a.zip", "office"),
        (files.zipped("a.txt"), "a.docx", "archive"),
        (files.zipped("META-INF/MANIFEST.MF", "A.class"), "a.zip", "program"),
        (files.zipped("a.txt")[:-22], "a.zip", "archive"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text", "a.odt", "office"),
        (compound("Root Entry", "WordDocument"), "a.doc", "office"),
        (compound("Root Entry", "__properties_version1.0"), "a.msg", "mail"),
        (compound("Root Entry", "\u4840\u3f3f"), "a.doc", "program"),
        (b"{\\rtf1", "a.doc", "office"),
        (b"\x1f\x8b\x08", "a.tar.gz", "archive"),
        (b"7z\xbc\xaf\x27\x1c", "a.7z", "archive"),
        (b"\0\0\0\x18ftypmp42", "a.mp4", "media"),
        (b"ID3\x04", "a.mp3", "media"),
        (files.EXE, "a.pdf", "program"),
        (b"\x7fELF\x02", "a", "program"),
        (b"#!/bin/sh\nrm -rf x\n", "a.txt", "program"),
        (b"@echo off", "a.bat", "program"),
        (b"L\0\0\0\x01\x14\x02\0", "a.txt", "program"),
        (files.HTML, "a.txt", "web"),
        (files.SVG, "a.png", "web"),
        (files.XML, "a.txt", "web"),
        (files.PHP, "a.pht", "web"),
        (b"From: ada@example.com\nSubject: x\n\nHello", "a.eml", "mail"),
        (b"Error 42 <unknown> at 12:00", "a.log", "text"),
        ("Größe 漢字 😀".encode(), "a.txt", "text"),
        ("Größe".encode("latin-1"), "a.txt", "text"),
        ("\ufeffWindows text".encode("utf-16-le"), "a.txt", "text"),
        (bytes(range(256)), "a.txt", "other"),
        (b"\0", "a", "other"),
        (b"PK\x03\x04", "a.zip", "archive"),
        (OLE[:40], "a.doc", "other"),
    ],
)
def test_a_kind_is_found_from_what_is_inside(content, name, kind):
    assert file_types.find(io.BytesIO(content), name)[0] == kind


def test_only_types_that_can_run_nothing_are_named_to_browsers():
    drawn = {media_type for _pattern, media_type in file_types.DRAWN}
    told = {media_type for _pattern, _kind, media_type in file_types.SIGNATURES}
    assert drawn == {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}
    assert told == {"application/pdf", "application/octet-stream"}


def test_a_zip_with_a_million_names_is_not_read_to_its_end():
    content = files.zipped(*(f"{number:0200}" for number in range(3000)))
    assert len(file_types._zip_names(io.BytesIO(content))) < 600


def test_every_kind_has_its_word_and_its_setting():
    known = {kind for _pattern, kind, _type in file_types.SIGNATURES} | {"text", "web", "mail", "other"}
    assert known <= set(choices.FILE_KINDS) == set(config.FILE_KINDS)


@pytest.mark.parametrize(
    "name, shown", [("short.txt", "short.txt"), ("a" * 60 + ".log", "a" * 29 + "…" + "a" * 10 + ".log")]
)
def test_a_long_name_is_cut_in_the_middle(name, shown):
    assert file_names.middle(name) == shown


def test_names_that_are_alike_are_told_apart():
    names = ["a.txt", "A.txt", "a.txt", "a (2).txt", "b", "b"]
    made = file_names.different(names)
    assert made[:3] == ["a.txt", "A (2).txt", "a (3).txt"]
    assert len({name.lower() for name in made}) == len(names)


@pytest.mark.parametrize(
    "count, told",
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (14_400, "14 KB"),
        (2_540_000, "2.5 MB"),
        (25_000_000, "25 MB"),
        (999_999, "1.0 MB"),
    ],
)
def test_sizes_are_told_in_what_people_compare(count, told):
    assert file_names.size(count) == told


@pytest.mark.parametrize(
    "name, header",
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ('a"b\\c.txt', "attachment; filename=\"a_b_c.txt\"; filename*=UTF-8''a%22b%5Cc.txt"),
        ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
        ("ä\r\nb", "attachment; filename=\"___b\"; filename*=UTF-8''%C3%A4%0D%0Ab"),
    ],
)
def test_a_name_is_told_as_rfc_6266_wants_it(name, header):
    assert downloads.disposition("attachment", name) == header
