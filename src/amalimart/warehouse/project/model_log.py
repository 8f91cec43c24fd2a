"""What the hot file remembers of the project that built it: each model's definition and columns, each check.

Written in the release's transaction, and only by a release of another project: what is served and what
is told of it cannot disagree. What differs between two projects is not decided here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import duckdb

from amalimart.core.models import Column

DDL = """
create table if not exists meta.models (
    unique_id varchar not null,
    relation varchar not null,
    is_view boolean not null,
    fingerprint varchar not null,
    columns varchar not null,
    built_in bigint not null
);
create table if not exists meta.checks (unique_id varchar not null, fingerprint varchar not null);
create table if not exists meta.built_with (environment varchar not null);
create table if not exists meta.release_reasons (release_id bigint not null, reason varchar not null);
"""


def stored_type(described: str) -> str:
    """The type in which the engine stores what it describes: a column of nulls alone is one of integers."""
    return "INTEGER" if described == '"NULL"' else described


@dataclass(frozen=True, slots=True)
class RecordedModel:
    """A model as the published release holds it.

    relation     where it stands: schema.name
    fingerprint  of everything that decides its rows and how they follow changes
    columns      in the order in which they stand
    built_in     the release that took up this definition
    """

    unique_id: str
    relation: str
    is_view: bool
    fingerprint: str
    columns: tuple[Column, ...]
    built_in: int


def recorded_models(cursor: duckdb.DuckDBPyConnection) -> dict[str, RecordedModel]:
    """Unique id -> the model, for every model of the published release."""
    found = cursor.execute(
        "select unique_id, relation, is_view, fingerprint, columns, built_in from meta.models"
    ).fetchall()
    return {
        unique_id: RecordedModel(
            unique_id,
            relation,
            is_view,
            fingerprint,
            tuple(Column(name, kind) for name, kind in json.loads(columns)),
            built_in,
        )
        for unique_id, relation, is_view, fingerprint, columns, built_in in found
    }


def forget_project(cursor: duckdb.DuckDBPyConnection) -> None:
    """Forget every model and check: nothing that stands is to be trusted."""
    cursor.execute("delete from meta.models")
    cursor.execute("delete from meta.checks")


def record_models(
    cursor: duckdb.DuckDBPyConnection, models: Iterable[RecordedModel], kept: Collection[str]
) -> None:
    """Remember models anew, and forget every one whose id is not among those that are kept."""
    rows = [
        (
            model.unique_id,
            model.relation,
            model.is_view,
            model.fingerprint,
            json.dumps([[column.name, column.type] for column in model.columns]),
            model.built_in,
        )
        for model in models
    ]
    cursor.execute(
        "delete from meta.models where list_contains(?::varchar[], unique_id)"
        " or not list_contains(?::varchar[], unique_id)",
        [[unique_id for unique_id, *_ in rows], sorted(kept)],
    )
    if rows:
        kinds = ("varchar", "varchar", "boolean", "varchar", "varchar", "bigint")
        listed = ", ".join(f"unnest(?::{kind}[])" for kind in kinds)
        values = [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(f"insert into meta.models select {listed}", values)


def recorded_checks(cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Unique id -> fingerprint, for every check of the published release."""
    return dict(cursor.execute("select unique_id, fingerprint from meta.checks").fetchall())


def record_checks_of_project(cursor: duckdb.DuckDBPyConnection, checks: dict[str, str]) -> None:
    """Remember the checks of a project in place of those before."""
    cursor.execute("delete from meta.checks")
    if checks:
        cursor.execute(
            "insert into meta.checks select unnest(?::varchar[]), unnest(?::varchar[])",
            [list(checks), list(checks.values())],
        )


def recorded_environment(cursor: duckdb.DuckDBPyConnection) -> str | None:
    """What the published release was built with; None where nothing is known of it."""
    row = cursor.execute("select environment from meta.built_with").fetchone()
    return str(row[0]) if row else None


def record_environment(cursor: duckdb.DuckDBPyConnection, environment: str) -> None:
    """Remember what a release was built with."""
    cursor.execute("delete from meta.built_with")
    cursor.execute("insert into meta.built_with values (?)", [environment])


def record_reason(cursor: duckdb.DuckDBPyConnection, release_id: int, reason: str) -> None:
    """Remember why a release was built, where it is not because something changed."""
    cursor.execute("insert into meta.release_reasons values (?, ?)", [release_id, reason])


def standing_columns(cursor: duckdb.DuckDBPyConnection) -> dict[str, tuple[Column, ...]]:
    """Relation -> its columns, for every table and view as they stand in this transaction."""
    found: dict[str, list[Column]] = {}
    for relation, name, kind in cursor.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " where database_name = current_database() order by schema_name, table_name, column_index"
    ).fetchall():
        found.setdefault(relation, []).append(Column(name, kind))
    return {relation: tuple(columns) for relation, columns in found.items()}
