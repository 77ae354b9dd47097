"""Email addresses as people type them: one stored form of each, and what a mail server must be able to do for them."""

from __future__ import annotations

import re
import unicodedata

import email_validator
from email_validator import EmailNotValidError, ValidatedEmail
from flask_babel import lazy_gettext as _l

ADDRESS_MAX = 254
# Marks that nobody sees: soft hyphen, zero-width and directional marks, byte order mark. They come along with a copy.
_INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
# No mail can arrive there (RFC 6761, RFC 7686). Every other name with a dot may be one of a company's own network, also
# those that the validator leaves out since they mean nothing outside of it: .local, .home.arpa, .test.
_NOWHERE = ("invalid", "localhost", "onion")
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = _NOWHERE

_WRONG = _l("This does not look like an e-mail address. Example: ada@example.com")
_NO_DOT = _l("The part after the @ has no dot. Please type the whole domain, for example ada@example.com.")
_LONG = _l("This is too long for an e-mail address.")
_DEAD = _l("No mail can arrive at this domain. Please check the part after the @.")


class NotAnAddress(ValueError):
    """What was typed is no address that a mail can be sent to. The message says why, for the person who typed it."""


def fold_address(address: str) -> str:
    """An e-mail address as it is stored and compared. Raises NotAnAddress (RFC 5321 lengths).

    All spellings of one address give the same: full-width letters, composed and decomposed accents, capitals, invisible
    marks, a domain in its Unicode or its ASCII form.
    """
    if len(address) > 2 * ADDRESS_MAX:
        raise NotAnAddress(_LONG)
    normal = comparable(_validated(comparable(address)).normalized)
    if len(normal) > ADDRESS_MAX:
        raise NotAnAddress(_LONG)
    return normal


def comparable(text: str) -> str:
    """A part of an address as it is stored. A small letter can be composed where its capital could not, hence twice."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower()
    return unicodedata.normalize("NFKC", folded).strip()


def on_the_wire(address: str) -> str:
    """A stored address as mail servers are told it: the domain in its ASCII form (IDNA 2008)."""
    if address.isascii():
        return address
    return f"{address.rpartition('@')[0]}@{_validated(address).ascii_domain}"


def needs_smtputf8(address: str) -> bool:
    """Only letters before the @ need it (RFC 6531): each domain has an ASCII form."""
    return not address.rpartition("@")[0].isascii()


def _validated(address: str) -> ValidatedEmail:
    domain = address.rpartition("@")[2].rstrip(".")
    if domain.rpartition(".")[2] in _NOWHERE and "." in domain:
        raise NotAnAddress(_DEAD)
    try:
        return email_validator.validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        raise NotAnAddress(_NO_DOT if "@" in address and domain and "." not in domain else _WRONG) from None
