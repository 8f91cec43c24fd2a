"""One table looked at in one scan, held against queries written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.profiles import ColumnProfile, TableProfile
from amalimart.warehouse.project.declared_columns import DeclaredColumn, declared_columns
from amalimart.warehouse.quality.profile import profile
from amalimart.warehouse.quality.reading import published_columns
from tests.quality.checked_shop import Tampered


def profiled(shop: Tampered, table: str, *, exact: bool = True) -> TableProfile:
    declared = declared_columns(shop.shop.folder / "dbt", table.partition(".")[2])
    return profile(
        shop.transaction,
        table,
        published_columns(shop.transaction),
        declared,
        shop.shop.compiled.personal,
        exact=exact,
    )


def column(found: TableProfile, name: str) -> ColumnProfile:
    return next(each for each in found.columns if each.name == name)


@pytest.mark.parametrize("table", ["gold.fact_orders", "gold.fact_order_items", "gold.dim_vendors"])
def test_every_figure_is_that_of_a_query_of_its_own(shop: Tampered, table: str) -> None:
    found = profiled(shop, table)
    assert found.rows == shop.rows(f"select count(*) from {table}")[0][0]
    for each in found.columns:
        (by_hand,) = shop.rows(
            f'select count(*) filter (where "{each.name}" is null), count(distinct "{each.name}"),'
            f' min("{each.name}")::varchar, max("{each.name}")::varchar from {table}'
        )
        shown = (None, None) if each.is_personal else by_hand[2:]
        assert (each.nulls, each.distinct, each.smallest, each.largest) == (*by_hand[:2], *shown)
        assert each.is_exact


def test_values_that_are_not_accepted_and_rows_that_refer_to_nothing_are_counted(shop: Tampered) -> None:
    shop.tamper("update gold.fact_orders set status = 'ODD' where total_amount > 20")
    found = profiled(shop, "gold.fact_orders")
    odd, unknown = shop.rows(
        "select count(*) filter (where status = 'ODD'), count(*) filter (where customer_id is not null and"
        " not exists (select 1 from gold.dim_customers as c where c.customer_id = o.customer_id))"
        " from gold.fact_orders as o"
    )[0]
    assert odd
    assert column(found, "status").unaccepted == odd
    assert column(found, "customer_id").orphans == unknown
    assert column(found, "customer_id").references == "dim_customers.customer_id"
    assert column(found, "order_id").is_unique
    assert column(found, "total_amount").unaccepted is None


def test_a_personal_column_shows_counts_and_no_value(shop: Tampered) -> None:
    canary = "canary@customer.example"
    shop.tamper(f"update staging.stg_users set email = '{canary}'")
    found = profiled(shop, "staging.stg_users")
    assert column(found, "email").is_personal
    assert column(found, "email").distinct == 1
    assert canary not in repr(found)


def test_without_exact_only_what_is_declared_unique_is_counted(shop: Tampered) -> None:
    found = profiled(shop, "gold.fact_orders", exact=False)
    assert column(found, "order_id").is_exact
    assert not column(found, "currency").is_exact
    assert column(found, "currency").distinct == len(
        shop.rows("select distinct currency from gold.fact_orders")
    )


def test_an_empty_table_has_no_bounds(shop: Tampered) -> None:
    shop.tamper("delete from gold.fact_orders")
    found = profiled(shop, "gold.fact_orders")
    assert (found.rows, column(found, "total_amount").smallest, column(found, "total_amount").distinct) == (
        0,
        None,
        0,
    )


def test_what_descriptions_declare_is_read_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.yml").write_text("""\
models:
  - name: own
    columns:
      - {name: a, data_tests: [unique, not_null]}
      - name: b
        data_tests:
          - accepted_values: {arguments: {values: [1, X]}, config: {severity: warn}}
          - relationships: {arguments: {to: "ref('parents')", field: id}}
      - {name: c, config: {meta: {references: dims.c_id, class: personal}}}
      - {name: d}
""")
    assert declared_columns(tmp_path, "own") == {
        "a": DeclaredColumn(is_required=True, is_unique=True),
        "b": DeclaredColumn(accepted=("1", "X"), references=("parents", "id")),
        "c": DeclaredColumn(is_personal=True, references=("dims", "c_id")),
        "d": DeclaredColumn(),
    }
    assert declared_columns(tmp_path, "other") == {}
