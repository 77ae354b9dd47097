"""Files for tests: contents of every kind, good and bad, and the shortest way to send them."""

import io
import struct
import tempfile
import zipfile
import zlib
from contextlib import ExitStack, contextmanager

from PIL import Image, PngImagePlugin
from werkzeug.datastructures import MultiDict

from models import Attachment, db

HTML = b"<!doctype html><title>x</title><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
XML = b'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'
PHP = b"<?php system($_GET['c']); ?>"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
EXE = b"MZ\x90\x00\x03" + bytes(200)
# The test file of the makers of virus scanners, in two halves, so that no scanner stops at this one.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD" + "-ANTIVIRUS-TEST-FILE!$H+H*").encode()


def picture(width=120, height=80, format="PNG", colour=(180, 40, 40), **options):
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, format, **options)
    return made.getvalue()


def photo_with_secrets():
    """A photo lying on its side that says where it was taken."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Meeting room, 52.5200 N 13.4050 E"
    return picture(120, 80, "JPEG", exif=exif, comment=b"secret remark")


def picture_with_secrets():
    """A PNG with remarks in it, and a GIF's kind of comment."""
    remarks = PngImagePlugin.PngInfo()
    remarks.add_text("Comment", "secret remark")
    remarks.add_itxt("XML:com.adobe.xmp", "<x>52.5200 N 13.4050 E</x>", zip=False)
    return picture(120, 80, pnginfo=remarks, exif=b"Exif\0\0secret")


def moving_picture(frames=4, format="GIF"):
    pictures = [Image.new("RGB", (60, 40), (number * 40, 0, 0)) for number in range(frames)]
    made = io.BytesIO()
    pictures[0].save(made, format, save_all=True, append_images=pictures[1:], duration=100)
    return made.getvalue()


def film(frames=10, width=3000, height=3000):
    """A GIF of few bytes and many pixels: each frame changes one of them."""
    colours = b"\0\0\0\xff\xff\xff"
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + colours + frame * frames + b";"


def bomb(width=30_000, height=30_000):
    """A small PNG that would be 900 million pixels."""

    def chunk(kind, data):
        return struct.pack("!L", len(data)) + kind + data + struct.pack("!L", zlib.crc32(kind + data))

    head = struct.pack("!LLBBBBB", width, height, 1, 0, 0, 0, 0)
    packer, packed, line = zlib.compressobj(9), b"", bytes(1 + width // 8)
    for _line in range(height):
        packed += packer.compress(line)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed + packer.flush()) + chunk(b"IEND", b"")


def zipped(*names):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"something")  # Of 1980 each time.
    return made.getvalue()


DOCX = zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml")


@contextmanager
def real_files(*contents):
    """Files on the disk with these contents, as the program that draws pictures needs them."""
    with ExitStack() as stack:
        made = [stack.enter_context(tempfile.TemporaryFile()) for _content in contents]
        for file, content in zip(made, contents):
            file.write(content)
            file.flush()
        yield made


def attach(browser, path, name, content, **more):
    """Send one file for the form that posts to `path`, as the script of the page does."""
    data = {"path": path, "file": (io.BytesIO(content), name)} | more
    return browser.post("/files", data, content_type="multipart/form-data")


def send(browser, path, fields=None, *files, csrf=True):
    """Send a form with files, each a pair of name and content, as a browser without scripts does."""
    pairs = [(name, value) for name, value in (fields or {}).items() if not isinstance(value, list)]
    pairs += [(name, one) for name, value in (fields or {}).items() if isinstance(value, list) for one in value]
    pairs += [("files", (io.BytesIO(content), name)) for name, content in files]
    token = [("csrf_token", browser.token())] if csrf else []
    answer = browser.open(browser.client.post, path, data=MultiDict(token + pairs), content_type="multipart/form-data")
    return browser._checked(answer)


# ---- what the tests of pages with files share

NEW = "/tickets/new"
TYPED = {
    "subject": "The screen is red",
    "description": "All of it",
    "type": "incident",
    "priority": "normal",
    "category": "",
}


def reply_path(ticket):
    return f"/tickets/{ticket.id}/reply"


def only(**where):
    return db.session.query(Attachment).filter_by(**where).one()


def attached(browser, ticket, name="log.txt", content=b"all lines", how="reply"):
    """One file that has been sent with a reply or a note. Returns its row."""
    answer = send(browser, f"/tickets/{ticket.id}/{how}", {"body": "See the file"}, (name, content))
    assert answer.status_code == 303, answer.status_code
    return db.session.query(Attachment).order_by(Attachment.id.desc()).first()
