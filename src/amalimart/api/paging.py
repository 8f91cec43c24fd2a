"""Lists in parts, one way for all: `limit` entries, and `next` to be given as `after` for those that follow.

A part begins after an entry, not after a count: what is added before it meanwhile moves nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from amalimart.core.errors import InvalidFilter

T = TypeVar("T")

MOST_LISTED = 10_000
"""So far a list can be followed; beyond it, look for something narrower."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is asked for."""

    limit: int
    after: str | None = None

    def of(
        self, fetch: Callable[[int], Sequence[T]], key: Callable[[T], Any], told: Callable[[T], Any]
    ) -> tuple[list[Any], str | None]:
        """The entries as they are `told`, and how to ask for those that follow; None at the end.

        `fetch` gives as many of the first entries as it is asked for. Raises InvalidFilter for an `after`
        that no answer gave, or whose entry is not there any more.
        """
        if self.after is None:
            found = fetch(min(self.limit + 1, MOST_LISTED))
        else:
            sought = _read(self.after)
            whole = fetch(MOST_LISTED)
            place = next((place for place, each in enumerate(whole) if _plain(key(each)) == sought), None)
            if place is None:
                raise _unknown()
            found = whole[place + 1 :]
        part = found[: self.limit]
        follows = len(found) > len(part)
        return [told(each) for each in part], _written(key(part[-1])) if follows and part else None


def _plain(key: Any) -> Any:
    return json.loads(json.dumps(key))


def _written(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(token: str) -> Any:
    try:
        return json.loads(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _unknown() from error


def _unknown() -> InvalidFilter:
    return InvalidFilter(
        "this is not where a part of the list ended",
        where="after",
        expected="the `next` of an answer to the same request",
        next_step="ask for the first part again, without it",
    )


def _part(usual: int) -> Any:
    async def asked(  # a plain function would be sent to a thread
        limit: Annotated[int, Query(ge=1, le=1_000)] = usual,
        after: Annotated[str | None, Query(max_length=2_000)] = None,
    ) -> Part:
        return Part(limit, after)

    return Depends(asked)


Newest = Annotated[Part, _part(20)]
Recently = Annotated[Part, _part(50)]
Values = Annotated[Part, _part(200)]
Whole = Annotated[Part, _part(1_000)]
