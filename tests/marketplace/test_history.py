"""History from hand-written versions: changes of a moment, gaps, places, categories, facts as they were."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.warehouse.staging.macros import rendered

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench

MAY, JUNE, JULY = (datetime.fromisoformat(f"2024-{month}-01 12:00") for month in ("05", "06", "07"))


def told(bench: ModelBench, model: str, *columns: str) -> list[tuple[Any, ...]]:
    rows = bench.rows(f"gold.{model}", order_by="1, 2")
    return [tuple(row[column] for column in columns) for row in rows]


def test_two_changes_of_one_moment_are_two_versions_and_the_first_lasts_no_time(bench: ModelBench) -> None:
    """A snapshot of dbt's would have seen the last one only."""
    bench.put_version("vendors", vendor_id="v", status="PENDING", change=1, at=MAY, until=(2, JUNE))
    bench.put_version("vendors", vendor_id="v", status="SUSPENDED", change=2, at=JUNE, until=(3, JUNE))
    bench.put_version("vendors", vendor_id="v", status="APPROVED", change=3, at=JUNE)
    found = told(
        bench, "dim_vendors_history", "version_number", "status", "valid_from", "valid_to", "is_current"
    )
    assert found == [
        (1, "PENDING", MAY, JUNE, False),
        (2, "SUSPENDED", JUNE, JUNE, False),
        (3, "APPROVED", JUNE, None, True),
    ]


def test_a_change_of_nothing_that_is_shown_begins_no_version(bench: ModelBench) -> None:
    bench.put_version(
        "vendors", vendor_id="v", status="APPROVED", user_id="a", change=1, at=MAY, until=(2, JUNE)
    )
    bench.put_version("vendors", vendor_id="v", status="APPROVED", user_id="b", change=2, at=JUNE)
    assert told(bench, "dim_vendors_history", "version_number", "valid_from", "valid_to") == [(1, MAY, None)]


def test_a_deleted_key_has_no_current_version_and_one_made_again_a_new_one(bench: ModelBench) -> None:
    bench.put_version("vendors", vendor_id="gone", status="APPROVED", change=1, at=MAY, until=(2, JUNE))
    bench.put_version("vendors", vendor_id="back", status="APPROVED", change=3, at=MAY, until=(4, JUNE))
    bench.put_version("vendors", vendor_id="back", status="APPROVED", change=5, at=JULY)
    found = told(
        bench, "dim_vendors_history", "vendor_id", "version_number", "valid_from", "valid_to", "was_deleted",
        "is_current", "valid_to_position",
    )  # fmt: skip
    assert found == [
        ("back", 1, MAY, JUNE, True, False, "tx 4"),
        ("back", 2, JULY, None, False, True, None),
        ("gone", 1, MAY, JUNE, True, False, "tx 2"),
    ]


def test_a_clock_that_steps_back_does_not_turn_a_version_around(bench: ModelBench) -> None:
    bench.put_version("vendors", vendor_id="v", status="PENDING", change=1, at=JUNE, until=(2, MAY))
    bench.put_version("vendors", vendor_id="v", status="APPROVED", change=2, at=MAY, until=(3, JULY))
    bench.put_version("vendors", vendor_id="v", status="SUSPENDED", change=3, at=JULY)
    assert told(bench, "dim_vendors_history", "status", "valid_from", "valid_to") == [
        ("PENDING", JUNE, JUNE),
        ("APPROVED", JUNE, JULY),
        ("SUSPENDED", JULY, None),
    ]


def test_of_several_rows_with_one_key_the_one_changed_last_stands_while_it_is_there(
    bench: ModelBench,
) -> None:
    bench.put_version("vendors", vendor_id="v", status="PENDING", change=1, at=MAY)
    bench.put_version("vendors", vendor_id="v", status="APPROVED", change=2, at=JUNE, until=(3, JULY))
    assert told(bench, "dim_vendors_history", "status", "valid_from", "valid_to", "was_deleted") == [
        ("PENDING", MAY, JUNE, False),
        ("APPROVED", JUNE, JULY, False),
        ("PENDING", JULY, None, False),
    ]


def test_what_a_snapshot_told_first_counts_from_the_creation_and_says_so(bench: ModelBench) -> None:
    created = datetime.fromisoformat("2020-01-01 08:00")
    first = {"is_from_snapshot": True, "known_from": MAY}
    own = {"change": 1, "at": MAY, "_is_snapshot": True, "_is_first": True}
    bench.put_version("vendors", vendor_id="old", created_at=created, **own)
    bench.put_version("vendors", vendor_id="undated", **own)
    bench.put_version("vendors", vendor_id="young", created_at=JUNE, **own)
    bench.put_version("vendors", vendor_id="told", created_at=created, change=2, at=JUNE)
    rows = bench.by_key("gold.dim_vendors_history")
    assert {key: row["valid_from"] for key, row in rows.items()} == {
        "old": created, "undated": MAY, "young": MAY, "told": JUNE,
    }  # fmt: skip
    assert first.items() <= rows["old"].items()
    assert rows["told"]["is_from_snapshot"] is False


def test_a_customer_has_lived_where_the_default_address_was(bench: ModelBench) -> None:
    bench.put_version("users", user_id="u", role="CUSTOMER", change=1, at=MAY)
    bench.put_version("addresses", address_id="a", user_id="u", city="Accra", change=2, at=MAY)
    bench.put_version(
        "addresses", address_id="b", user_id="u", city="Tema", is_default=True, change=3, at=JUNE,
        until=(4, JULY),
    )  # fmt: skip
    found = told(bench, "dim_customers_history", "city", "valid_from", "valid_to", "was_deleted")
    assert found == [
        ("unknown", MAY, MAY, False),
        ("Accra", MAY, JUNE, False),
        ("Tema", JUNE, JULY, False),
        ("Accra", JULY, None, False),
    ]


def test_an_address_that_a_later_part_of_the_snapshot_told_was_there_from_the_start(
    bench: ModelBench,
) -> None:
    bench.put_version("users", user_id="u", change=1, at=MAY, _is_snapshot=True, _is_first=True)
    bench.put_version(
        "addresses", address_id="a", user_id="u", city="Accra", change=2, at=JUNE, _is_snapshot=True,
        _is_first=True,
    )  # fmt: skip
    assert told(bench, "dim_customers_history", "city", "valid_from", "valid_to") == [("Accra", MAY, None)]


def test_addresses_of_nobody_make_no_history(bench: ModelBench) -> None:
    bench.put_version("addresses", address_id="a", user_id="gone", city="Accra", change=1, at=MAY)
    bench.put_version("addresses", address_id="b", user_id=None, city="Accra", change=2, at=MAY)
    assert bench.rows("gold.dim_customers_history") == []


def test_a_product_was_counted_under_its_primary_category_else_the_smallest(bench: ModelBench) -> None:
    bench.put_version("products", product_id="p", change=1, at=MAY)
    bench.put_version("product_categories", product_id="p", category_id="10", change=2, at=MAY)
    bench.put_version("product_categories", product_id="p", category_id="9", change=3, at=JUNE)
    bench.put_version(
        "product_categories", product_id="p", category_id="11", is_primary=True, change=4, at=JULY
    )
    found = told(bench, "dim_products_history", "category_id", "valid_from", "valid_to")
    assert found == [(None, MAY, MAY), ("10", MAY, JUNE), ("9", JUNE, JULY), ("11", JULY, None)]


def test_a_line_is_read_with_the_version_of_its_moment(bench: ModelBench) -> None:
    bench.put_version(
        "products", product_id="p", vendor_id="first", price="5.00", change=1, at=MAY, until=(2, JUNE)
    )
    bench.put_version(
        "products", product_id="p", vendor_id="second", price="6.00", change=2, at=JUNE, until=(3, JULY)
    )
    moments = {
        "before all": "2024-05-01 11:59:59",
        "at the start": str(MAY),
        "just before": "2024-06-01 11:59:59",
        "at the change": str(JUNE),
        "after the end": str(JULY),
    }
    for key, moment in moments.items():
        bench.put("orders", order_id=key, order_date=moment)
        bench.put("order_items", order_item_id=key, order_id=key, product_id="p", vendor_id="today")
    bench.put("order_items", order_item_id="no order", order_id="gone", product_id="p")
    rows = bench.by_key("gold.fact_order_items_as_was")
    assert {key: row["vendor_id"] for key, row in rows.items()} == {
        "before all": None, "at the start": "first", "just before": "first", "at the change": "second",
        "after the end": None, "no order": None,
    }  # fmt: skip
    assert {row["vendor_id"] for row in bench.rows("gold.fact_order_items")} == {"today", None}
    assert [str(rows[key]["list_price"]) for key in ("just before", "at the change")] == ["5.00", "6.00"]


def test_a_line_says_when_its_version_was_seen_only_later(bench: ModelBench) -> None:
    bench.put_version(
        "products", product_id="p", created_at=MAY, change=1, at=JULY, _is_snapshot=True, _is_first=True
    )
    for key, moment in {"assumed": JUNE, "seen": JULY}.items():
        bench.put("orders", order_id=key, order_date=moment)
        bench.put("order_items", order_item_id=key, order_id=key, product_id="p")
    rows = bench.by_key("gold.fact_order_items_as_was")
    assert {key: row["is_assumed"] for key, row in rows.items()} == {"assumed": True, "seen": False}


@pytest.mark.parametrize("model", ["dim_customers_history", "dim_products_history", "dim_vendors_history"])
def test_history_holds_no_personal_column(bench: ModelBench, model: str) -> None:
    bench.rows(f"gold.{model}")
    columns = {row[0] for row in bench.execute(f"describe gold.{model}")}
    assert not columns & {"full_name", "gender", "birth_date", "age_group", "email", "phone"}


def test_versions_that_overlap_are_found(bench: ModelBench) -> None:
    bench.put_version("vendors", vendor_id="v", status="PENDING", change=1, at=MAY, until=(2, JUNE))
    bench.put_version("vendors", vendor_id="v", status="APPROVED", change=2, at=JUNE)
    check = "no_overlap_dim_vendors_history_vendor_id"
    bench.rows("gold.dim_vendors_history")
    assert bench.broken_rows(check) == []
    for spoilt in (
        "valid_to = timestamp '2024-06-02'",
        "valid_to = timestamp '2024-04-01'",
        "valid_to = null",
    ):
        bench.rows("gold.dim_vendors_history")
        bench.execute(f"update gold.dim_vendors_history set {spoilt} where version_number = 1")
        assert bench.broken_rows(check), spoilt


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2024-04-30", None), ("2024-05-01", "PENDING"), ("2024-05-31", "PENDING"), ("2024-06-01", "APPROVED")],
)
def test_a_day_is_read_with_what_stood_at_its_end(bench: ModelBench, day: str, expected: str | None) -> None:
    bench.put_version("vendors", vendor_id="v", status="PENDING", change=1, at=MAY, until=(2, JUNE))
    bench.put_version("vendors", vendor_id="v", status="APPROVED", change=2, at=JUNE)
    bench.rows("gold.dim_vendors_history")
    was = rendered("{{ as_was('fact', 'seller', 'day', 'was', history_key='vendor_id', at='close') }}")
    fact = f"select 'v' as seller, date '{day}' as day"
    ((found,),) = bench.execute(
        f"select status from ({fact}) as fact left join gold.dim_vendors_history as was on {was}"
    )
    assert found == expected
