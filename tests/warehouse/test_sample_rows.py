"""Rows that break a check are shown without a personal value, whatever name the check gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from amalimart.warehouse.graph import ValuesOf
from amalimart.warehouse.project import compiler
from amalimart.warehouse.releases.samples import sampled


@pytest.mark.parametrize(
    ("name", "namespace", "sql", "shown"),
    [
        ("unique", None, "select email as unique_field", "unique_field"),
        ("accepted_values", None, "with all_values as (select 1 as value_field)", "value_field"),
        ("relationships", None, "select email as from_field", "from_field"),
        ("not_null", None, "select email", None),
        ("unique", "another_package", "select email as unique_field", None),
        ("unique", None, "a project's own test of this name", None),
    ],
)
def test_tests_of_dbt_that_show_values_are_known(
    name: str, namespace: str | None, sql: str, shown: str | None
) -> None:
    node = {
        "compiled_code": sql,
        "attached_node": "model.marketplace.people",
        "test_metadata": {"name": name, "namespace": namespace, "kwargs": {"column_name": "email"}},
    }
    found = compiler._values_of(node)
    assert found == (ValuesOf("model.marketplace.people", "email", shown) if shown else None)


def test_what_is_personal_is_read_off_every_form_of_description() -> None:
    columns: dict[str, dict[str, Any]] = {
        "Full_Name": {"config": {"meta": {"class": "personal"}}},
        "email": {"meta": {"class": "personal"}},
        "phone": {"config": {"tags": ["personal"]}},
        "card": {"tags": ["personal"]},
        "role": {"config": {"meta": {"class": "internal"}, "tags": ["internal"]}},
        "city": {},
    }
    node = {
        "resource_type": "model", "language": "sql", "database": "warehouse", "schema": "gold",
        "name": "people", "compiled_code": "select 1", "depends_on": {}, "config": {"materialized": "table"},
        "columns": {name: {"name": name, **told} for name, told in columns.items()},
    }  # fmt: skip
    trimmed = compiler._trimmed({"nodes": {"model.marketplace.people": node}, "sources": {}})
    graph = compiler.read_manifest(trimmed, "hash")
    assert graph.personal == {"full_name", "email", "phone", "card"}


@pytest.fixture
def people() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "create table people as select 'p1' as person_id, 'Ama Serwaa' as full_name,"
            " 'ama@example.com' as email, {'name': 'Ama Serwaa'} as card, 3 as orders"
        )
        yield connection


@pytest.mark.parametrize(
    "sql",
    [
        "select * from people",
        "select full_name from people where orders = 3",
        "select full_name as person_id from people",
        "select upper(full_name) as orders from people",
        "select email as value_field, count(*) as n_records from people group by email",
        "with told as (select full_name as orders from people) select * from told",
        "select orders from (select email as orders from people)",
        "select people as orders from people",
        "select to_json(p)::varchar as orders from people as p",
        "select card as orders from people",
        "select columns('.*name') from people",
        "select * replace (full_name as person_id) from people",
        "from people select full_name as orders",
        "select person_id, (select max(email) from people) as orders from people",
        "select orders from people union all select length(full_name) from people",
        "unpivot (select person_id, full_name from people) on full_name into name a value b",
    ],
)
def test_no_sample_shows_a_personal_value_under_any_name(people: duckdb.DuckDBPyConnection, sql: str) -> None:
    sample = sampled(people, sql, {"full_name", "email"})
    shown = str(sample.rows)
    assert "ama" not in shown.lower()
    assert len(sample.rows) == 1 or "union" in sql
    assert sample.masked


def test_a_sample_shows_what_is_not_personal_and_cuts_what_is_long(
    people: duckdb.DuckDBPyConnection,
) -> None:
    counted = "select person_id as unique_field, count(*) as n_records from people group by all"
    sample = sampled(people, counted, {"full_name"})
    assert (sample.columns, sample.rows, sample.masked) == (("unique_field", "n_records"), (("p1", "1"),), ())
    long: Any = sampled(people, "select repeat('x', 5000) as text, null as nothing", ()).rows[0]
    assert (len(long[0]), long[1]) == (200, None)
