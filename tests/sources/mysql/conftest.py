from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.mapping.source_mapping import SourceMapping, load_mapping
from amalimart.sources.mysql.source import MySQLSource
from amalimart.sources.mysql.stream import BinlogStream
from amalimart.sources.port import Reading, RowChange, Settled, silent
from tests.mariadb_server import MySQLDatabase, mysql_database, mysql_server

__all__ = ["mysql_database", "mysql_server"]

Row = dict[str, Any]


@dataclass
class Copy:
    """The tables as a reader of the lake would see them: a snapshot with the changes played over it.

    Only whole transactions count: what came after the last `Settled` is forgotten, as the lake forgets
    it. `told` keeps every change as it came.
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

    def catch_up(self, wait: float = 0.5) -> list[RowChange]:
        """Take what has arrived; returns the changes that were committed."""
        stream = self.stream or self.follow()
        waiting: list[RowChange] = []
        taken: list[RowChange] = []
        for event in stream.events(wait):
            if isinstance(event, RowChange):
                waiting.append(event)
                continue
            for change in waiting:
                self._apply(change)
            taken += waiting
            waiting = []
            self.position |= event.position
            self.settled.append(event)
            stream.confirm(self.position)
        self.told += taken
        return taken

    def _apply(self, change: RowChange) -> None:
        table = change.shape.table
        batch, replaced = change.shape.landed([[value] for value in change.values])
        for column, count in replaced.items():
            counts = self.replaced.setdefault(table, {})
            counts[column] = counts.get(column, 0) + count
        (row,) = batch.to_pylist()
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
class Copies:
    """Makes copies of a database through a mapping that lands given columns of given tables."""

    database: MySQLDatabase
    folder: Path

    def mapping(self, text: str) -> SourceMapping:
        path = self.folder / "shop.yml"
        path.write_text(f"mapping: shop\ndescription: A shop.\ntime_zone: Africa/Accra\n{text}")
        return load_mapping(path)

    def make(self, mapping: SourceMapping) -> Copy:
        return Copy(self.database, MySQLSource(self.database.address), mapping, self.folder)


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


def arrow_rows(batch: pa.RecordBatch) -> list[Row]:
    return list(batch.to_pylist())
