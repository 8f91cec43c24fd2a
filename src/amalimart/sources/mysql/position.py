"""The position of a MySQL source in a commit: its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amalimart.core.errors import DamagedLake
from amalimart.sources.mysql.types import SourceType
from amalimart.sources.port import Position

KIND = "mysql"


@dataclass(frozen=True, slots=True)
class LandedTable:
    """What of one table is in the lake.

    columns  name -> type, as they were when the table's last rows were landed
    since    transactions its snapshot already holds although the stream has yet to pass them; "" for none
    logged   whether these are the types that the binary log shows, which may tell some of them in other
             words than the catalog
    """

    columns: Mapping[str, SourceType]
    since: str = ""
    logged: bool = False


@dataclass(frozen=True, slots=True)
class MySQLPosition:
    """Where the stream goes on.

    server   identity of server and database: transaction ids mean nothing elsewhere
    gtid     the transactions that are in the lake
    until    transactions the stream must pass before anything is whole again, because a snapshot may
             hold some of their rows; "" where there was none since
    tables   table -> what is landed
    stopped  table -> why it is no longer followed; waits for a person
    stale    tables to be snapshotted anew
    """

    server: str
    gtid: str
    until: str
    tables: Mapping[str, LandedTable]
    stopped: Mapping[str, str] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()

    def as_json(self, replaced: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
        """The commit's form; `replaced` counts the values of this commit that became null."""
        return {
            "kind": KIND,
            "server": self.server,
            "gtid": self.gtid,
            "until": self.until,
            "tables": tables_json(self.tables),
            "stopped": dict(sorted(self.stopped.items())),
            "stale": sorted(self.stale),
            "replaced": {table: dict(counts) for table, counts in sorted(replaced.items())},
        }

    @classmethod
    def of(cls, position: Position) -> MySQLPosition | None:
        """Read it back; None for a position of another kind of source. Raises DamagedLake."""
        if position.get("kind") != KIND:
            return None
        try:
            tables = {
                table: LandedTable(
                    {column: SourceType.parse(text) for column, text in landed["columns"].items()},
                    str(landed["since"]),
                    bool(landed["logged"]),
                )
                for table, landed in position["tables"].items()
            }
            stopped = {str(table): str(reason) for table, reason in position["stopped"].items()}
            return cls(
                server=str(position["server"]),
                gtid=str(position["gtid"]),
                until=str(position["until"]),
                tables=tables,
                stopped=stopped,
                stale=frozenset(map(str, position["stale"])),
            )
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise DamagedLake(
                f"the source's position in the lake cannot be read: {error!r}",
                next_step="restore the lake from a backup, or remove the source's folder and ingest it again",
            ) from error


def tables_json(tables: Mapping[str, LandedTable]) -> dict[str, Any]:
    """What is landed, in the commit's form."""
    return {
        table: {
            "columns": {name: str(kind) for name, kind in landed.columns.items()},
            "since": landed.since,
            "logged": landed.logged,
        }
        for table, landed in sorted(tables.items())
    }
