"""What a stream knows of its tables on the way, and what of it still has to be told with a position."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from amalimart.sources.port import Position
from amalimart.sources.postgres.stream_position import CapturedTable, StreamPosition


class FollowedTables:
    """The tables of one stream: those that are followed, those that were stopped, those that wait."""

    def __init__(self, place: StreamPosition) -> None:
        """As a committed position knows them."""
        self._place = place
        self._known = dict(place.tables)
        self._stopped = dict(place.stopped)
        self._stale = set(place.stale)
        self._changed: set[str] = set()

    def __getitem__(self, table: str) -> CapturedTable:
        return self._known[table]

    @property
    def known(self) -> Mapping[str, CapturedTable]:
        """All of them."""
        return self._known

    @property
    def followed(self) -> dict[str, CapturedTable]:
        """Those that were not stopped."""
        return {table: known for table, known in self._known.items() if table not in self._stopped}

    def is_stopped(self, table: str) -> bool:
        """Whether nothing more is told of a table."""
        return table in self._stopped

    def numbered(self, oid: int) -> str | None:
        """The table of a number of the catalog."""
        return next((name for name, known in self._known.items() if known.oid == oid), None)

    def stand_at(self, place: tuple[str, str]) -> bool:
        """Whether one of them has this schema and name."""
        return any(known.place == place for known in self._known.values())

    def retype(self, table: str, types: Mapping[str, str]) -> None:
        """A table's columns have other types from now on."""
        if types != self._known[table].columns:
            self._known[table] = replace(self._known[table], columns=types)
            self._changed.add("tables")

    def stop(self, table: str, why: str) -> bool:
        """Tell nothing more of a table, for a reason; whether that is new."""
        if table in self._stopped:
            return False
        self._stopped[table] = f"{why}; amalimart source resnapshot NAME --table {table}"
        self._changed.add("stopped")
        return True

    def wait(self, tables: Collection[str]) -> bool:
        """These tables need a snapshot, as far as they were not stopped; whether that is new of any."""
        new = {table for table in tables if table not in self._stopped} - self._stale
        if new:
            self._stale |= new
            self._changed.add("stale")
        return bool(new)

    @property
    def untold(self) -> dict[str, Any]:
        """What is new of them: told with every position until one that holds it is confirmed."""
        return {key: self._value(key) for key in sorted(self._changed)}

    def confirmed(self, position: Position) -> None:
        """A position is committed: what it holds as it still is need not be told again."""
        self._changed -= {key for key in self._changed if position.get(key) == self._value(key)}

    def _value(self, key: str) -> Any:
        place = replace(self._place, tables=self._known, stopped=self._stopped, stale=frozenset(self._stale))
        return place.as_json()[key]
