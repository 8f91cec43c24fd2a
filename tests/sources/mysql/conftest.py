from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.mapping.shape import TableMapping
from amalimart.mapping.source_mapping import SourceMapping, load_mapping
from amalimart.sources.mysql.gtid import GtidSet, MariaDBGtids, MySQLGtids
from amalimart.sources.mysql.source import MySQLSource
from amalimart.sources.mysql.stream import BinlogStream
from amalimart.sources.port import Reading, RowChange, Settled, silent
from tests.mariadb_server import (
    MySQLDatabase,
    MySQLServer,
    fresh_database,
    mysql_database,
    mysql_server,
)

__all__ = ["mysql_database", "mysql_server"]

Row = dict[str, Any]


@dataclass
class Copy:
    """The tables as a reader of the lake would see them: a snapshot with the changes played over it.

    Only whole transactions count: what came after the last `Settled` waits for its end, and is forgotten
    with the stream, as the lake forgets it. `told` keeps every change as it came.
    """

    database: MySQLDatabase
    source: MySQLSource
    mapping: SourceMapping
    folder: Path
    position: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    told: list[RowChange] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    stream: BinlogStream | None = None
    waiting: list[RowChange] = field(default_factory=list)
    replaced: dict[str, dict[str, int]] = field(default_factory=dict)

    def snapshot(self, *tables: str) -> Reading:
        """Land the given tables; all that are stale, if none is given."""
        since = self.position or None
        wanted = set(tables) or set(self.source.stale_tables(self.mapping, since))
        lake = Lake(
            self.folder / f"lake{len(list(self.folder.iterdir()))}",
            FixedClock(datetime(2026, 1, 1, tzinfo=UTC)),
        )
        with lake.begin("shop", CommitKind.SNAPSHOT) as writer:
            reading = self.source.snapshot(self.mapping, writer, silent, tables=wanted, since=since)
            writer.commit(reading.position, reading.fresh_as_of)
        self.position = dict(reading.position)
        for table, files in lake.live_files("shop").items():
            landed = [row for path in files.paths for row in pq.ParquetFile(path).read().to_pylist()]
            self.rows[table] = {self.key(table, row): _plain(row) for row in landed}
        self.replaced = {table: dict(counts) for table, counts in reading.position["replaced"].items()}
        return reading

    def key(self, table: str, row: Row) -> tuple[Any, ...]:
        return tuple(row[column] for column in self.mapping.key_columns(table))

    def follow(self) -> BinlogStream:
        self.leave()
        self.stream = self.source.follow(self.mapping, self.position)
        return self.stream

    def leave(self) -> None:
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        self.waiting = []

    def catch_up(self) -> list[RowChange]:
        """Take everything the server has committed by now; returns the changes that came whole."""
        stream = self.stream or self.follow()
        server = self.database.server
        end = (MariaDBGtids if server.is_mariadb else MySQLGtids).parse(server.logged())
        until = time.monotonic() + 60
        taken: list[RowChange] = []
        while True:
            taken += self.take(stream, end)
            if stream._passed.covers(end):
                return taken
            assert time.monotonic() < until, "the stream does not come to where the server is"

    def take(self, stream: BinlogStream, end: GtidSet | None = None) -> list[RowChange]:
        """Take what comes until nothing does for a moment, or until the end is reached."""
        taken: list[RowChange] = []
        try:
            for event in stream.events(0.1):
                if isinstance(event, RowChange):
                    self.waiting.append(event)
                    continue
                taken += self.waiting
                self.waiting = []
                self.position |= event.position
                self.settled.append(event)
                stream.confirm(self.position)
                if end is not None and stream._passed.covers(end):
                    break
        finally:
            self._apply(taken)
            self.told += taken
        return taken

    def _apply(self, changes: Sequence[RowChange]) -> None:
        landed: dict[int, Row] = {}
        for shape in {change.shape for change in changes}:
            numbers = [number for number, change in enumerate(changes) if change.shape == shape]
            values = [changes[number].values for number in numbers]
            batch, replaced = shape.landed(list(zip(*values, strict=True)))
            landed |= dict(zip(numbers, batch.to_pylist(), strict=True))
            for column, count in replaced.items():
                counts = self.replaced.setdefault(shape.table, {})
                counts[column] = counts.get(column, 0) + count
        for number, change in enumerate(changes):
            table, row = change.shape.table, landed[number]
            rows = self.rows.setdefault(table, {})
            match change.operation:
                case Operation.TRUNCATE:
                    rows.clear()
                case Operation.DELETE:
                    rows.pop(self.key(table, row), None)
                case _:
                    rows[self.key(table, row)] = row

    def values(self, table: str) -> list[Row]:
        return sorted(self.rows[table].values(), key=lambda row: str(self.key(table, row)))


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


@dataclass(frozen=True)
class WholeTables(SourceMapping):
    """A mapping that lands what it is told, whether any canonical entity could use it or not."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    key: tuple[str, ...] = ("id",)

    @cached_property
    def landed(self) -> Mapping[str, tuple[str, ...]]:
        return self.columns

    def key_columns(self, table: str) -> tuple[str, ...]:
        del table
        return self.key

    def renamed(self, tables: Collection[str]) -> WholeTables:
        del tables
        return self

    def fitted(self, catalog: Mapping[str, Collection[str]]) -> WholeTables:
        del catalog
        return self


@dataclass(frozen=True)
class Copies:
    """Makes copies of a database through a mapping that lands given columns of given tables."""

    database: MySQLDatabase
    folder: Path

    def mapping(self, text: str) -> SourceMapping:
        path = self.folder / "shop.yml"
        path.write_text(f"mapping: shop\ndescription: A shop.\ntime_zone: Africa/Accra\n{text}")
        return load_mapping(path)

    def whole(self, *tables: str, key: tuple[str, ...] = ("id",)) -> Copy:
        """A copy of every column of some tables."""
        with closing(MySQLSource(self.database.address)) as source:
            columns = {table: tuple(source.catalog()[table]) for table in tables}
        mapping = WholeTables(
            "shop",
            "A shop.",
            ZoneInfo("Africa/Accra"),
            dict.fromkeys(tables, TableMapping.model_validate({})),
            {},
            "test",
            columns,
            key,
        )
        return self.make(mapping)

    def make(self, mapping: SourceMapping) -> Copy:
        return Copy(self.database, MySQLSource(self.database.address), mapping, self.folder)


@pytest.fixture(scope="module")
def module_copies(mysql_server: MySQLServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """As `copies`, with one database for all tests of a module."""
    for database in fresh_database(mysql_server):
        yield Copies(database, tmp_path_factory.mktemp("copies"))


@pytest.fixture
def copies(mysql_database: MySQLDatabase, tmp_path: Path) -> Copies:
    return Copies(mysql_database, tmp_path)


CATEGORIES = """
tables:
  categories:
    secret: [token]
    ignored: {note: not needed}
entities:
  categories:
    table: categories
    columns:
      category_id: id
      category_name: name
      parent_category_id: {from: parent, optional: true}
"""


@pytest.fixture
def categories(copies: Copies) -> Iterator[Copy]:
    """A copy of one small table with a secret, an ignored and an optional column."""
    copies.database.run(
        "create table categories (id bigint primary key, name varchar(100) not null, token varchar(50), "
        "parent bigint, note text)",
        "insert into categories values (1, 'Shoes', 'tok-1', null, 'n'), (2, 'Bags', 'tok-2', 1, 'n')",
    )
    copy = copies.make(copies.mapping(CATEGORIES))
    with closing(copy.source):
        yield copy
        copy.leave()
