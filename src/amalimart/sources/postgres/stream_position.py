"""The position of a change stream in a commit: its JSON form, and which changes a table already has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from amalimart.core.errors import DamagedLake
from amalimart.sources.port import Position
from amalimart.sources.postgres.lsn import lsn_number, lsn_text
from amalimart.sources.postgres.visibility import Snapshot

KIND = "postgres-stream"


@dataclass(frozen=True, slots=True)
class Handover:
    """How a table that was read while the stream stood elsewhere is joined to the stream.

    The snapshot shows the table with every transaction it sees. Those commit before `until`, a position
    of the log that was read after the snapshot: once the stream is past it, every change is new. Up to
    it, exactly the transactions that the snapshot does not see are. No lock is needed for that.

    anew_from  where the stream must be opened anew, because the publication was changed for the table:
               servers before 16.9 (17.5, 15.13, 14.18, 13.21) may go on with what they remember of it
    """

    snapshot: Snapshot
    until: int
    anew_from: int | None = None

    def has(self, xid: int, commit_lsn: int) -> bool:
        """Whether the snapshot shows what the transaction of that 32-bit number did."""
        if commit_lsn >= self.until:
            return False
        number = nearest_number(xid, self.snapshot.xmax)
        return number < self.snapshot.xmax and number not in self.snapshot.running


def nearest_number(xid: int, known: int) -> int:
    """The 64-bit transaction number with these low 32 bits that is nearest to a known one."""
    distance = (xid - known) % 2**32
    return known + (distance if distance < 2**31 else distance - 2**32)


@dataclass(frozen=True, slots=True)
class CapturedTable:
    """One table as the stream knows it.

    place    schema and name
    columns  landed column -> the source's type, as a person writes it
    """

    oid: int
    place: tuple[str, str]
    columns: Mapping[str, str]
    handover: Handover | None = None

    def as_json(self) -> dict[str, Any]:
        """The commit's form."""
        found: dict[str, Any] = {"oid": self.oid, "place": list(self.place), "columns": dict(self.columns)}
        if self.handover:
            found["handover"] = str(self.handover.snapshot)
            found["until"] = lsn_text(self.handover.until)
            if self.handover.anew_from is not None:
                found["anew_from"] = lsn_text(self.handover.anew_from)
        return found

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Read it back. Raises KeyError, ValueError, TypeError."""
        schema, name = found["place"]
        handover = None
        if "handover" in found:
            anew = found.get("anew_from")
            handover = Handover(
                Snapshot.parse(found["handover"]),
                lsn_number(found["until"]),
                lsn_number(anew) if anew is not None else None,
            )
        return cls(int(found["oid"]), (str(schema), str(name)), dict(found["columns"]), handover)


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """Where a stream goes on.

    cluster  identity of database and timeline, as polling has it
    system   the server's own identifier
    stopped  table -> why its changes no longer arrive
    stale    tables that need a snapshot
    """

    cluster: str
    system: str
    slot: str
    publication: str
    lsn: int
    tables: Mapping[str, CapturedTable]
    stopped: Mapping[str, str] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """The commit's form."""
        return {
            "kind": KIND,
            "cluster": self.cluster,
            "system_identifier": self.system,
            "slot": self.slot,
            "publication": self.publication,
            "lsn": lsn_text(self.lsn),
            "tables": {table: known.as_json() for table, known in sorted(self.tables.items())},
            "stopped": dict(sorted(self.stopped.items())),
            "stale": sorted(self.stale),
        }

    @classmethod
    def of(cls, position: Position) -> Self | None:
        """Read it back; None for a position of another kind of source. Raises DamagedLake."""
        if position.get("kind") != KIND:
            return None
        try:
            return cls(
                cluster=str(position["cluster"]),
                system=str(position["system_identifier"]),
                slot=str(position["slot"]),
                publication=str(position["publication"]),
                lsn=lsn_number(position["lsn"]),
                tables={table: CapturedTable.of(known) for table, known in position["tables"].items()},
                stopped={str(table): str(why) for table, why in position["stopped"].items()},
                stale=frozenset(position["stale"]),
            )
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise DamagedLake(
                f"the source's position in the lake cannot be read: {error!r}",
                next_step="restore the lake from a backup, or remove the source's folder and ingest it again",
            ) from error
