"""Small, untidy bronze data for a mapping: every kind of cell that a mapping has a rule for, made from it.

Cells follow from what a column is mapped to: ids that refer to each other or to nothing, spellings that are
known and unknown, amounts at the edge of their scale, days that do not exist, hours that occur twice.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.mapping.entities import ColumnType, EntityColumn, load_entities
from amalimart.mapping.source_mapping import SourceMapping

NOW = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
ROWS = 14
IDS = [*map(str, range(1, 9)), " 2", "07"]
CELLS: Mapping[ColumnType, list[str]] = {
    ColumnType.TEXT: ["Accra", "accra ", " KUMASI", "Ünïcødé", "it's", "back\\slash", "${x}", "\u00a0", "İstanbul"],
    ColumnType.INTEGER: ["1", "2", "3", "5.0", "2.5", "+4", "many", "99999999999999999999"],
    ColumnType.DECIMAL: ["1", "0.0000005", "1e-3", "12.3456785", "-0.5", "half"],
    ColumnType.MONEY: ["10", "10.005", "-10.005", "0.004999", "1e2", "1234567890123456.78", "1e17", "1,5", "ten"],
    ColumnType.BOOLEAN: ["true", "f", "YES", "0", "1", "perhaps"],
    ColumnType.DATE: ["1990-02-28", "2000-02-29", "1999/12/31", "0000-00-00", "2026-02-30"],
    ColumnType.TIMESTAMP: [
        "2026-03-01 00:30:00", "2026-03-08 02:30:00", "2026-03-29 01:30:00", "2026-10-25 01:30:00",
        "2026-11-01 01:30:00.123456", "2026-03-10T08:00:00Z", "2026-03-10 23:59:59+05:30", "2026/3/9 7:05",
        "2026-02-20", "2026-02-28 24:00:00", "0000-00-00 00:00:00", "soon", "2025-12-31 23:30:00",
    ],
}  # fmt: skip
TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.INTEGER: pa.int32(),
    ColumnType.DECIMAL: pa.float64(),
    ColumnType.MONEY: pa.decimal128(24, 4),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}
"""Columns of a database that types its tables; ids are whole numbers there, and everything else is text."""

Row = dict[str, Any]


class Shop:
    """A lake that holds what a shop of a mapping landed: a snapshot, and changes where it is followed."""

    def __init__(self, folder: Path, name: str, mapping: SourceMapping, *, is_typed: bool) -> None:
        self.name, self.mapping, self._is_typed = name, mapping, is_typed
        self.lake = Lake(folder / "lake", FixedClock(NOW))
        self._dice = random.Random(name)  # noqa: S311 - the same shop in every run
        self._specs = _specs(mapping)
        self.tables = {table: tuple(columns) for table, columns in mapping.landed.items() if columns}

    def land(self) -> None:
        """Everything at once, then changes of it: rows told again, in part, deleted, and a table emptied."""
        with self.lake.begin(self.name, CommitKind.SNAPSHOT) as writer:
            for table in self.tables:
                rows = list(self._rows(table))
                writer.write(table, [self._batch(table, rows)], Operation.SNAPSHOT, schema=self._schema(table))
            writer.commit({}, NOW)
        for operation in (Operation.UPSERT, Operation.UPSERT, Operation.DELETE):
            with self.lake.begin(self.name, CommitKind.CHANGES) as writer:
                for table in self.tables:
                    rows = list(self._rows(table))[: 2 if operation is Operation.DELETE else 5]
                    writer.write(table, [self._batch(table, rows)], operation, schema=self._schema(table))
                writer.commit({}, NOW + timedelta(minutes=1))

    def _rows(self, table: str) -> Iterator[Row]:
        key = self.mapping.key_columns(table)
        for number in range(ROWS):
            row = {column: self._cell(table, column) for column in self.tables[table]}
            if len(key) == 1 and self._dice.random() < 0.9:
                row[key[0]] = self._typed(table, key[0], str(number % 9 + 1))
            yield row

    def _cell(self, table: str, column: str) -> object:
        if self._dice.random() < 0.08:
            return None
        spec, written = self._specs.get((table, column), (None, ()))
        if spec is None or spec.type is ColumnType.ID:
            cells = IDS
        elif spec.type is ColumnType.ENUM:
            cells = [*written, *spec.values, "never heard of"]
        else:
            cells = CELLS[spec.type]
        return self._typed(table, column, self._dice.choice(cells))

    def _typed(self, table: str, column: str, text: str) -> object:
        kind = self._schema(table).field(column).type
        try:
            if pa.types.is_integer(kind):
                return int(Decimal(text)) if abs(Decimal(text)) < 2**31 else None
            if pa.types.is_decimal(kind):
                return Decimal(text).quantize(Decimal("0.0001"))
            if pa.types.is_floating(kind):
                return float(text)
            if pa.types.is_boolean(kind):
                return text in {"true", "YES", "1"}
            if pa.types.is_date(kind):
                return datetime.fromisoformat(text).date()
            if pa.types.is_timestamp(kind):
                return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except (ValueError, ArithmeticError):
            return None
        return text

    def _schema(self, table: str) -> pa.Schema:
        return pa.schema([(column, self._type(table, column)) for column in self.tables[table]])

    def _type(self, table: str, column: str) -> pa.DataType:
        spec, _ = self._specs.get((table, column), (None, ()))
        if not self._is_typed:
            return pa.string()
        if spec is None or spec.type is ColumnType.ID:
            return pa.int64()
        return TYPES.get(spec.type, pa.string())

    def _batch(self, table: str, rows: list[Row]) -> pa.RecordBatch:
        return pa.RecordBatch.from_pylist(rows, self._schema(table))


def _specs(mapping: SourceMapping) -> dict[tuple[str, str], tuple[EntityColumn, tuple[str, ...]]]:
    """(table, column) -> the canonical column that it fills, and the spellings that the mapping knows."""
    entities = load_entities()
    found: dict[tuple[str, str], tuple[EntityColumn, tuple[str, ...]]] = {}
    for part in mapping.parts:
        for canonical, table, column in part.origins():
            spec = entities[part.entity].columns[canonical]
            origin = part.columns[canonical]
            if (table, column) not in found or spec.type is ColumnType.ID:
                found[table, column] = (spec, tuple(origin.values or ()))
    return found
