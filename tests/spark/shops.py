"""Small, untidy bronze data for a mapping: every kind of cell that a mapping has a rule for, made from it.

Cells follow from what a column is mapped to: ids that refer to each other or to nothing, spellings that are
known and unknown, amounts at the edge of their scale, days that do not exist, hours that occur twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.lake.rows import ChangedRows, Transaction
from amalimart.mapping.entities import ColumnType, EntityColumn, load_entities
from amalimart.mapping.source_mapping import SourceMapping

NOW = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
ROWS = 20
IDS = [*map(str, range(1, 9)), " 2", "07"]
CELLS: Mapping[ColumnType, list[str]] = {
    ColumnType.TEXT: [
        "Accra", "accra ", " KUMASI", "Ünïcødé", "it's", "back\\slash", "${x}", "\u00a0", "İstanbul",
    ],
    ColumnType.INTEGER: ["1", "2", "3", "5.0", "2.5", "+4", "many", "99999999999999999999"],
    ColumnType.DECIMAL: ["1", "0.0000005", "1e-3", "12.3456785", "-0.5", "half"],
    ColumnType.MONEY: [
        "10", "10.005", "-10.005", "0.004999", "1e2", "1234567890123456.78", "1e17", "1,5", "ten",
    ],
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

FILTERED: Mapping[str, tuple[pa.DataType, list[str]]] = {
    "kind": (pa.string(), ["sale", "sale", "it's", "gift"]),
    "quantity": (pa.int32(), ["1", "5", "2", "0"]),
    "changed": (pa.timestamp("us", tz="UTC"), CELLS[ColumnType.TIMESTAMP]),
}
"""Columns that only a filter or an order reads."""
CHANGES = (Operation.UPSERT, Operation.UPSERT, Operation.UPSERT, Operation.DELETE)
Row = dict[str, Any]
KIOSK = """\
mapping: kiosk
description: A shop that uses every form of a mapping.
time_zone: America/New_York
tables:
  sales: {key: [id]}
  people: {key: [id]}
  old_sales: {key: ["no"]}
entities:
  orders:
    - table: sales
      precedence: 1
      where: {kind: [sale, "it's"], quantity: {at_least: 1}, changed: {at_least: 2020-01-01}}
      deduplicate: {keep: latest, by: changed}
      lookup:
        buyers: {table: people, match: {buyer: id}}
        namesakes: {table: people, match: {buyer: name}, deduplicate: {keep: first, by: born}}
      columns:
        order_id: {join: [shop_no, "no"], with: "-"}
        customer_id: buyer
        order_date: {from: placed, format: "%d/%m/%Y %H:%M"}
        total_amount: price
        discount_amount: rebate
        currency: {constant: "it's"}
        status:
          from: state
          values: {done: COMPLETED, "Gone Back": RETURNED, "l'autre": PENDING}
          default: UNKNOWN
        shipping_city: buyers.city
        channel: namesakes.channel
        is_test: flag
    - table: old_sales
      precedence: 2
      columns:
        order_id: "no"
        customer_id: buyer
        order_date: {from: placed, format: "%b %d, %y %I:%M:%S.%f %p"}
        total_amount: total
        currency: money
        status: {from: state, values: {done: COMPLETED}, default: UNKNOWN}
  users:
    table: people
    columns:
      user_id: id
      full_name: name
      birth_date: {from: born, format: "%-d.%-m.%Y", optional: true}
      created_at: {from: since, format: "%Y-%m-%dT%H:%M:%S%z"}
"""
"""A mapping of joins, filters, lookups, formats, doubled keys and united parts."""
FORMATTED = {
    "%d/%m/%Y %H:%M": [
        "01/07/2026 12:00", "8/3/2026 2:30", "01/11/2026 01:30", "31/02/2026 10:00", "2026-03-01 10:00",
    ],
    "%b %d, %y %I:%M:%S.%f %p": [
        "Mar 08, 26 02:30:00.5 AM", "jul 4, 76 12:00:01.000001 pm", "Dec 31, 68 13:00:00.0 PM",
    ],
    "%-d.%-m.%Y": ["1.7.1990", "29.02.2000", "29.2.1999", "1.13.2000"],
    "%Y-%m-%dT%H:%M:%S%z": ["2026-03-29T01:30:00+0100", "2026-03-29T01:30:00-05", "2026-03-29T01:30:00"],
}  # fmt: skip
READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[str], object]], ...] = (
    (pa.types.is_integer, lambda text: int(Decimal(text)) if abs(Decimal(text)) < 2**31 else None),
    (pa.types.is_decimal, lambda text: Decimal(text).quantize(Decimal("0.0001"))),
    (pa.types.is_floating, float),
    (pa.types.is_boolean, {"true": True, "YES": True, "1": True, "f": False, "0": False}.get),
    (pa.types.is_date, lambda text: datetime.fromisoformat(text).date()),
    (pa.types.is_timestamp, lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)),
)
"""How a database that types its columns would hold a text; what it could not is null."""


class Shop:
    """A lake that holds what a shop of a mapping landed: a snapshot, and changes where it is followed."""

    def __init__(self, folder: Path, name: str, mapping: SourceMapping, *, is_typed: bool) -> None:
        self.name, self.mapping, self.is_typed = name, mapping, is_typed
        self.lake = Lake(folder / "lake", FixedClock(NOW))
        self._dice = random.Random(name)  # noqa: S311 - the same shop in every run
        self._specs = _specs(mapping)
        self.tables = {table: tuple(columns) for table, columns in mapping.landed.items() if columns}

    def land(self) -> None:
        """Everything at once and, of a database, changes of it; then one table in three is read anew."""
        self._snapshot(self.tables)
        if not self.is_typed:
            return
        self._change()
        self._snapshot([table for place, table in enumerate(self.tables) if place % 3 == 0])
        self._change()

    def _snapshot(self, tables: Iterable[str]) -> None:
        with self.lake.begin(self.name, CommitKind.SNAPSHOT) as writer:
            for table in tables:
                rows = list(self._rows(table))
                writer.write(
                    table, [self._batch(table, rows)], Operation.SNAPSHOT, schema=self._schema(table)
                )
            writer.commit({}, NOW)

    def _change(self) -> None:
        """Rows told anew, whole or without the columns that did not change, and gone; some tables emptied."""
        with self.lake.begin(self.name, CommitKind.CHANGES) as writer:
            for place, table in enumerate(self.tables):
                rows = list(self._rows(table))
                operations = [self._dice.choice(CHANGES) for _ in rows]
                if place % 7 == 0:
                    operations[2] = Operation.TRUNCATE
                unchanged = [
                    self._untold(table, row, each) for row, each in zip(rows, operations, strict=True)
                ]
                writer.add(
                    ChangedRows(
                        table,
                        self._batch(table, rows),
                        operations,
                        range(1, len(rows) + 1),
                        [Transaction("0/1", NOW)] * len(rows),
                        unchanged,
                    )
                )
            writer.commit({}, NOW + timedelta(minutes=1))

    def _untold(self, table: str, row: Row, operation: Operation) -> tuple[str, ...]:
        """Columns that a change does not repeat; they are empty in it."""
        kept = set(self.mapping.key_columns(table))
        if operation is Operation.TRUNCATE:
            row.update(dict.fromkeys(row))
        if operation is not Operation.UPSERT or self._dice.random() < 0.5:
            return ()
        untold = tuple(column for column in row if column not in kept and self._dice.random() < 0.4)
        row.update(dict.fromkeys(untold))
        return untold

    def _rows(self, table: str) -> Iterator[Row]:
        key = self.mapping.key_columns(table)
        for number in range(ROWS):
            row = {column: self._cell(table, column) for column in self.tables[table]}
            if len(key) == 1 and self._dice.random() < 0.9:
                row[key[0]] = self._typed(table, key[0], str(number % 14 + 1))
            yield row

    def _cell(self, table: str, column: str) -> object:
        if self._dice.random() < 0.08:
            return None
        spec, written = self._specs.get((table, column), (None, ()))
        if spec is None and column in FILTERED:
            cells = FILTERED[column][1]
        elif spec is None or spec.type is ColumnType.ID:
            cells = IDS
        elif spec.type is ColumnType.ENUM:
            cells = [*written, *spec.values, "never heard of"]
        elif written:
            cells = [*written, *CELLS[spec.type][:2]]
        else:
            cells = CELLS[spec.type]
        return self._typed(table, column, self._dice.choice(cells))

    def _typed(self, table: str, column: str, text: str) -> object:
        kind = self._schema(table).field(column).type
        try:
            return next((read(text) for is_of, read in READERS if is_of(kind)), text)
        except (ValueError, ArithmeticError):
            return None

    def _schema(self, table: str) -> pa.Schema:
        return pa.schema([(column, self._type(table, column)) for column in self.tables[table]])

    def _type(self, table: str, column: str) -> pa.DataType:
        spec, _ = self._specs.get((table, column), (None, ()))
        if not self.is_typed:
            return pa.string()
        if spec is None and column in FILTERED:
            return FILTERED[column][0]
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
                found[table, column] = (
                    spec,
                    (*(origin.values or ()), *FORMATTED.get(origin.format or "", ())),
                )
    return found
