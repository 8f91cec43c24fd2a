"""Where a source of files stands: the JSON of its commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amalimart.sources.port import Position


@dataclass(frozen=True, slots=True)
class DropPlace:
    """One table of many files: how many have been taken, and the columns they have had so far."""

    files: int
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilesPosition:
    """What has been taken.

    digests  table of one file -> SHA-256 of the content that is in the lake
    stamps   table of one file -> the stamp under which that content was seen, so that a fresh process
             need not read it to know it
    drops    table of many files -> its place; which files those are is in the ledger
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)
    drops: Mapping[str, DropPlace] = field(default_factory=dict)

    @classmethod
    def of(cls, position: Position | None) -> FilesPosition:
        """Read from a commit; nothing taken where there is none, or one of another kind of source."""
        if not position or position.get("kind") != "files":
            return cls()
        return cls(
            digests=dict(position["sha256"]),
            stamps=dict(position.get("stamps", {})),
            drops={
                table: DropPlace(int(place["files"]), dict(place["columns"]))
                for table, place in position.get("drops", {}).items()
            },
        )

    def as_json(
        self, replaced: Mapping[str, Mapping[str, int]], stopped: Mapping[str, str]
    ) -> dict[str, Any]:
        """For the commit.

        `replaced` counts by table and column what became null in this reading; `stopped` says which
        tables wait for a file to be corrected, and why.
        """
        drops = {
            table: {"files": place.files, "columns": dict(place.columns)}
            for table, place in sorted(self.drops.items())
        }
        return {
            "kind": "files",
            "sha256": dict(self.digests),
            **({"stamps": dict(self.stamps)} if self.stamps else {}),
            **({"drops": drops} if drops else {}),
            **({"replaced": {table: dict(counts) for table, counts in replaced.items()}} if replaced else {}),
            **({"stopped": dict(stopped)} if stopped else {}),
        }
