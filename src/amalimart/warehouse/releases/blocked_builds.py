"""Builds that were rolled back: recorded outside their transaction, once however often they are tried.

The rows that broke a check are read inside the transaction, before it is rolled back, and written after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import duckdb

from amalimart.core.errors import WarehouseError
from amalimart.core.releases import BlockedBuild, BlockedCheck, SampleRows
from amalimart.warehouse.releases.release_log import SourcePosition

MOST_KEPT = 500
_COLUMNS = (
    "number, attempted_at, last_attempted_at, attempts, code, what, detail, project_hash, serving, positions,"
    " checks"
)


class Attempt:
    """One try to publish, as far as it is worth knowing should it fail."""

    def __init__(self, project_hash: str | None, positions: Mapping[str, SourcePosition]) -> None:
        self._project_hash = project_hash
        self._positions = {source: at.version for source, at in positions.items()}
        self.checks: tuple[BlockedCheck, ...] = ()

    def record(self, cursor: duckdb.DuckDBPyConnection, at: datetime, error: WarehouseError) -> int:
        """Remember the try and why it failed, in a transaction of its own. Returns its number.

        It is the one recorded last where the same went wrong with the same project over the same release.
        """
        moment = at.astimezone(UTC).replace(tzinfo=None)
        found = cursor.execute("select max(release_id) from meta.releases").fetchone()
        serving = found[0] if found else None
        same = [error.code, error.what, error.where, self._project_hash, serving]
        last = cursor.execute(
            "select number, [code, what, detail, project_hash, serving::varchar]"
            " from meta.blocked_builds order by number desc limit 1"
        ).fetchone()
        if last is not None and last[1] == [None if value is None else str(value) for value in same]:
            cursor.execute(
                "update meta.blocked_builds set last_attempted_at = ?, attempts = attempts + 1, positions = ?"
                " where number = ?",
                [moment, json.dumps(self._positions), last[0]],
            )
            return int(last[0])
        number = int(last[0]) + 1 if last is not None else 1
        cursor.execute(
            f"insert into meta.blocked_builds ({_COLUMNS}) values (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
            [
                number,
                moment,
                moment,
                *same,
                json.dumps(self._positions),
                json.dumps([asdict(check) for check in self.checks]),
            ],
        )
        cursor.execute("delete from meta.blocked_builds where number <= ?", [number - MOST_KEPT])
        return number


def blocked_builds(cursor: duckdb.DuckDBPyConnection, limit: int) -> tuple[BlockedBuild, ...]:
    """The newest ones, newest first."""
    found = cursor.execute(
        f"select {_COLUMNS} from meta.blocked_builds order by number desc limit ?", [limit]
    ).fetchall()
    return tuple(_read(*row) for row in found)


def blocked_build(cursor: duckdb.DuckDBPyConnection, number: int) -> BlockedBuild | None:
    """The one of a number, or None."""
    row = cursor.execute(f"select {_COLUMNS} from meta.blocked_builds where number = ?", [number]).fetchone()
    return _read(*row) if row else None


def _read(
    number: int,
    attempted_at: datetime,
    last_attempted_at: datetime | None,
    attempts: int,
    code: str,
    what: str,
    where: str | None,
    project_hash: str | None,
    serving: int | None,
    positions: str,
    checks: str,
) -> BlockedBuild:
    return BlockedBuild(
        number=number,
        attempted_at=attempted_at.replace(tzinfo=UTC),
        last_attempted_at=(last_attempted_at or attempted_at).replace(tzinfo=UTC),
        attempts=attempts,
        code=code,
        what=what,
        where=where,
        project_hash=project_hash,
        serving=serving,
        positions=json.loads(positions),
        checks=tuple(map(_read_check, json.loads(checks))),
    )


def _read_check(kept: Mapping[str, Any]) -> BlockedCheck:
    sample = kept["sample"]
    rows = tuple(tuple(row) for row in sample["rows"])
    return BlockedCheck(
        kept["name"],
        kept["failing_rows"],
        SampleRows(tuple(sample["columns"]), rows, tuple(sample["masked"])),
    )
