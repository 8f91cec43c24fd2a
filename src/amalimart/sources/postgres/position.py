"""The position of a PostgreSQL source in a commit: its JSON form and what it may be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amalimart.core.errors import DamagedLake
from amalimart.sources.port import Position
from amalimart.sources.postgres.visibility import Snapshot


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Up to where one table has been read: a snapshot, and the horizon that belongs to it."""

    snapshot: Snapshot
    horizon: datetime | None


@dataclass(frozen=True, slots=True)
class PostgresPosition:
    """Where polling goes on.

    cluster   identity of database and timeline: transaction numbers mean nothing elsewhere
    tables    table -> place
    compared  when keys were last compared to find deleted rows, by the source's clock
    """

    cluster: str
    tables: Mapping[str, TablePlace]
    compared: datetime | None = None

    def as_json(self, replaced: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
        """The commit's form; `replaced` counts the values of this commit that became null."""
        position: dict[str, Any] = {
            "kind": "postgres",
            "cluster": self.cluster,
            "tables": {
                table: [str(place.snapshot), place.horizon.isoformat() if place.horizon else None]
                for table, place in sorted(self.tables.items())
            },
        }
        if self.compared is not None:
            position["compared"] = self.compared.isoformat()
        if replaced:
            position["replaced"] = {table: dict(counts) for table, counts in replaced.items()}
        return position

    @classmethod
    def of(cls, position: Position) -> PostgresPosition | None:
        """Read it back; None for a position of another kind of source. Raises DamagedLake."""
        if position.get("kind") != "postgres":
            return None
        try:
            tables = {
                table: TablePlace(Snapshot.parse(text), datetime.fromisoformat(bound) if bound else None)
                for table, (text, bound) in position["tables"].items()
            }
            compared = position.get("compared")
            when = datetime.fromisoformat(compared) if compared else None
            return cls(str(position["cluster"]), tables, when)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise DamagedLake(
                f"the source's position in the lake cannot be read: {error!r}",
                next_step="restore the lake from a backup, or remove the source's folder and ingest it again",
            ) from error
