"""One additive category a product, what can be sold, and who counts as a vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench


@pytest.mark.parametrize(
    ("assignments", "category"),
    [
        pytest.param([("10", False), ("9", True)], "9", id="the primary"),
        pytest.param([("2", False), ("10", False)], "2", id="else the smallest id, 2 before 10"),
        pytest.param([("10", None), ("11", None)], "10", id="a source that marks none"),
        pytest.param([("7", True), ("5", True)], "5", id="the smaller of two primaries"),
        pytest.param([], None, id="none"),
    ],
)
def test_a_product_counts_under_one_category(
    bench: ModelBench, assignments: list[tuple[str, bool | None]], category: str | None
) -> None:
    bench.put("products", product_id="p")
    for category_id, is_primary in assignments:
        bench.put("categories", category_id=category_id, category_name=f"name {category_id}")
        bench.put("product_categories", product_id="p", category_id=category_id, is_primary=is_primary)
    product = bench.row("gold.dim_products")
    assert product["category_id"] == category
    assert product["category_name"] == (f"name {category}" if category else "unknown")


def test_the_top_of_a_branch_is_found_at_any_depth_and_a_circle_has_none(bench: ModelBench) -> None:
    parents = {
        "top": None, "mid": "top", "low": "mid", "orphan": "gone", "below": "orphan",
        "a": "b", "b": "a", "self": "self", "tail": "a",
    }  # fmt: skip
    for category, parent in parents.items():
        bench.put(
            "categories", category_id=category, category_name=category.upper(), parent_category_id=parent
        )
    tops = {key: row["top_category_name"] for key, row in bench.by_key("gold.dim_categories").items()}
    assert tops == {
        "top": "TOP", "mid": "TOP", "low": "TOP", "orphan": "ORPHAN", "below": "ORPHAN",
        "a": "unknown", "b": "unknown", "self": "unknown", "tail": "unknown",
    }  # fmt: skip


def test_a_parent_written_as_7_0_is_category_7_unless_7_0_exists(bench: ModelBench) -> None:
    bench.put("categories", category_id="7", category_name="seven")
    bench.put("categories", category_id="1", parent_category_id="7.0")
    bench.put("categories", category_id="8.0", category_name="eight")
    bench.put("categories", category_id="8", category_name="another")
    bench.put("categories", category_id="2", parent_category_id="8.0")
    tops = {key: row["top_category_id"] for key, row in bench.by_key("gold.dim_categories").items()}
    assert (tops["1"], tops["2"]) == ("7", "8.0")


@pytest.mark.parametrize(
    ("status", "switch", "stock", "flags"),
    [
        ("ACTIVE", True, 3, {"is_listed", "is_active", "is_sellable"}),
        ("ACTIVE", True, None, {"is_listed", "is_active", "is_sellable"}),
        ("ACTIVE", True, 0, {"is_listed", "is_active"}),
        ("ACTIVE", None, 3, {"is_listed", "is_active", "is_sellable"}),
        ("ACTIVE", False, 3, {"is_listed"}),
        ("INACTIVE", True, 3, {"is_listed"}),
        ("UNKNOWN", None, 3, {"is_listed"}),
        ("DRAFT", True, 3, set()),
    ],
)
def test_active_needs_status_and_switch_listed_only_that_it_is_no_draft(
    bench: ModelBench, status: str, switch: bool | None, stock: int | None, flags: set[str]
) -> None:
    bench.put("products", product_id="p", status=status, is_active=switch, stock_quantity=stock)
    product = bench.row("gold.dim_products")
    assert {flag for flag in ("is_listed", "is_active", "is_sellable") if product[flag]} == flags


def test_stock_is_the_products_own_and_its_variants_only_where_it_has_none(bench: ModelBench) -> None:
    for product, stock in (("own", 0), ("variants", None), ("none", None)):
        bench.put("products", product_id=product, stock_quantity=stock)
    for number, product in enumerate(("own", "variants", "variants")):
        bench.put("product_variants", variant_id=str(number), product_id=product, stock_quantity=4)
    stock_of = {key: row["stock_quantity"] for key, row in bench.by_key("gold.dim_products").items()}
    assert stock_of == {"own": 0, "variants": 8, "none": None}


def test_an_account_is_a_vendor_by_role_by_belongings_or_by_standing(bench: ModelBench) -> None:
    for key, role in (("role", "VENDOR"), ("owner", "ADMIN"), ("line", "CUSTOMER"), ("business", "CUSTOMER")):
        bench.put("users", user_id=key, role=role)
    bench.put("users", user_id="shopper", role="CUSTOMER")
    for key in ("role", "owner", "line", "business", "shopper", "stranger"):
        bench.put("vendors", vendor_id=key, user_id=key, vendor_name=key)
    bench.put("vendors", vendor_id="standing", user_id="shopper", status="SUSPENDED")
    bench.put("products", product_id="p", vendor_id="owner")
    bench.put("order_items", order_item_id="i", vendor_id="line")
    bench.put("businesses", business_id="b", vendor_id="business")
    kept = set(bench.by_key("gold.dim_vendors"))
    assert kept == {"role", "owner", "line", "business", "stranger", "standing"}


def test_the_business_of_a_vendor_is_the_one_it_names_or_the_only_one_registered_for_it(
    bench: ModelBench,
) -> None:
    for key, named in (("says", "b9"), ("one", None), ("two", None), ("none", None)):
        bench.put("vendors", vendor_id=key, business_id=named, status="APPROVED")
    for business, vendor in (("b1", "one"), ("b2", "two"), ("b3", "two"), ("b4", "says"), ("b5", None)):
        bench.put("businesses", business_id=business, vendor_id=vendor)
    bench.put("businesses", business_id="b6", vendor_id="one", _rejected="a reason")
    of = {key: row["business_id"] for key, row in bench.by_key("gold.dim_vendors").items()}
    assert of == {"says": "b9", "one": "b1", "two": None, "none": None}
    behind = [(row["vendor_id"], row["business_id"]) for row in bench.rows("gold.vendor_businesses", "1, 2")]
    assert behind == [("one", "b1"), ("says", "b4"), ("says", "b9"), ("two", "b2"), ("two", "b3")]


def test_an_approved_application_finds_its_vendor_by_the_only_business_of_its_name(bench: ModelBench) -> None:
    for key, name, vendor in (
        ("1", "Kente", "v1"),
        ("2", "Gold", "v2"),
        ("3", "gold ", "v3"),
        ("4", "kente", "v1"),
    ):
        bench.put("businesses", business_id=key, business_name=name, vendor_id=vendor)
    applications = {
        "said": ("Kente", "v9", "APPROVED"),
        "found": (" KENTE", None, "APPROVED"),
        "rejected": ("Kente", None, "REJECTED"),
        "ambiguous": ("Gold", None, "APPROVED"),
        "unheard": ("Silver", None, "APPROVED"),
    }
    for key, (name, vendor_id, status) in applications.items():
        bench.put(
            "vendor_applications", application_id=key, business_name=name, vendor_id=vendor_id, status=status
        )
    found = {key: row["vendor_id"] for key, row in bench.by_key("gold.fact_vendor_applications").items()}
    assert found == {"said": "v9", "found": "v1", "rejected": None, "ambiguous": None, "unheard": None}
