"""Taking out of a text what must not be kept: credentials, e-mail addresses, telephone and card numbers.

Whoever writes a text knows best what is in it; this is the second line of defence, for every line of a log.
"""

from __future__ import annotations

import re

MASK = "***"
_CREDENTIALS = re.compile(r"(://[^:/@\s]*:)\S*@|(password=)\S+", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]+", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s\"'<>()\[\]{},;:=]+@[^\s\"'<>()\[\]{},;:=]+\.\w+")
_LONG_NUMBER = re.compile(r"(?<![\w:-])(?<!\d\.)\+?\d(?:[ ()-]?\d){8,18}(?!\w|[.:]\d)")
_QUOTED = re.compile(r"'.*'|\".*\"|`.*`|['\"].*", re.DOTALL)


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

    A value may hold quotes itself, and one that was cut off has no end: what is between is never kept.
    """
    return _QUOTED.sub(MASK, text)
