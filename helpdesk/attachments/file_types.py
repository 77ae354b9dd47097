"""What a file is, found from what is in it. Its name is believed only where that makes the answer stricter."""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

HEAD = 65536
# Of the list at the end of a zip this much is looked at; a list can be made as long as the file.
ZIP_LIST = 131072

# Formats that are drawn anew and then shown (image_worker.py knows the same ones), by how they begin.
DRAWN = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"BM....\0\0\0\0", "image/bmp"),
)
OTHER = "application/octet-stream"
# The rest: only kept and handed out. A type of its own only where nothing of it could run in a browser.
SIGNATURES = (
    (rb".{0,1024}%PDF-", "pdf", "application/pdf"),
    (
        rb"MZ|\x7fELF|#!|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe",
        "program",
        OTHER,
    ),
    (rb"L\0\0\0\x01\x14\x02\0", "program", OTHER),
    (rb"\{\\rtf", "office", OTHER),
    (rb"\x1f\x8b|BZh|\xfd7zXZ\0|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x28\xb5\x2f\xfd|MSCF", "archive", OTHER),
    (rb"....ftyp(heic|heix|mif1|avif|avis)|II\*\0|MM\0\*|8BPS|\0\0\x01\0", "picture", OTHER),
    (rb"....ftyp|\x1aE\xdf\xa3|RIFF....(AVI |WAVE)|ID3|\xff[\xfb\xf3\xf2]|OggS|fLaC", "media", OTHER),
)
# A script says nothing of itself in its first bytes, so here the name counts.
PROGRAM_ENDINGS = re.compile(
    r"\.(exe|com|scr|msi|msp|dll|bat|cmd|ps1|psm1|vbs|vbe|jse?|wsf|wsh|hta|lnk|url|reg|cpl|pif|jar|apk|app|dmg|pkg|sh|"
    r"command|desktop|deb|rpm|appimage|iso|img|vhdx?|chm|scf|inf|gadget|application|settingcontent-ms)$",
    re.I,
)
# The standard of browsers for telling HTML (whatwg.org, MIME sniffing, 7.1), and SVG and XML with it.
_MARKUP = re.compile(
    rb"<(\?xml|\?php|!doctype|html|head|body|script|svg|iframe|h1|div|font|table|a|style|title|b|br|p|link|meta|img|"
    rb"object|embed|form|math|xsl)\b",
    re.I,
)
_BLANKS = re.compile(rb"\s*")
_MAIL = re.compile(rb"(From |(Received|Return-Path|Delivered-To|From|Message-ID|MIME-Version|Date|X-[\w-]+):)", re.I)


def find(file: BinaryIO, name: str) -> tuple[str, str]:
    """The kind (helpdesk/choices.py, FILE_KINDS) and the media type it may be handed out as. Nothing is unpacked."""
    head = _read(file, 0, HEAD)
    for pattern, media_type in DRAWN:
        if re.match(pattern, head, re.S):
            return "picture", media_type
    if PROGRAM_ENDINGS.search(name):
        return "program", OTHER
    for pattern, kind, media_type in SIGNATURES:
        if re.match(pattern, head, re.S):
            return kind, media_type
    if head.startswith(b"PK\x03\x04"):
        return _zip(file, head), OTHER
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") and len(head) >= 512:
        return _compound(file, head), OTHER
    return _text(head, name)


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _zip(file: BinaryIO, head: bytes) -> str:
    """Office files and programs for Java and Android are zips: what the list of names in them gives away."""
    names = _zip_names(file)
    if {b"META-INF/MANIFEST.MF", b"AndroidManifest.xml"} & names:
        return "program"
    opendocument = head[30:38] == b"mimetype" and b"application/vnd.oasis.opendocument" in head[38:120]
    return "office" if opendocument or b"[Content_Types].xml" in names else "archive"


def _zip_names(file: BinaryIO) -> set[bytes]:
    """The names in the zip's own list (APPNOTE.TXT, 4.3.12 and 4.3.16), as far as it is looked at."""
    size = file.seek(0, 2)
    tail = _read(file, max(0, size - 65557), 65557)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        return set()
    (start,) = struct.unpack_from("<L", tail, end + 16)
    listed, at, names = _read(file, start, ZIP_LIST), 0, set()
    while listed[at : at + 4] == b"PK\x01\x02" and at + 46 <= len(listed):
        name, extra, comment = struct.unpack_from("<HHH", listed, at + 28)
        names.add(listed[at + 46 : at + 46 + name])
        at += 46 + name + extra + comment
    return names


def _compound(file: BinaryIO, head: bytes) -> str:
    """The older Office, Outlook's mails and Windows' installers share a container; its folder tells them apart."""
    (shift,), (sector,) = struct.unpack_from("<H", head, 30), struct.unpack_from("<L", head, 48)
    folder = _read(file, (sector + 1) << shift, 16384) if shift in (9, 12) else b""
    names = {folder[at : at + 64].decode("utf-16-le", "replace").rstrip("\0") for at in range(0, len(folder), 128)}
    if names & {"WordDocument", "Workbook", "Book", "PowerPoint Document", "VisioDocument"}:
        return "office"
    return "mail" if any(name.startswith("__properties_version") for name in names) else "program"


def _text(head: bytes, name: str) -> tuple[str, str]:
    if _is_markup(head) or _is_markup(_narrow(head)):
        return "web", OTHER
    if not _is_text(head):
        return "other", OTHER
    if _MAIL.match(head) and name.lower().endswith((".eml", ".mbox")):
        return "mail", OTHER
    return "text", "text/plain; charset=utf-8" if _is_utf8(head) else "text/plain"


def _is_markup(head: bytes) -> bool:
    """Whether a tag comes first, after blanks and comments. A comment that does not end within the head counts too."""
    at = _after_blanks(head, 3 if head.startswith(b"\xef\xbb\xbf") else 0)
    while head.startswith(b"<!--", at):
        end = head.find(b"-->", at + 4)
        if end < 0:
            return True
        at = _after_blanks(head, end + 3)
    return _MARKUP.match(head, at) is not None


def _after_blanks(head: bytes, at: int) -> int:
    found = _BLANKS.match(head, at)
    return found.end() if found else at


def _narrow(head: bytes) -> bytes:
    """UTF-16 as one byte a letter, so that markup is seen in it too."""
    return head.lstrip(b"\xff\xfe").replace(b"\0", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else b""


def _is_text(head: bytes) -> bool:
    """No bytes that no text has; UTF-16 only with its mark in front."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return len(head) > 2
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)


def _is_utf8(head: bytes) -> bool:
    try:
        head[:-3].decode()
    except UnicodeDecodeError:
        return False
    return True
