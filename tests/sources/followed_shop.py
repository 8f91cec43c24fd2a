"""A shop whose changes are followed: a source, its stream, and what a reader of the lake would have."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from amalimart.lake import CommitKind, Operation
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources import PostgresStreamingSource
from amalimart.sources.port import RowChange, Settled, TableProgress
from amalimart.sources.postgres.lsn import lsn_number
from amalimart.sources.postgres.stream import PostgresChangeStream

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

_SLOTS = itertools.count(1)
_HEADER = 40
Rows = dict[tuple[Any, ...], dict[str, Any]]


class FollowedShop:
    """Snapshots go through a real lake; changes are merged here, as a warehouse would."""

    def __init__(
        self, database: Database, mappings: Mappings, lake: ReadingLake, mapping: str, **options: Any
    ) -> None:
        self.database, self.lake, self._mappings = database, lake, mappings
        self.mapping: SourceMapping = mappings.write(mapping)
        options.setdefault("address", database.address)
        options.setdefault("slot", f"amalimart_shop_{next(_SLOTS)}")
        options.setdefault("publication", "amalimart_shop")
        self.slot: str = options["slot"]
        self.source = PostgresStreamingSource(options.pop("address"), **options)
        self.stream: PostgresChangeStream | None = None
        self.position: dict[str, Any] | None = None
        self.rows: dict[str, Rows] = {}
        self.changes: list[RowChange] = []
        self.settled: list[Settled] = []
        self.replaced: dict[str, dict[str, int]] = {}

    def remap(self, mapping: str) -> None:
        """Give the shop another mapping."""
        self.mapping = self._mappings.write(mapping)

    def snapshot(self, *tables: str) -> set[str]:
        """Snapshot the tables given, or those that are stale; say which."""
        asked = set(tables) or set(self.source.stale_tables(self.mapping, self.position))
        if not asked:
            return asked
        with (
            self.lake.writer("shop") as writer,
            writer.begin(CommitKind.SNAPSHOT) as batch,
        ):
            reading = self.source.snapshot(self.mapping, batch, self._note, tables=asked, since=self.position)
            commit = batch.commit(reading.position, reading.fresh_as_of)
        self.position = dict(commit.position)
        for table in asked:
            rows = self.lake.rows(table)
            self.rows[table] = {self._key(table, row): _landed(row) for row in rows}
        return asked

    def follow(self) -> PostgresChangeStream:
        """Open the stream anew from where the lake is."""
        self.leave()
        assert self.position is not None
        self.stream = self.source.follow(self.mapping, self.position)
        return self.stream

    def leave(self) -> None:
        """Close the stream, if it is open."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None

    def catch_up(self, *, confirm: bool = True) -> list[RowChange]:
        """Take everything that was committed before now, and say what it was."""
        stream = self.stream or self.follow()
        target = self.end_of_log()
        first = len(self.changes)
        while True:
            for event in stream.events(0.2):
                self.take(event)
                if isinstance(event, Settled) and lsn_number(event.position["lsn"]) >= target:
                    if confirm:
                        assert self.position is not None
                        stream.confirm(self.position)
                    return self.changes[first:]

    def end_of_log(self) -> int:
        with self.database.connect() as connection:
            row = connection.execute("select pg_current_wal_insert_lsn()::text").fetchone()
        assert row is not None
        lsn = lsn_number(row[0])
        return lsn - lsn % 8192 if lsn % 8192 <= _HEADER else lsn

    def take(self, event: RowChange | Settled) -> None:
        """Merge one event."""
        if isinstance(event, Settled):
            assert self.position is not None
            self.settled.append(event)
            self.position |= event.position
            return
        self.changes.append(event)
        table, shape = event.shape.table, event.shape
        landed, replaced = shape.landed([[value] for value in event.values])
        for column, count in replaced.items():
            counts = self.replaced.setdefault(table, {})
            counts[column] = counts.get(column, 0) + count
        (row,) = landed.to_pylist()
        rows = self.rows[table]
        key = self._key(table, row)
        if event.operation is Operation.TRUNCATE:
            rows.clear()
        elif event.operation is Operation.DELETE:
            rows.pop(key, None)
        else:
            before = rows.get(key, {})
            rows[key] = row | {column: before[column] for column in event.unchanged}

    def truth(self, table: str, columns: Iterable[str] = ("id", "name")) -> list[tuple[Any, ...]]:
        """What the source has, asked in SQL."""
        listed = ", ".join(columns)
        with self.database.connect() as connection:
            return connection.execute(f"select {listed} from {table} order by 1").fetchall()

    def landed(self, table: str, columns: Iterable[str] = ("id", "name")) -> list[tuple[Any, ...]]:
        """The same of what is landed."""
        return sorted(tuple(row.get(column) for column in columns) for row in self.rows[table].values())

    def slot_row(self, column: str) -> Any:
        with self.database.connect() as connection:
            row = connection.execute(
                f"select {column} from pg_replication_slots where slot_name = %s", [self.slot]
            ).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        self.leave()
        self.source.close()

    def _key(self, table: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[column] for column in self.mapping.key_columns(table))

    def _note(self, progress: TableProgress) -> None:
        if progress.done and progress.replaced:
            self.replaced[progress.table] = dict(progress.replaced)


def _landed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if not column.startswith("_")}
