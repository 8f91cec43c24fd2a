"""Takes what is known of erased people out of rows: on their way into the lake, and in files of before.

A row that belongs to an erased person keeps its ids, amounts and times; its personal values become null, or a
fixed word where a row must have one. A name that is counted by, such as the pseudonym of a visitor, becomes
another one, the same for the same, so that counts stay; it is the person's in rows of nobody, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from amalimart.core.errors import LakeError
from amalimart.lake import BATCH_COLUMNS
from amalimart.lake.tombstones import Tombstones
from amalimart.mapping.personal_rows import PERSON_ID, IdOrigin, PersonalPart, PersonalRows

ERASED = "erased"
_PSEUDONYM = f"{ERASED}-"
_BLANKS = " \t\n\r\u00a0"

Alias = tuple[str, str]
"""A name of a person: the entity and column it stands in, and the canonical value."""


class ErasedPeople:
    """The screen of one source. `rows` is asked only once somebody was erased."""

    def __init__(self, tombstones: Tombstones, rows: Callable[[], PersonalRows]) -> None:
        self._tombstones = tombstones
        self._rows = rows
        self._known: PersonalRows | None = None
        self._declared = ""

    @property
    def _personal(self) -> PersonalRows:
        if self._known is None:
            self._known = self._rows()
        return self._known

    @property
    def stamps(self) -> frozenset[str]:
        """One for each mark under the declarations of now: other ones ask for another look at all files."""
        marks = self._tombstones.known()
        if marks and not self._declared:
            landed = sorted((table, sorted(columns)) for table, columns in self._personal.landed.items())
            told = repr((sorted(self._personal.personal.items()), landed))
            self._declared = hashlib.sha256(told.encode()).hexdigest()[:12]
        return frozenset(f"{mark}.{self._declared}" for mark in marks)

    def looks_at(self, table: str, columns: Sequence[str]) -> frozenset[str]:
        """Of these columns of a table those that decide, or that may have to go."""
        if not self._tombstones.known():
            return frozenset()
        named: set[str] = set()
        for part in self._personal.personal.get(table, ()):
            named |= {*part.person.columns, *part.cleared, *part.filled, *part.pseudonyms}
        return frozenset(named | self._unread(table, columns)) & frozenset(columns) if named else frozenset()

    def screened(self, table: str, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows without what is personal of erased people; the same object where there is nothing."""
        if not self._tombstones.known():
            return rows
        for part in self._personal.personal.get(table, ()):
            rows = self._without(table, part, rows)
        return rows

    def _is_erased(self, of: str) -> Callable[[str], bool]:
        known, key = self._tombstones.known(), self._tombstones.key()

        def is_erased(value: str) -> bool:
            return self._tombstones.mark_under(key, of, value) in known

        return is_erased

    def _without(self, table: str, part: PersonalPart, rows: pa.RecordBatch) -> pa.RecordBatch:
        present = set(rows.schema.names)
        if not set(part.person.columns) <= present:
            return rows
        theirs = matching(rows, part.person, self._is_erased(PERSON_ID))
        changed: dict[str, pa.Array] = {}
        for column in {*part.cleared, *self._unread(table, rows.schema.names)} & present:
            values = rows.column(column)
            if _any(pc.and_(theirs, pc.is_valid(values))):
                changed[column] = _cleared(values, theirs)
        for column in set(part.filled) & present:
            values = rows.column(column)
            word = pa.scalar(ERASED, values.type)
            if _any(pc.and_(pc.and_(theirs, pc.is_valid(values)), pc.not_equal(values, word))):
                kept = _cleared(values, theirs)
                changed[column] = pc.if_else(pc.and_(theirs, pc.is_valid(values)), word, kept)
        for column in part.pseudonyms.keys() & present:
            of, origin = part.pseudonyms[column]
            nobodys = pc.is_null(rows.column(part.person.columns[0]))
            known = pc.and_(nobodys, matching(rows, origin, self._is_erased(of)))
            replaced = self._renamed(rows.column(column), pc.or_(theirs, known), of, origin)
            if replaced is not None:
                changed[column] = replaced
        if not changed:
            return rows
        columns = [changed.get(name, rows.column(name)) for name in rows.schema.names]
        return pa.RecordBatch.from_arrays(columns, schema=rows.schema)

    def _renamed(self, values: pa.Array, chosen: pa.Array, of: str, origin: IdOrigin) -> pa.Array | None:
        """The values, chosen ones under other names; None where all of them are already."""
        key = self._tombstones.key()
        renamed, is_changed = [], False
        for value, is_chosen in zip(values.to_pylist(), chosen.to_pylist(), strict=True):
            if not is_chosen or value is None or _is_pseudonym(value):
                renamed.append(value)
                continue
            mark = self._tombstones.mark_under(key, of, canonical_id([value], origin))
            renamed.append(_pseudonym(mark, values.type))
            is_changed = True
        return pa.array(renamed, values.type) if is_changed else None

    def _unread(self, table: str, columns: Iterable[str]) -> set[str]:
        """Columns from before the mapping was changed: nobody says any more that they are not personal."""
        return set(columns) - self._personal.landed.get(table, frozenset()) - set(BATCH_COLUMNS)


def canonical_id(values: Sequence[Any], origin: IdOrigin) -> str:
    """The canonical id of source values, none of them null, as staging makes it."""
    parts = [_as_text(value) for value in values]
    if len(parts) > 1:
        parts = [
            part
            if isinstance(value, int)
            else part.replace("\\", "\\\\").replace(origin.separator, f"\\{origin.separator}")
            for part, value in zip(parts, values, strict=True)
        ]
    text = origin.separator.join(parts)
    return text if origin.namespace is None else f"{origin.namespace}:{text}"


def aliases(part: PersonalPart, theirs: pa.RecordBatch) -> Iterator[Alias]:
    """The names that one person stands under in rows of theirs, other than the id."""
    for column, (of, origin) in part.pseudonyms.items():
        if column in theirs.schema.names:
            for value in pc.unique(theirs.column(column)).to_pylist():
                if value is not None and not _is_pseudonym(value):
                    yield of, canonical_id([value], origin)


def matching(rows: pa.RecordBatch, origin: IdOrigin, is_meant: Callable[[str], bool]) -> pa.BooleanArray:
    """Which rows have an id that is meant. A row without one has none that is."""
    columns = [rows.column(column) for column in origin.columns]
    if len(columns) == 1:
        distinct = [value for value in pc.unique(columns[0]).to_pylist() if value is not None]
        meant = [value for value in distinct if is_meant(canonical_id([value], origin))]
        return pc.is_in(columns[0], value_set=pa.array(meant, columns[0].type))
    told = zip(*(column.to_pylist() for column in columns), strict=True)
    return pa.array(
        [None not in values and is_meant(canonical_id(values, origin)) for values in told], pa.bool_()
    )


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip(_BLANKS)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_pseudonym(value: Any) -> bool:
    """Whether a name took the place of another; numbers of a shop are not below 0."""
    return value.startswith(_PSEUDONYM) if isinstance(value, str) else value < 0


def _pseudonym(mark: str, kind: pa.DataType) -> str | int:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return f"{_PSEUDONYM}{mark[:16]}"
    if pa.types.is_int64(kind):
        return -1 - int(mark[:15], 16)
    raise LakeError(
        f"a personal id of the type {kind} cannot be replaced by another one",
        expected="a text, or a whole number of 64 bits",
        next_step="have the source give it as text",
    )


def _cleared(values: pa.Array, chosen: pa.BooleanArray) -> pa.Array:
    """The values, null where chosen. A copy: a null alone would leave the value in the buffer behind it."""
    places = pa.array(range(len(values)), pa.int64())
    return values.take(pc.if_else(chosen, pa.scalar(None, pa.int64()), places))


def _any(mask: pa.Array) -> bool:
    return bool(pc.any(mask).as_py())
