"""Row changes out of the log's rows events: which table a number stands for, and what its rows say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from amalimart.lake import Operation, Transaction
from amalimart.sources.mysql.binlog_events import Event, RowAction, Rows, TableDefinition, read_rows_event
from amalimart.sources.mysql.character_sets import CharacterSets
from amalimart.sources.mysql.followed import Followed, FollowedTables
from amalimart.sources.mysql.gtid import Gtid
from amalimart.sources.mysql.row_images import RowReader, Value
from amalimart.sources.mysql.table_definitions import read_definition, table_id
from amalimart.sources.port import RowChange

_NO_TABLE = 0xFFFFFF


class _Reader:
    """Reads the rows of one table for as long as its definition stays as it is."""

    def __init__(self, followed: Followed, definition: TableDefinition, sets: CharacterSets) -> None:
        self.shape = followed.shape
        self.rows = RowReader(definition, followed.landed, sets)
        self.key = RowReader(definition, {name: followed.landed[name] for name in followed.key}, sets)
        places = {name: place for place, name in enumerate(followed.landed)}
        self._key_places = [places[name] for name in followed.key]

    def lacks(self, rows: Rows) -> bool:
        """Whether the images leave out a column that is needed."""
        before = self.rows.needed if rows.action is RowAction.INSERT else self.key.needed
        after = self.rows.needed if rows.action is RowAction.UPDATE else 0
        return bool(before & ~rows.present or after & ~rows.present_after)

    def changes(self, rows: Rows, transaction: Transaction) -> Iterator[RowChange]:
        """What happened to each row."""
        at, images = 0, rows.images
        while at < len(images):
            if rows.action is RowAction.INSERT:
                values, at = self.rows.read(images, at, rows.present)
                yield RowChange(transaction, self.shape, Operation.UPSERT, values)
                continue
            key, at = self.key.read(images, at, rows.present)
            if rows.action is RowAction.DELETE:
                yield RowChange(transaction, self.shape, Operation.DELETE, self._only(key))
                continue
            values, at = self.rows.read(images, at, rows.present_after)
            if key != [values[place] for place in self._key_places]:
                yield RowChange(transaction, self.shape, Operation.DELETE, self._only(key))
            yield RowChange(transaction, self.shape, Operation.UPSERT, values)

    def _only(self, key: list[Value]) -> list[Value]:
        row: list[Value] = [None] * len(self.shape.schema)
        for place, value in zip(self._key_places, key, strict=True):
            row[place] = value
        return row


@dataclass(slots=True)
class _Defined:
    """One definition; without `followed` where its rows are nobody's business."""

    definition: TableDefinition
    followed: Followed | None
    reader: _Reader | None = None


class ChangedRows:
    """Remembers the definitions that rows refer to."""

    def __init__(self, tables: FollowedTables, sets: CharacterSets, *, mariadb: bool) -> None:
        self._tables = tables
        self._sets = sets
        self._mariadb = mariadb
        self._known: dict[bytes, _Defined] = {}
        self._by_number: dict[int, _Defined] = {}

    def define(self, event: Event) -> None:
        """Note which table a number stands for from here on."""
        # All but the number itself: the same table is defined again for every statement.
        content = event.body[6:]
        if content not in self._known:
            definition = read_definition(event.body, mariadb=self._mariadb)
            self._known[content] = _Defined(
                definition, self._tables.find(definition.schema, definition.table)
            )
        self._by_number[table_id(event.body)] = self._known[content]

    def forget_numbers(self) -> None:
        """The numbers begin anew."""
        self._by_number.clear()

    def table(self, event: Event, gtid: Gtid) -> Followed | None:
        """The table whose rows an event changes; None where they are not followed, or known already.

        Raises KeyError for a number that stands for no table.
        """
        number = table_id(event.body)
        if number == _NO_TABLE:
            return None
        followed = self._by_number[number].followed
        return followed if followed is not None and self._tables.goes_on(followed, gtid) else None

    def changes(self, event: Event, followed: Followed, transaction: Transaction) -> Iterator[RowChange]:
        """What an event did to each row of the table; nothing where the table no longer goes on."""
        rows = read_rows_event(event)
        defined = self._by_number[rows.table_id]
        if defined.reader is None:
            if not self._tables.judge(followed, defined.definition, self._sets):
                return
            defined.reader = _Reader(followed, defined.definition, self._sets)
        if defined.reader.lacks(rows):
            self._tables.stop(
                followed.table, "the binary log leaves out columns (binlog_row_image is not FULL)"
            )
            return
        yield from defined.reader.changes(rows, transaction)
