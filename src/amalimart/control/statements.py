"""What somebody must say of a decision: a name, a reason."""

from __future__ import annotations

from amalimart.core.errors import RequestError


def stated(given: str, what: str, longest: int) -> str:
    """A text that says something. Raises RequestError for one that does not, or is too long."""
    trimmed = given.strip()
    if not trimmed or len(trimmed) > longest:
        raise RequestError(
            f"the {what} is empty" if not trimmed else f"the {what} is too long",
            where=what,
            expected=f"1 to {longest} characters",
            next_step=f"say it: --{'by NAME' if what == 'name' else 'reason TEXT'}",
        )
    return trimmed
