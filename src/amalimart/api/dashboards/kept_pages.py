"""Whole pages as they go out, kept until a table that one of their tiles reads has changed.

Readers under the same policy and with the same ids share them. The tag is made of the page's content without
its release: that only others' rows have changed does not show.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amalimart.api.conditional import tag_of
from amalimart.api.dashboards.page import Page
from amalimart.core.flights import Flights
from amalimart.core.recent import Recent
from amalimart.core.wire import dumps
from amalimart.observe.metrics import CACHE_LOOKUPS

if TYPE_CHECKING:
    from amalimart.api.ports.publishing import PublishedRelease
    from amalimart.semantic.question import Question

MOST_BYTES = 32_000_000
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page ready to be sent, as its release gives it, and what its tiles asked."""

    questions: tuple[Question, ...]
    release_id: int
    release: Mapping[str, Any]
    standing: Hashable
    tag: str
    rest: bytes
    plain: bytes
    gzipped: bytes


class KeptPages:
    """For many threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept: Recent[Hashable, KeptPage] = Recent(most_bytes)
        self._flights: Flights[KeptPage] = Flights()

    def clear(self) -> None:
        """Let go of every page."""
        self._kept.clear()

    def page(
        self,
        key: Hashable,
        newest: PublishedRelease,
        questions: Callable[[], Sequence[Question]],
        standing: Callable[[Sequence[Question]], Hashable],
        answer: Callable[[], Page],
    ) -> KeptPage:
        """The page, kept or answered now; many who ask for it at once wait for one answer.

        `standing` tells under what the answers to these questions stay as they are.
        """
        found = self._kept.get(key)
        if found is not None and found.release_id >= newest.release_id:
            CACHE_LOOKUPS.add(cache="page", result="hit")
            return found
        return self._flights.run(
            (key, newest.release_id),
            lambda: self._renewed(key, newest, tuple(questions()), standing, answer),
        )

    def _renewed(
        self,
        key: Hashable,
        newest: PublishedRelease,
        questions: tuple[Question, ...],
        standing: Callable[[Sequence[Question]], Hashable],
        answer: Callable[[], Page],
    ) -> KeptPage:
        found, now = self._kept.get(key), standing(questions)
        is_same = found is not None and now is not None and found.standing == now
        CACHE_LOOKUPS.add(cache="page", result="hit" if is_same else "miss")
        if found is not None and is_same:
            renewed = _ready(questions, found.rest, found.tag, now, _told(newest), newest.release_id)
        else:
            page = answer()
            rest = dumps({name: part for name, part in page.document.items() if name != "release"}).encode()
            tag = tag_of(rest)
            renewed = _ready(questions, rest, tag, now, page.document["release"], page.release_id)
            if any(tile["status"] == "failed" for tile in page.document["tiles"]):
                return renewed  # the next one may fare better
        # What was answered from a later release than it stood for is sent, and not kept.
        if now is not None and renewed.release_id == newest.release_id:
            self._kept.put(key, renewed, len(renewed.rest) + len(renewed.plain) + len(renewed.gzipped))
        return renewed


def _told(newest: PublishedRelease) -> dict[str, Any]:
    return {
        "release_id": newest.release_id,
        "published_at": newest.published_at,
        "fresh_as_of": newest.fresh_as_of,
    }


def _ready(
    questions: tuple[Question, ...],
    rest: bytes,
    tag: str,
    standing: Hashable,
    release: Mapping[str, Any],
    release_id: int,
) -> KeptPage:
    plain = rest[:-1] + b', "release": ' + dumps(release).encode() + b"}"
    gzipped = gzip.compress(plain, _LEVEL, mtime=0)
    return KeptPage(questions, release_id, release, standing, tag, rest, plain, gzipped)
