"""What the hot file remembers about itself: releases, check results, run context; and its tables for more.

A release row is written in the transaction that built the data, so the two cannot disagree. What each
release did is written by `release_records`, builds that were rolled back by `blocked_builds`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

import duckdb

from amalimart.warehouse.file.reading import Release

_DDL = """
create schema if not exists bronze;
create schema if not exists staging;
create schema if not exists silver;
create schema if not exists gold;
create schema if not exists meta;
create table if not exists meta.run_context (business_day date, business_now timestamp);
create table if not exists meta.releases (
    release_id bigint primary key,
    published_at timestamp not null,
    fresh_as_of timestamp,
    project_hash varchar not null,
    positions varchar not null,
    models_built integer not null,
    rows_built bigint not null
);
alter table meta.releases add column if not exists is_recorded boolean;
create table if not exists meta.release_models (
    release_id bigint not null,
    model varchar not null,
    fate varchar not null,
    came bigint,
    went bigint,
    rows bigint
);
create table if not exists meta.release_checks (
    release_id bigint not null,
    check_name varchar not null,
    is_error boolean not null,
    failing_rows bigint,
    failing_changes bigint,
    acceptance varchar,
    lapsed varchar
);
create table if not exists meta.check_results (
    check_name varchar primary key,
    release_id bigint not null,
    is_error boolean not null,
    failing_rows bigint not null
);
alter table meta.check_results add column if not exists failing_changes bigint default 0;
create table if not exists meta.blocked_builds (
    attempted_at timestamp not null,
    code varchar not null,
    what varchar not null,
    detail varchar
);
alter table meta.blocked_builds add column if not exists number bigint;
alter table meta.blocked_builds add column if not exists last_attempted_at timestamp;
alter table meta.blocked_builds add column if not exists attempts bigint default 1;
alter table meta.blocked_builds add column if not exists project_hash varchar;
alter table meta.blocked_builds add column if not exists serving bigint;
alter table meta.blocked_builds add column if not exists positions varchar default '{}';
alter table meta.blocked_builds add column if not exists checks varchar default '[]';
"""
_NUMBER_OLDER_ONES = """
update meta.blocked_builds set number = counted.number, last_attempted_at = attempted_at
from (select rowid as place, row_number() over (order by attempted_at, rowid) as number
      from meta.blocked_builds) as counted
where blocked_builds.number is null and counted.place = blocked_builds.rowid
"""


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """How far one source's commit log has been built: which log, and which version of it.

    A lake that was removed and filled again starts a new log, whose versions count from 1 once more.
    """

    log: str
    version: int


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How many rows break one check: of all rows, or of those that changed."""

    name: str
    is_error: bool
    failing_rows: int
    is_whole: bool = True


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and tables of a new hot file; one of an earlier version gets what it lacks."""
    connection.execute(_DDL)
    connection.execute(_NUMBER_OLDER_ONES)


def latest_release(cursor: duckdb.DuckDBPyConnection) -> Release | None:
    """The newest release, or None."""
    row = cursor.execute(
        "select release_id, published_at, fresh_as_of, project_hash from meta.releases "
        "order by release_id desc limit 1"
    ).fetchone()
    if row is None:
        return None
    return Release(row[0], row[1].replace(tzinfo=UTC), row[2].replace(tzinfo=UTC) if row[2] else None, row[3])


def latest_positions(cursor: duckdb.DuckDBPyConnection) -> dict[str, SourcePosition]:
    """Source -> what the newest release holds of it."""
    row = cursor.execute("select positions from meta.releases order by release_id desc limit 1").fetchone()
    stored = json.loads(row[0]) if row else {}
    return {source: SourcePosition(**position) for source, position in stored.items()}


def business_day_built(cursor: duckdb.DuckDBPyConnection) -> date | None:
    """The business day of the last build."""
    row = cursor.execute("select business_day from meta.run_context").fetchone()
    return row[0] if row else None


def set_run_context(cursor: duckdb.DuckDBPyConnection, business_now: datetime) -> None:
    """Replace the one row that stands for the clock inside the models."""
    cursor.execute("delete from meta.run_context")
    cursor.execute("insert into meta.run_context values (?, ?)", [business_now.date(), business_now])


def record_release(
    cursor: duckdb.DuckDBPyConnection,
    release: Release,
    positions: Mapping[str, SourcePosition],
    models: int,
    rows: int,
) -> None:
    """Write the release row, in the transaction that built it."""
    fresh = release.fresh_as_of.astimezone(UTC).replace(tzinfo=None) if release.fresh_as_of else None
    published = release.published_at.astimezone(UTC).replace(tzinfo=None)
    cursor.execute(
        "insert into meta.releases (release_id, published_at, fresh_as_of, project_hash, positions,"
        " models_built, rows_built, is_recorded) values (?, ?, ?, ?, ?, ?, ?, true)",
        [
            release.release_id,
            published,
            fresh,
            release.project_hash,
            json.dumps({source: asdict(at) for source, at in positions.items()}),
            models,
            rows,
        ],
    )


def record_checks(cursor: duckdb.DuckDBPyConnection, release_id: int, results: list[CheckResult]) -> None:
    """Keep the newest whole result of each check, and what has failed in changes since."""
    whole = [result for result in results if result.is_whole]
    if whole:
        # One statement: each row of its own would take as long to plan.
        cursor.execute(
            "insert or replace into meta.check_results"
            " select unnest($2::varchar[]), $1, unnest($3::boolean[]), unnest($4::bigint[]), 0",
            [
                release_id,
                [result.name for result in whole],
                [result.is_error for result in whole],
                [result.failing_rows for result in whole],
            ],
        )
    failing = [result for result in results if not result.is_whole and result.failing_rows]
    if failing:
        cursor.execute(
            "update meta.check_results set release_id = $1, failing_changes = failing_changes + told.more"
            " from (select unnest($2::varchar[]) as name, unnest($3::bigint[]) as more) as told"
            " where check_name = told.name",
            [release_id, [result.name for result in failing], [result.failing_rows for result in failing]],
        )


def forget_checks_but(cursor: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    """Forget the results of checks that the project no longer holds."""
    cursor.execute(
        "delete from meta.check_results where not list_contains(?::varchar[], check_name)", [names]
    )
