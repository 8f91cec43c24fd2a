"""Whole pages as they go out, kept until a table that one of their tiles reads has changed.

Readers under the same policy and with the same ids share them. The tag is made of the page's content without
its release: that only others' rows have changed does not show.

A page that takes long to answer may rest: where releases come every few seconds, twelve months of customers
would else be counted again with each of them, and everybody would wait. How long it rests follows from how
long it took, so that what is cheap, as boards of operations are, is always of the newest release. A page
is whole and of one release either way, and names it.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from amalimart.api.conditional import tag_of
from amalimart.api.dashboards.page import Page
from amalimart.api.dashboards.resting import Rests
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
class _Content:
    """What a page shows, whatever the release.

    questions  what its tiles asked
    standing   under what their answers stay as they are; None where that is not known
    seconds    how long it took to answer them
    """

    questions: tuple[Question, ...]
    standing: Hashable
    seconds: float
    tag: str
    rest: bytes


@dataclass(slots=True)
class KeptPage:
    """A page ready to be sent, as its release gives it.

    as_at  when it was last known to be of the newest release, by a clock that only runs on
    """

    content: _Content
    release_id: int
    release: Mapping[str, Any]
    as_at: float
    plain: bytes
    gzipped: bytes

    @property
    def tag(self) -> str:
        """The same for pages that show the same."""
        return self.content.tag

    @property
    def questions(self) -> tuple[Question, ...]:
        """What its tiles asked."""
        return self.content.questions


class KeptPages:
    """For many threads.

    rest  for how many times as long as it took a page that is alone rests; 0: each release has it answered
    """

    def __init__(
        self, most_bytes: int = MOST_BYTES, rest: float = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept: Recent[Hashable, KeptPage] = Recent(most_bytes)
        self._flights: Flights[KeptPage] = Flights()
        self._renewing: set[Hashable] = set()
        self._cleared = 0
        self._keeping = threading.Lock()
        self._rests, self._clock = Rests(rest, clock=clock), clock

    def clear(self) -> None:
        """Let go of every page, of those too that are being answered."""
        with self._keeping:
            self._cleared += 1
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
        if found is not None and self._will_do(found, newest):
            CACHE_LOOKUPS.add(cache="page", result="hit")
            return found
        return self._flights.run(
            (key, newest.release_id), lambda: self._renewed(key, newest, tuple(questions()), standing, answer)
        )

    def _will_do(self, page: KeptPage, newest: PublishedRelease) -> bool:
        """Whether it is of the newest release, or rests; twice as long while somebody has a page answered.

        So pages whose rest ends at the same time are answered one after the other, not all at once.
        """
        now = self._clock()
        if page.release_id >= newest.release_id:
            page.as_at = now
            return True
        rest = self._rests.of(page.content.seconds)
        return now - page.as_at < (2 * rest if self._renewing else rest)

    def _renewed(
        self,
        key: Hashable,
        newest: PublishedRelease,
        questions: tuple[Question, ...],
        standing: Callable[[Sequence[Question]], Hashable],
        answer: Callable[[], Page],
    ) -> KeptPage:
        cleared = self._cleared
        found, now = self._kept.get(key), standing(questions)
        is_same = found is not None and now is not None and found.content.standing == now
        CACHE_LOOKUPS.add(cache="page", result="hit" if is_same else "miss")
        as_at = self._clock()
        if found is not None and is_same:
            content = replace(found.content, questions=questions)
            renewed = _ready(content, newest.release_id, _told(newest), as_at)
        else:
            self._renewing.add(key)
            try:
                page = answer()
            finally:
                self._renewing.discard(key)
            rest = dumps({name: part for name, part in page.document.items() if name != "release"}).encode()
            # Of a release that came meanwhile it is not known under what its answers stay as they are.
            stands = now if page.release_id == newest.release_id else None
            content = _Content(questions, stands, self._clock() - as_at, tag_of(rest), rest)
            self._rests.answered(key, content.seconds)
            renewed = _ready(content, page.release_id, page.document["release"], as_at)
            if not page.is_whole:
                return renewed  # the next one may fare better
        if now is not None:
            self._keep(key, renewed, cleared)
        return renewed

    def _keep(self, key: Hashable, page: KeptPage, cleared: int) -> None:
        """Keep a page, unless all were let go of since it was begun, or there is one of a later release."""
        size = len(page.content.rest) + len(page.plain) + len(page.gzipped)
        with self._keeping:
            found = self._kept.get(key)
            if cleared == self._cleared and (found is None or found.release_id <= page.release_id):
                self._kept.put(key, page, size)


def _told(newest: PublishedRelease) -> dict[str, Any]:
    return {
        "release_id": newest.release_id,
        "published_at": newest.published_at,
        "fresh_as_of": newest.fresh_as_of,
    }


def _ready(content: _Content, release_id: int, release: Mapping[str, Any], as_at: float) -> KeptPage:
    plain = content.rest[:-1] + b', "release": ' + dumps(release).encode() + b"}"
    gzipped = gzip.compress(plain, _LEVEL, mtime=0)
    return KeptPage(content, release_id, release, as_at, plain, gzipped)
