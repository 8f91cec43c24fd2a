"""Answers and lists of values given before: each holds as long as no table that it read has changed.

An answer is known by its checked statement and bound values, under the fingerprint of the policy that let it
through. Whether a principal may ask is decided before, every time; nothing here decides it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

from amalimart.core.flights import Flights
from amalimart.core.recent import Recent
from amalimart.observe.metrics import CACHE_LOOKUPS
from amalimart.semantic.answer import Answer
from amalimart.semantic.listing import DimensionValue
from amalimart.warehouse.file.reading import Published, PublishedTables, Release

_SAMPLED_ROWS = 100
_OF_A_VALUE = 16  # its place in a row, and in a list of rows
_LARGEST_SHARE = 8
_OF_A_LISTED_VALUE = 200

Versions = tuple[tuple[str, int], ...]
Values = tuple[DimensionValue, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, as far as it decides the answer."""

    key: Hashable
    tables: frozenset[str]


class AnswerCache:
    """Bounded by memory; for many threads."""

    def __init__(self, tables: PublishedTables, most_bytes: int) -> None:
        self._tables = tables
        self._most = most_bytes
        self._kept: Recent[Hashable, tuple[Versions, Answer]] = Recent(most_bytes)
        self._lists: Recent[Hashable, tuple[Versions, Values]] = Recent(most_bytes // _LARGEST_SHARE)
        self._flights: Flights[Answer] = Flights()

    def clear(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self._lists.clear()

    def published(self) -> Published:
        """What is published now. Raises NothingPublished."""
        return self._tables.published()

    def answer(self, asked: Asked, work: Callable[[], Answer]) -> Answer:
        """The kept answer, or what the work gives; many who ask the same at once wait for one answer."""
        published = self.published()
        found = self.found(asked, published)
        if found is not None:
            return found
        return self._flights.run(
            (asked.key, published.versions(asked.tables)), lambda: self._kept_too(asked, work)
        )

    def found(self, asked: Asked, published: Published) -> Answer | None:
        """The kept answer, if it is also the answer of this release."""
        kept = self._kept.get(asked.key)
        is_hit = kept is not None and kept[0] == published.versions(asked.tables)
        CACHE_LOOKUPS.add(cache="answer", result="hit" if is_hit else "miss")
        return of_release(kept[1], published.release) if kept is not None and is_hit else None

    def keep(self, asked: Asked, answer: Answer) -> None:
        """Keep what was answered, if it is still known which versions it read."""
        published = self.published()
        if published.release.release_id == answer.receipt.release_id:
            size = _bytes_of(answer)
            if size * _LARGEST_SHARE <= self._most:
                self._kept.put(asked.key, (published.versions(asked.tables), answer), size)

    def values(self, asked: Asked, work: Callable[[], tuple[Release, Values]]) -> tuple[Release, Values]:
        """The values of a dimension, kept or read now, and the release whose they are."""
        published = self.published()
        versions = published.versions(asked.tables)
        kept = self._lists.get(asked.key)
        is_hit = kept is not None and kept[0] == versions
        CACHE_LOOKUPS.add(cache="list", result="hit" if is_hit else "miss")
        if kept is not None and is_hit:
            return published.release, kept[1]
        release, values = work()
        size = _OF_A_LISTED_VALUE * (1 + len(values))
        if release.release_id == published.release.release_id and size * _LARGEST_SHARE**2 <= self._most:
            self._lists.put(asked.key, (versions, values), size)
        return release, values

    def _kept_too(self, asked: Asked, work: Callable[[], Answer]) -> Answer:
        answer = work()
        self.keep(asked, answer)
        return answer


def of_release(answer: Answer, release: Release) -> Answer:
    """The same answer, as this release gives it."""
    receipt = replace(
        answer.receipt,
        release_id=release.release_id,
        published_at=release.published_at,
        fresh_as_of=release.fresh_as_of,
    )
    return replace(answer, receipt=receipt)


def _bytes_of(answer: Answer) -> int:
    """About how much memory an answer takes, from some of its rows."""
    some = answer.rows[:: max(1, len(answer.rows) // _SAMPLED_ROWS)]
    sampled = sum(sys.getsizeof(value) + _OF_A_VALUE for row in some for value in row)
    receipt = sys.getsizeof(answer.receipt.sql or "") + 2_000
    return receipt + (sampled * len(answer.rows) // len(some) if some else 0)
