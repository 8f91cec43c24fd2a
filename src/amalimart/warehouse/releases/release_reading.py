"""Reads what the hot file remembers of its releases: the list, one of them, and what happened between two.

Changes nothing. What held at a release is the newest record at or before it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb

from amalimart.core.errors import NotFound
from amalimart.core.releases import (
    BlockedBuild,
    CheckState,
    ModelChange,
    ModelDifference,
    ModelFate,
    ReleaseDetail,
    ReleaseDifference,
    ReleaseSummary,
    SourceMove,
    VerdictChange,
)
from amalimart.warehouse.releases.blocked_builds import blocked_build
from amalimart.warehouse.releases.release_records import read_acceptance

_SUMMARY = (
    "release_id, published_at, fresh_as_of, project_hash, positions, models_built, rows_built,"
    " coalesce(is_recorded, false)"
)


def releases(cursor: duckdb.DuckDBPyConnection, limit: int) -> tuple[ReleaseSummary, ...]:
    """The newest ones, newest first."""
    found = cursor.execute(
        f"select {_SUMMARY} from meta.releases order by release_id desc limit ?", [limit]
    ).fetchall()
    return tuple(_summary(*row) for row in found)


def release_detail(cursor: duckdb.DuckDBPyConnection, release_id: int) -> ReleaseDetail:
    """One release. Raises NotFound naming those that are kept."""
    found = _found(cursor, release_id)
    models = cursor.execute(
        "select model, fate, came, went, rows from meta.release_models where release_id = ? order by model",
        [release_id],
    ).fetchall()
    reason = cursor.execute(
        "select reason from meta.release_reasons where release_id = ?", [release_id]
    ).fetchone()
    return ReleaseDetail(
        release=found,
        reason=reason[0] if reason else None,
        models=tuple(
            ModelChange(name, ModelFate(fate), came, went, rows) for name, fate, came, went, rows in models
        ),
        failing=tuple(state for state in _checks_at(cursor, release_id).values() if not state.passes),
    )


def release_difference(cursor: duckdb.DuckDBPyConnection, one: int, other: int) -> ReleaseDifference:
    """What happened from the earlier of two releases to the later. Raises NotFound."""
    before, after = (_found(cursor, number) for number in sorted((one, other)))
    span = [before.release_id, after.release_id]
    unrecorded = cursor.execute(
        "select count(*) from meta.releases where release_id > ? and release_id <= ? and is_recorded is null",
        span,
    ).fetchone()
    states = [_checks_at(cursor, release.release_id) for release in (before, after)]
    checks = [
        VerdictChange(name, *(state.get(name) for state in states))
        for name in sorted({*states[0], *states[1]})
        if _verdict(states[0].get(name)) != _verdict(states[1].get(name))
    ]
    return ReleaseDifference(
        before=before,
        after=after,
        sources=tuple(
            SourceMove(source, before.positions.get(source), after.positions.get(source))
            for source in sorted({*before.positions, *after.positions})
            if before.positions.get(source) != after.positions.get(source)
        ),
        models=_models_between(cursor, span),
        checks=tuple(checks),
        unrecorded=int(unrecorded[0]) if unrecorded else 0,
    )


def _models_between(cursor: duckdb.DuckDBPyConnection, span: list[int]) -> tuple[ModelDifference, ...]:
    """Sums over the releases between; of one that was built anew and not compared they are not known."""
    older = cursor.execute(
        "select count(*) from meta.releases where release_id <= ? and is_recorded is null", span[:1]
    ).fetchone()
    absent = None if older is None or older[0] else 0
    earlier: dict[str, int | None] = dict(
        cursor.execute(
            "select model, last(rows order by release_id) from meta.release_models where release_id <= ?"
            " group by model",
            span[:1],
        ).fetchall()
    )
    found = cursor.execute(
        "select model, count(*), case when count(came) = count(*) then sum(came) end,"
        " case when count(went) = count(*) then sum(went) end, last(rows order by release_id)"
        " from meta.release_models where release_id > ? and release_id <= ? group by model order by model",
        span,
    ).fetchall()
    return tuple(
        ModelDifference(
            model=name,
            releases=releases,
            came=_whole(came),
            went=_whole(went),
            before=None if rows is None else earlier.get(name, absent),
            after=rows,
        )
        for name, releases, came, went, rows in found
    )


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))


def _checks_at(cursor: duckdb.DuckDBPyConnection, release_id: int) -> dict[str, CheckState]:
    """Check -> what was known of it as of a release; those that the project no longer held are left out."""
    found = cursor.execute(
        "select check_name, is_error, failing_rows, failing_changes, acceptance from meta.release_checks"
        " where release_id <= ? qualify row_number() over (partition by check_name order by release_id desc)"
        " = 1 order by check_name",
        [release_id],
    ).fetchall()
    return {
        name: CheckState(name, is_error, failing, changes, read_acceptance(acceptance))
        for name, is_error, failing, changes, acceptance in found
        if failing is not None
    }


def _verdict(state: CheckState | None) -> tuple[bool, bool] | None:
    return (state.passes, state.acceptance is not None) if state else None


def _found(cursor: duckdb.DuckDBPyConnection, release_id: int) -> ReleaseSummary:
    row = cursor.execute(
        f"select {_SUMMARY} from meta.releases where release_id = ?", [release_id]
    ).fetchone()
    if row is not None:
        return _summary(*row)
    first, last = cursor.execute("select min(release_id), max(release_id) from meta.releases").fetchone() or (
        None,
        None,
    )
    raise NotFound(
        f"there is no release {release_id}",
        expected=f"{first} to {last}" if first is not None else "a release; none has been published yet",
        nearest=None if first is None else str(min(max(release_id, first), last)),
        next_step="amalimart release list shows those that are kept",
    )


def known_blocked_build(cursor: duckdb.DuckDBPyConnection, number: int | None) -> BlockedBuild:
    """One blocked build, or of None the newest. Raises NotFound naming those that are kept."""
    found = cursor.execute("select min(number), max(number) from meta.blocked_builds").fetchone()
    first, last = found or (None, None)
    wanted = last if number is None else number
    if wanted is not None and (build := blocked_build(cursor, wanted)) is not None:
        return build
    raise NotFound(
        "no build has been blocked" if number is None else f"there is no blocked build {number}",
        expected=f"{first} to {last}" if first is not None else "a build that was blocked; there is none",
        nearest=None if first is None or wanted is None else str(min(max(wanted, first), last)),
        next_step="amalimart release list --blocked shows those that are kept",
    )


def _summary(
    release_id: int,
    published_at: datetime,
    fresh_as_of: datetime | None,
    project_hash: str,
    positions: str,
    models_built: int,
    rows_built: int,
    is_recorded: bool,
) -> ReleaseSummary:
    return ReleaseSummary(
        release_id=release_id,
        published_at=published_at.replace(tzinfo=UTC),
        fresh_as_of=fresh_as_of.replace(tzinfo=UTC) if fresh_as_of else None,
        project_hash=project_hash,
        positions={source: int(at["version"]) for source, at in json.loads(positions).items()},
        models_built=models_built,
        rows_built=rows_built,
        is_recorded=is_recorded,
    )
