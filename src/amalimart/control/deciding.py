"""Who decides something, and in what words: what every decision that is kept has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amalimart.core.errors import RequestError

_LONGEST = {"reason": 2000, "name": 200}


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides: the name to show, and who was signed in or the local operator."""

    name: str
    subject: str


def checked_words(given: str, what: Literal["reason", "name"]) -> str:
    """A text that says something. Raises RequestError for one that does not, or is too long."""
    trimmed = given.strip()
    if not trimmed or len(trimmed) > _LONGEST[what]:
        raise RequestError(
            f"the {what} is empty" if not trimmed else f"the {what} is too long",
            where=what,
            expected=f"1 to {_LONGEST[what]} characters",
            next_step=f"say it: --{'by NAME' if what == 'name' else 'reason TEXT'}",
        )
    return trimmed
