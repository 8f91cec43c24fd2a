"""Taking out of a text what must not be kept: credentials, e-mail addresses, telephone and card numbers.

Whoever writes a text knows best what is in it; this is the second line of defence, for every line of a log.
"""

from __future__ import annotations

import re

MASK = "***"
_CREDENTIALS = re.compile(r"(://[^:/@\s]*:)\S*@|(password=)\S+", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]+", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s\"'<>()\[\]{},;:=]+@[^\s\"'<>()\[\]{},;:=]+\.[A-Za-z]\w+")
_LONG_NUMBER = re.compile(r"(?<![\w:-])(?<!\d\.)\+?\d(?:[ ()-]?\d){8,18}(?!\w|[.:]\d)")
_APOSTROPHE = re.compile(r"(?<=\w\w)'(?=(?:s|t|d|m|re|ll|ve)\b)")


def without_credentials(text: str) -> str:
    """A text in which the password of every URL or key=value pair is blanked."""
    return _CREDENTIALS.sub(
        lambda found: f"{found[1] or ''}{found[2] or ''}{MASK}{'@' if found[1] else ''}", text
    )


def without_personal_data(text: str) -> str:
    """A text without credentials, e-mail addresses and numbers that may be those of a person."""
    cleaned = _AUTHORIZATION.sub(rf"\1{MASK}", without_credentials(text))
    return _LONG_NUMBER.sub(MASK, _EMAIL.sub(MASK, cleaned))


def without_quoted(text: str) -> str:
    """A text without what stands in quotes, from the first quote of a kind to its last.

    A value may hold quotes itself: what is between is never kept. Where one has no partner, nothing after the
    first is.
    """
    for quote in sorted("'\"`", key=text.find):
        text = _without_quoted_by(quote, text)
    return text


def _without_quoted_by(quote: str, text: str) -> str:
    found = [
        place
        for place, each in enumerate(_APOSTROPHE.sub("\N{MODIFIER LETTER APOSTROPHE}", text))
        if each == quote
    ]
    if not found:
        return text
    rest = text[found[-1] + 1 :] if len(found) % 2 == 0 else ""
    return f"{text[: found[0]]}{MASK}{rest}"
