"""Texts with which people give their word: a name, and a reason that says something."""

from __future__ import annotations

from amalimart.core.errors import RequestError

LONGEST_REASON = 2000
LONGEST_NAME = 200


def said(given: str, what: str, longest: int) -> str:
    """A text that says something, trimmed. Raises RequestError for one that does not, or is too long."""
    trimmed = given.strip()
    if not trimmed or len(trimmed) > longest:
        raise RequestError(
            f"the {what} is empty" if not trimmed else f"the {what} is too long",
            where=what,
            expected=f"1 to {longest} characters",
            next_step=f"say it: --{'by NAME' if what == 'name' else 'reason TEXT'}",
        )
    return trimmed
