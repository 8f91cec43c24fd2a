"""The tables a stream follows: what is landed of each, and whether it goes on, waits or has stopped.

Pure bookkeeping: it reads no log and yields no rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.mysql.binlog_events import TableDefinition
from amalimart.sources.mysql.character_sets import CharacterSets
from amalimart.sources.mysql.drift import Change, change
from amalimart.sources.mysql.gtid import Gtid, GtidSet
from amalimart.sources.mysql.position import MySQLPosition, tables_json
from amalimart.sources.mysql.server import Server
from amalimart.sources.mysql.table_effects import Altered
from amalimart.sources.mysql.text_values import landed_batch
from amalimart.sources.mysql.types import SourceType, landed_schema
from amalimart.sources.mysql.wire_types import wire_type
from amalimart.sources.port import Position, TableShape

_GONE = "the table was "


@dataclass(slots=True)
class Followed:
    """One table that goes on.

    wanted    columns the mapping lands, none of them secret
    optional  those of them it can do without
    landed    those that are landed, with their types
    since     transactions its snapshot already holds
    altered   whether a statement has changed a landed column's type since the stream began
    """

    table: str
    wanted: Sequence[str]
    optional: frozenset[str]
    key: Sequence[str]
    landed: dict[str, SourceType]
    since: GtidSet
    altered: bool = False
    shape: TableShape = field(init=False)

    def __post_init__(self) -> None:
        self.shape = table_shape(self.table, self.landed)

    def has(self, gtid: Gtid) -> bool:
        """Whether the snapshot already holds what the transaction did."""
        return gtid in self.since

    def take(self, landed: dict[str, SourceType]) -> None:
        """Land these columns from here on."""
        self.landed = landed
        self.shape = table_shape(self.table, landed)


def table_shape(table: str, landed: Mapping[str, SourceType]) -> TableShape:
    """How changes of a table arrive."""
    columns, schema = tuple(landed.items()), landed_schema(tuple(landed.items()))
    return TableShape(table, schema, partial(_landed, columns, schema))


def _landed(
    columns: Sequence[tuple[str, SourceType]], schema: pa.Schema, values: Sequence[Sequence[Any]]
) -> tuple[pa.RecordBatch, Mapping[str, int]]:
    return landed_batch([pa.array(column, pa.binary()) for column in values], columns, schema)


class FollowedTables:
    """All tables of one source, and which parts of its position they have changed."""

    def __init__(self, mapping: SourceMapping, known: MySQLPosition, server: Server, database: str) -> None:
        self._known = dict(known.tables)
        self._folds = server.folds_table_names
        self._places = {
            table: (self._folded(schema or database), self._folded(name))
            for table in known.tables
            if table in mapping.landed
            for schema, _, name in (table.rpartition("."),)
        }
        self.stopped = {table: why for table, why in known.stopped.items() if table in mapping.landed}
        self.stale = set(known.stale) & set(mapping.landed)
        self.live: dict[str, Followed] = {}
        self._changed: set[str] = set()
        for table, landed in known.tables.items():
            if table not in mapping.landed or table in self.stopped or table in self.stale:
                continue
            secret = set(mapping.secrets(table))
            wanted = tuple(column for column in mapping.landed[table] if column not in secret)
            self.live[table] = Followed(
                table,
                wanted,
                frozenset(column for column in wanted if (table, column) in mapping.optional),
                mapping.key_columns(table),
                {column: landed.columns[column] for column in wanted if column in landed.columns},
                server.gtids(landed.since),
            )

    def _folded(self, name: str) -> str:
        return name.lower() if self._folds else name

    @property
    def news(self) -> dict[str, Any]:
        """The parts of the position that no commit has as they are now."""
        return {part: self._part(part) for part in sorted(self._changed)}

    def confirm(self, position: Position) -> None:
        """Take in what is committed."""
        self._changed -= {part for part in self._changed if position.get(part) == self._part(part)}

    def _part(self, name: str) -> Any:
        match name:
            case "tables":
                return tables_json(self._known)
            case "stopped":
                return dict(sorted(self.stopped.items()))
            case _:
                return sorted(self.stale)

    def find(self, schema: str, table: str) -> Followed | None:
        """The table of that name, if it goes on."""
        return next((self.live[name] for name in self.named(schema, table) if name in self.live), None)

    def named(self, schema: str, table: str | None) -> list[str]:
        """The tables of that name, or all of the schema, that have ever been landed."""
        return [
            name
            for name, place in self._places.items()
            if place[0] == self._folded(schema) and (table is None or place[1] == self._folded(table))
        ]

    def goes_on(self, followed: Followed, gtid: Gtid) -> bool:
        """Whether a table is still followed, and its snapshot does not hold the transaction yet."""
        return self.live.get(followed.table) is followed and not followed.has(gtid)

    def holds(self, table: str, gtid: Gtid) -> bool:
        """Whether a table goes on with a snapshot that already holds what the transaction did."""
        return table in self.live and self.live[table].has(gtid)

    def stop(self, table: str, why: str) -> None:
        """Follow a table no longer, until a person has it snapshotted again."""
        self.live.pop(table, None)
        self.stale.discard(table)
        self.stopped[table] = (
            f"{why}; correct the mapping or the table, then: amalimart source resnapshot NAME --table {table}"
        )
        self._changed |= {"stopped", "stale"}

    def lose(self, table: str, how: str) -> None:
        """Follow a table no longer, because there is none of that name any more."""
        self.stop(table, f"{_GONE}{how}")

    def is_lost(self, table: str) -> bool:
        """Whether it stopped because there was none of that name any more."""
        return self.stopped.get(table, "").startswith(_GONE)

    def renew(self, table: str) -> None:
        """Follow a table no longer, until it has been snapshotted anew by itself."""
        self.live.pop(table, None)
        self.stopped.pop(table, None)
        self.stale.add(table)
        self._changed |= {"stopped", "stale"}

    def judge(self, followed: Followed, definition: TableDefinition, sets: CharacterSets) -> bool:
        """Hold a table's definition in the log against what is landed; False where it does not go on."""
        columns = {column.name: column for column in definition.columns}
        if not definition.named:
            self.stop(
                followed.table, "the binary log does not name its columns (binlog_row_metadata is not FULL)"
            )
            return False
        types = {}
        for name in followed.wanted:
            if name not in followed.landed:
                if name in columns:
                    self.renew(followed.table)
                    return False
            elif name in columns:
                try:
                    types[name] = wire_type(columns[name], followed.landed[name], sets)
                except KeyError:
                    self.stop(
                        followed.table,
                        f"column {name!r} has a type that the binary log shows in no known form",
                    )
                    return False
            elif name not in followed.optional:
                self.stop(followed.table, f"column {name!r} was dropped or renamed")
                return False
        return self.retype(followed, types, whole=True)

    def retype(self, followed: Followed, types: Mapping[str, SourceType], *, whole: bool = False) -> bool:
        """Go on with the types some columns now have; False where that cannot be.

        With `whole`, these are all columns, as they come with rows; the first time that is just other
        words for what was read. Otherwise they are announced, and what comes with rows has the last word.
        """
        worst = Change.SAME
        for name, kind in types.items():
            told = change(followed.landed[name], kind)
            if told is Change.OTHER:
                before = followed.landed[name]
                self.stop(followed.table, f"column {name!r} was {_short(before)} and is now {_short(kind)}")
                return False
            worst = max(worst, told)
        known = self._known[followed.table]
        if worst is Change.REREAD and (known.logged or followed.altered or not whole):
            self.renew(followed.table)
            return False
        if whole and (types != followed.landed or not known.logged):
            followed.take(dict(types))
            self._known[followed.table] = replace(known, columns=dict(types), logged=True)
            self._changed.add("tables")
        return True

    def alter(self, followed: Followed, altered: Altered) -> None:
        """Take in that a table has been given other columns."""
        spelled = {name.lower(): name for name in followed.wanted}
        added = {spelled[name.lower()] for name in altered.added if name.lower() in spelled}
        for old, new in altered.gone.items():
            name = spelled.get(old.lower())
            if name is None or name not in followed.landed or name in added:
                continue
            if name not in followed.optional:
                now = f"renamed to {new!r}" if new else "dropped"
                self.stop(followed.table, f"column {name!r} was {now}")
                return
        types = {
            spelled[old.lower()]: kind
            for old, kind in altered.retyped.items()
            if old.lower() in spelled and spelled[old.lower()] in followed.landed
        }
        if added or None in types.values():
            self.renew(followed.table)
            return
        followed.altered = followed.altered or bool(types)
        self.retype(followed, {name: kind for name, kind in types.items() if kind is not None})


def _short(kind: SourceType) -> str:
    return kind.name if kind.labels else str(kind)
