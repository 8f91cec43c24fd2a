"""A whole shop with a release to tamper with, and the look that checks take at it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from amalimart.core.errors import SourceUnreachable
from amalimart.core.quality import QualityResult
from amalimart.quality.declared import PACKAGED, DeclaredCheck, read_check
from amalimart.quality.looking import Look
from amalimart.quality.ports import LiveRows
from amalimart.quality.running import run_check
from amalimart.warehouse.file.transaction import ReadLimits, Transaction
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.quality.reading import published_columns
from amalimart.warehouse.releases.release_log import latest_release
from tests.warehouse.whole_shop import SOURCE, ZONE, WholeShop, opened_in

Shape = Mapping[str, Mapping[str, str]]


class Memory:
    """A history that keeps everything."""

    def __init__(self) -> None:
        self.results: list[QualityResult] = []
        self.acknowledged: dict[tuple[str, str], frozenset[str]] = {}

    def add(self, run_id: str, results: Sequence[QualityResult]) -> None:
        assert run_id
        self.results += results

    def acknowledged_periods(self, check: str, subject: str) -> frozenset[str]:
        return self.acknowledged.get((check, subject), frozenset())


class Shapes:
    """Sources whose shape a test says; without one they cannot be reached."""

    def __init__(self, now: Shape | None = None, known: Shape | None = None) -> None:
        self.now, self.before = now, known

    def shape(self, source: str) -> Shape:
        if self.now is None:
            raise SourceUnreachable(f"{source} does not answer")
        return self.now

    def known(self, source: str) -> Shape | None:
        assert source
        return self.before

    def saw(self, source: str, shape: Shape) -> None:
        assert source
        assert shape is self.now


class NoDatabase:
    """Sources of which none is a database."""

    @contextmanager
    def staged(self, tables: Collection[str]) -> Iterator[LiveRows]:
        raise SourceUnreachable(f"nobody answers for {sorted(tables)}")
        yield


class CheckedShop(WholeShop):
    """The shop, and the packaged models over it."""

    def __init__(self, folder: Path) -> None:
        opened_in(folder)
        super().__init__(folder)
        self.compiled: CompiledGraph = self.graph()

    @contextmanager
    def tampered(self) -> Iterator[Tampered]:
        """The release, to be tampered with behind the models' back; at the end it is as it was."""
        with suppress(_Undone), self.hot_file.write() as cursor:
            yield Tampered(self, cursor)
            raise _Undone


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""


class Tampered:
    """A release in one transaction in which anything may be done to it."""

    def __init__(self, shop: CheckedShop, cursor: duckdb.DuckDBPyConnection) -> None:
        release = latest_release(cursor)
        assert release is not None
        self.shop = shop
        self._cursor = cursor
        self.transaction = Transaction(cursor, release, ReadLimits())
        self.memory = Memory()
        self.shapes = Shapes()

    def tamper(self, *statements: str) -> None:
        for statement in statements:
            self._cursor.execute(statement)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._cursor.execute(sql).fetchall()

    def watermark(self, moment: datetime) -> None:
        """Let the release hold the source's rows up to this moment."""
        release = replace(self.transaction.release, fresh_as_of=moment)
        self.transaction = Transaction(self._cursor, release, ReadLimits())

    def look(self, now: datetime | None = None) -> Look:
        return Look(
            transaction=self.transaction,
            now=now or self.shop.clock.now(),
            zone=ZoneInfo(ZONE),
            lake=self.shop.lake,
            mappings={SOURCE: self.shop.mapping},
            personal=self.shop.compiled.personal,
            columns=published_columns(self.transaction),
            history=self.memory,
            shapes=self.shapes,
            known_shapes=self.shapes,
            live=NoDatabase(),
        )

    def check(self, check: DeclaredCheck, now: datetime | None = None, **given: Any) -> list[QualityResult]:
        """What one check finds."""
        return list(run_check(check, replace(self.look(now), **given)))

    def one(self, check: DeclaredCheck, now: datetime | None = None, **given: Any) -> QualityResult:
        (result,) = self.check(check, now, **given)
        return result


def packaged(name: str) -> DeclaredCheck:
    return read_check(PACKAGED / f"{name}.yml")


def declared(folder: Path, text: str, name: str = "own") -> DeclaredCheck:
    """A check as a file says it, its common keys filled in."""
    path = folder / f"{name}.yml"
    path.write_text(f"description: Own.\nowner: tests\nseverity: error\nevery: day\n{text}")
    return read_check(path)
