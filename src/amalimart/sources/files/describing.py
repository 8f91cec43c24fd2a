"""What dropped files tell about their tables: what the values look like, and what they refer to.

Files declare nothing but names (Parquet: types), so keys and references are what the first rows show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from amalimart.sources.describing import (
    MOST_VALUES,
    ColumnFacts,
    Kind,
    ReferenceFacts,
    TableFacts,
    ValueCounts,
    few_values,
    kind_of_type,
    look_at_texts,
    may_be_looked_at,
)
from amalimart.sources.files.drops import DroppedFile, dropped
from amalimart.sources.files.stored import FileStore

_LOOKED_AT = 20_000
_COUNTED = 500_000
_HELD = 0.9
_ID = re.compile(r"(?:^|_|(?<=[a-z]))(?:id|ID|Id)$")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A table whose rows were looked at, with the values of its ids for as long as the look lasts."""

    facts: TableFacts
    ids: Mapping[str, frozenset[str]]
    whole: bool


class FileDropDescriber:
    """Describes the CSV and Parquet files of one place."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    def describe(self) -> Sequence[TableFacts]:
        """Every table of the drop. Raises SourceError."""
        seen = {table: self._look(table, files) for table, files in self._tables().items()}
        return [replace(one.facts, references=tuple(_references(one, seen))) for one in seen.values()]

    def count_values(self, table: str, columns: Sequence[str]) -> Mapping[str, ValueCounts]:
        """The values of some columns within the first rows of a table. Raises SourceError."""
        counts: dict[str, dict[str, int]] = {column: {} for column in columns}
        rows, complete = 0, True
        for batch in self._batches(self._tables()[table], columns):
            if rows >= _COUNTED:
                complete = False
                break
            for column in columns:
                counted = counts[column]
                for text in _texts(batch.column(column)):
                    if text is not None and (text in counted or len(counted) < 10 * MOST_VALUES):
                        counted[text] = counted.get(text, 0) + 1
            rows += batch.num_rows
        return {
            column: ValueCounts(
                dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))), rows, complete
            )
            for column, found in counts.items()
        }

    def close(self) -> None:
        """Let go of connections."""
        self._store.close()

    def _tables(self) -> Mapping[str, Sequence[DroppedFile]]:
        found = dropped(self._store.files(), self._store.where())
        for refused in found.refused.values():
            raise refused
        whole = {table: (file,) for table, file in found.whole.items()}
        return dict(sorted({**whole, **found.drops}.items()))

    def _look(self, table: str, files: Sequence[DroppedFile]) -> _Seen:
        with self._store.opened(files[-1].stored) as content:
            types = files[-1].format.columns(content, self._store.where(files[-1].path))
        plain = [column for column, name in types.items() if kind_of_type(name) is not Kind.STRUCTURE]
        values: dict[str, list[str | None]] = {column: [] for column in plain}
        rows, whole = 0, True
        for batch in self._batches(files, plain):
            if rows >= _LOOKED_AT:
                whole = False
                break
            for column in plain:
                values[column].extend(_texts(batch.column(column)))
            rows += batch.num_rows
        columns = tuple(_column(column, name, values.get(column, [])) for column, name in types.items())
        ids = {
            column: frozenset(value for value in values[column] if value is not None)
            for column in plain
            if _ID.search(column)
        }
        facts = TableFacts(
            name=table,
            columns=columns,
            primary_key=_primary_key(table, columns),
            rows=rows if whole else None,
            sampled=rows,
        )
        return _Seen(facts, ids, whole)

    def _batches(self, files: Sequence[DroppedFile], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of a table's files, the newest file first: it tells what the shop writes now."""
        for file in reversed(files):
            where = self._store.where(file.path)
            with self._store.opened(file.stored) as content:
                schema = file.format.schema(content, where, columns)
                content.seek(0)
                for batch in file.format.batches(content, where, schema, _replaced):
                    yield _with_columns(batch, columns)


def _column(name: str, type_name: str, texts: Sequence[str | None]) -> ColumnFacts:
    kind = kind_of_type(type_name)
    look = look_at_texts(texts) if kind is Kind.TEXT else None
    present = [text for text in texts if text is not None]
    return ColumnFacts(
        name=name,
        type=type_name,
        kind=look.kind if look else kind,
        nullable=len(present) < len(texts),
        unique=bool(present) and len(set(present)) == len(texts),
        values=few_values(present) if may_be_looked_at(name) else {},
        format=look.format if look else None,
        doubtful_format=look.doubtful_format if look else False,
    )


def _primary_key(table: str, columns: Sequence[ColumnFacts]) -> tuple[str, ...]:
    """The unique column that is called id, else the first, else one that ends in id."""
    unique = [c.name for c in columns if c.unique and c.kind in {Kind.INTEGER, Kind.TEXT}]
    called = [name for name in unique if name.lower() in {"id", f"{table.lower()}_id"}]
    ending = [name for name in unique if _ID.search(name)]
    first = [name for name in unique if columns and name == columns[0].name]
    return tuple((called + first + ending)[:1])


def _references(one: _Seen, seen: Mapping[str, _Seen]) -> Iterator[ReferenceFacts]:
    """Columns named after another table whose values are nearly all ids of it."""
    for column, values in one.ids.items():
        stem = _plain(_ID.sub("", column))
        if not stem or not values:
            continue
        for other in seen.values():
            key = other.facts.primary_key
            if other is one or not other.whole or not key or key[0] not in other.ids:
                continue
            if stem in _singulars(other.facts.name):
                held = len(values & other.ids[key[0]])
                if held >= _HELD * len(values):
                    yield ReferenceFacts(column, other.facts.name, key[0])
                    break


def _singulars(table: str) -> set[str]:
    name = _plain(table)
    return {name, name.removesuffix("s"), name.removesuffix("es"), re.sub("ies$", "y", name)}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _with_columns(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """A batch with every column asked for; one that this file lacks is empty."""
    arrays = [
        batch.column(column) if column in batch.schema.names else pa.nulls(batch.num_rows, pa.string())
        for column in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _replaced(_column: str, _count: int) -> None:
    """What has no exact form is null here as it is when it lands."""


def _texts(values: pa.Array) -> list[str | None]:
    if pa.types.is_string(values.type):
        found: list[str | None] = values.to_pylist()
        return found
    return [None if value is None else str(value) for value in values.to_pylist()]
