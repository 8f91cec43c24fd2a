"""What each release did, written in its own transaction: rows of its models, and what is known of checks.

Nothing is counted here that a build does not know anyway. A model is written where it changed; a check where
what is known of it changed, and all of them by a release of another project. So what held at any release
still kept is its newest record at or before it. Old releases are trimmed, a few thousand at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import duckdb

from amalimart.core.releases import Acceptance, ModelFate
from amalimart.warehouse.building import Built, Fate
from amalimart.warehouse.file.reading import Release
from amalimart.warehouse.graph import CompiledGraph, Model

MOST_RELEASES = 100_000
"""So many releases are kept at most, however young they are: one a second is a day's worth."""
_TRIMMED_AT_ONCE = 5_000
_RECORD = '[{"model": "VARCHAR", "fate": "VARCHAR", "came": "BIGINT", "went": "BIGINT", "rows": "BIGINT"}]'

CheckValues = tuple[bool, int, int]
"""Whether a check is of error level, how many of all rows failed when it last ran whole, how many since."""


@dataclass(frozen=True, slots=True)
class _At:
    """A release and when it was published: what was remembered of it is not true of another file's."""

    release_id: int
    published_at: datetime

    @staticmethod
    def of(release: Release) -> _At:
        return _At(release.release_id, release.published_at)


class ReleaseRecords:
    """Keeps the records of one hot file. Remembers how many rows each table has, so that none is counted."""

    def __init__(self, keep_days: int) -> None:
        self._keep_days = keep_days
        self._rows: tuple[_At, Mapping[str, int]] | None = None
        self._trimmed: tuple[_At, date] | None = None

    def keep_models(
        self,
        cursor: duckdb.DuckDBPyConnection,
        release: Release,
        previous: Release | None,
        built: Iterable[tuple[Model, Built]],
    ) -> None:
        """Write which models the release changed, and by how many rows."""
        known = dict(self._known_rows(cursor, previous))
        all_known = previous is None or bool(known)
        records: list[dict[str, object]] = []
        told = set()
        for model, done in built:
            name = str(model.table)
            told.add(name)
            came, went = done.came, done.went
            if done.fate is Fate.SAME or (model.is_view and came is None):
                continue
            if done.fate is Fate.REBUILT and name not in known and all_known:
                came, went = done.rows, 0  # there was no such table
            rows = None if model.is_view else _rows_now(cursor, model, done, known.get(name))
            if rows is not None:
                known[name] = rows
            records.append({"model": name, "fate": done.fate.value, "came": came, "went": went, "rows": rows})
        for name in sorted(known.keys() - told):
            gone = {"fate": ModelFate.DROPPED.value, "came": 0, "went": known.pop(name), "rows": 0}
            records.append({"model": name, **gone})
        if records:
            cursor.execute(
                "insert into meta.release_models select ?, told.* from"
                f" (select unnest(from_json(?, '{_RECORD}'), recursive := true)) as told",
                [release.release_id, json.dumps(records)],
            )
        self._rows = (_At.of(release), known)

    def _known_rows(self, cursor: duckdb.DuckDBPyConnection, previous: Release | None) -> Mapping[str, int]:
        if previous is None:
            return {}
        if self._rows is not None and self._rows[0] == _At.of(previous):
            return self._rows[1]
        return dict(
            cursor.execute(
                "select model, arg_max(rows, release_id) as latest from meta.release_models"
                " where rows is not null group by model"
                f" having arg_max(fate, release_id) <> '{ModelFate.DROPPED.value}'"
            ).fetchall()
        )

    def trim(self, cursor: duckdb.DuckDBPyConnection, release: Release, business_day: date) -> None:
        """Forget releases that are too old or too many: once a business day, and a part of them at a time.

        The newest record of each model and check stays, whatever its age: it says how they are now.
        """
        if self._trimmed is not None:
            at, day = self._trimmed
            if day == business_day and at.release_id < release.release_id:
                return
        before = (release.published_at - timedelta(days=self._keep_days)).astimezone(UTC).replace(tzinfo=None)
        found = cursor.execute(
            "select coalesce(max(release_id), 0), count(*) from (select release_id from meta.releases"
            " where (published_at < ? or release_id <= ?) and release_id < ? order by release_id limit ?)",
            [before, release.release_id - MOST_RELEASES, release.release_id, _TRIMMED_AT_ONCE],
        ).fetchone()
        last, trimmed = found or (0, 0)
        if trimmed:
            for table in ("releases", "release_reasons"):
                cursor.execute(f"delete from meta.{table} where release_id <= ?", [last])
            for table, named in (("release_models", "model"), ("release_checks", "check_name")):
                cursor.execute(
                    f"delete from meta.{table} where release_id <= ? and ({named}, release_id) not in"
                    f" (select ({named}, max(release_id)) from meta.{table} where release_id <= ?"
                    f" group by {named})",
                    [last, last + 1],
                )
        cursor.execute(
            "delete from meta.blocked_builds where last_attempted_at < ?"
            " and number < (select max(number) from meta.blocked_builds)",
            [before],
        )
        if trimmed < _TRIMMED_AT_ONCE:
            self._trimmed = (_At.of(release), business_day)


def _rows_now(cursor: duckdb.DuckDBPyConnection, model: Model, built: Built, before: int | None) -> int:
    if built.fate is Fate.REBUILT:
        return built.rows
    if before is None or built.came is None or built.went is None:  # a file of a version that kept no records
        found = cursor.execute(f"select count(*) from {model.table.sql}").fetchone()
        return int(found[0]) if found else 0
    return before + built.came - built.went


def failing_checks(cursor: duckdb.DuckDBPyConnection) -> dict[str, CheckValues]:
    """What is known of each check that some row breaks as of the published release."""
    return _known_checks(cursor, "failing_rows + failing_changes > 0")


def _known_checks(cursor: duckdb.DuckDBPyConnection, condition: str) -> dict[str, CheckValues]:
    found = cursor.execute(
        "select check_name, is_error, failing_rows, failing_changes from meta.check_results"
        f" where {condition}"
    ).fetchall()
    return {name: (is_error, rows, changes) for name, is_error, rows, changes in found}


def keep_checks(
    cursor: duckdb.DuckDBPyConnection,
    release: Release,
    before: Mapping[str, CheckValues],
    accepted: Mapping[str, Acceptance],
    lapsed: Mapping[str, str],
    graph: CompiledGraph | None,
) -> None:
    """Write the checks of which something else is known now; with a graph, a new project's, all of them.

    `before` holds those that failed. `accepted` may fail by somebody's word; `lapsed` names acceptances that
    ended because their check passes.
    """
    now = _known_checks(cursor, "true" if graph is not None else f"release_id = {release.release_id}")
    written = [
        name
        for name, (is_error, *failing) in now.items()
        if graph is not None
        or name in accepted
        or name in lapsed
        or (is_error, *failing) != before.get(name, (is_error, 0, 0))
    ]
    rows: list[list[object]] = [
        [
            release.release_id,
            name,
            *now[name],
            json.dumps(stored_acceptance(accepted[name])) if name in accepted else None,
            lapsed.get(name),
        ]
        for name in written
    ]
    if graph is not None:
        gone = cursor.execute(
            "select check_name, arg_max(is_error, release_id) from meta.release_checks"
            " where not list_contains(?::varchar[], check_name) group by check_name"
            " having not arg_max(failing_rows is null, release_id)",
            [[check.name for check in graph.checks]],
        ).fetchall()
        rows += [[release.release_id, name, is_error, None, None, None, None] for name, is_error in gone]
    if rows:  # in one statement: each row of its own would take as long to plan
        values = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(rows))
        cursor.execute(f"insert into meta.release_checks values {values}", list(chain(*rows)))


def as_built_anew(cursor: duckdb.DuckDBPyConnection, catalog: str, release_id: int) -> None:
    """Make what all releases of a file did what one of them did: it built everything anew.

    How many rows each model has, and what is known of each check, is what the newest release knows.
    """
    cursor.execute(
        "create or replace temp table folded_models as select model, last(rows order by release_id) as rows,"
        f" last(fate order by release_id) as fate from {catalog}.meta.release_models group by model"
    )
    cursor.execute(
        f"create or replace temp table folded_checks as from {catalog}.meta.release_checks"
        " qualify row_number() over (partition by check_name order by release_id desc) = 1"
    )
    models = (
        f"select {release_id}, model, '{ModelFate.REBUILT.value}', null, null, rows from folded_models"
        f" where fate <> '{ModelFate.DROPPED.value}'"
    )
    checks = f"select * replace ({release_id} as release_id) from folded_checks"
    for table, rows in (("release_models", models), ("release_checks", checks)):
        cursor.execute(f"delete from {catalog}.meta.{table}")
        cursor.execute(f"insert into {catalog}.meta.{table} {rows}")
    cursor.execute("drop table folded_models")
    cursor.execute("drop table folded_checks")


def stored_acceptance(acceptance: Acceptance) -> dict[str, object]:
    """The form in which a release keeps by whose word a check fails."""
    return {
        "acceptance_id": acceptance.acceptance_id,
        "check": acceptance.check,
        "blocked_number": acceptance.blocked_number,
        "failing_rows": acceptance.failing_rows,
        "accepted_by": acceptance.accepted_by,
        "subject": acceptance.subject,
        "reason": acceptance.reason,
        "accepted_at": acceptance.accepted_at.isoformat(),
    }


def read_acceptance(kept: str | None) -> Acceptance | None:
    """An acceptance from its stored form."""
    if kept is None:
        return None
    stored = json.loads(kept)
    return Acceptance(**{**stored, "accepted_at": datetime.fromisoformat(stored["accepted_at"])})
