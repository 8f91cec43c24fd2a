"""The hash of a meaning: the same whatever the words and the order of conditions, another for each number."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from amalimart.semantic.loading import load_model

TINY = Path(__file__).parent / "tiny"

OF_ORDERS = {"gmv", "order_count", "return_share", "orders_from_abroad"}
BASE = """\
subject: {name: mine, label: {en: Mine, fr: Le mien}}
metrics:
  some_sales:
    label: {en: Some sales, fr: Quelques ventes}
    description: Header totals of some orders.
    owner: finance
    unit: money
    dataset: orders
    aggregate: sum
    field: total_amount
    where: ["status in (COMPLETED, PENDING)", "total_amount >= 10"]
  sold_share:
    label: {en: Share, fr: Part}
    description: Of all.
    owner: finance
    unit: percent
    kind: derived
    formula: some_sales / (gmv + 2 * discounts_given)
"""


def hash_of(folder: Path, text: str, name: str = "some_sales") -> str:
    folder.mkdir(exist_ok=True)
    (folder / "mine.yml").write_text(text, encoding="utf-8")
    return load_model([TINY, folder]).metrics[name].definition_hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Some sales", "Sales of some kinds"),
        ("Header totals of some orders.", "Something else entirely."),
        ("owner: finance", "owner: sales"),
        ("(COMPLETED, PENDING)", "(PENDING, COMPLETED)"),
        (
            '["status in (COMPLETED, PENDING)", "total_amount >= 10"]',
            '["total_amount >= 10.00", "status in (COMPLETED, PENDING)"]',
        ),
        ("    field: total_amount", "    field: total_amount\n    aliases: {sold: {grain: day}}"),
        ("    field: total_amount", "    field: total_amount\n    notes: [by hand]\n    version: 7"),
        (
            "    field: total_amount",
            "    field: total_amount\n    default_by: [channel]\n    default_grain: day",
        ),
        ("    field: total_amount", "    field: total_amount\n    time: order_date"),
    ],
)
def test_words_orders_and_presentation_are_no_part_of_the_meaning(tmp_path: Path, old: str, new: str) -> None:
    assert old in BASE
    assert hash_of(tmp_path / "a", BASE) == hash_of(tmp_path / "b", BASE.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("aggregate: sum", "aggregate: max"),
        ("field: total_amount", "field: delivery_fee"),
        ("(COMPLETED, PENDING)", "(COMPLETED)"),
        ("in (COMPLETED, PENDING)", "not in (COMPLETED, PENDING)"),
        (">= 10", "> 10"),
        (">= 10", ">= 11"),
        ('"total_amount >= 10"', '"customer.country = Ghana"'),
        ("    field: total_amount", "    field: total_amount\n    time: none"),
        ("    field: total_amount", "    field: total_amount\n    period: year_to_date"),
        ("    field: total_amount", "    field: total_amount\n    ignore: [channel]"),
        ("    field: total_amount", "    field: total_amount\n    per: {field: customer_id, over: avg}"),
    ],
)
def test_everything_that_decides_the_number_is_part_of_it(tmp_path: Path, old: str, new: str) -> None:
    assert old in BASE
    changed = BASE.replace(old, new, 1)
    assert hash_of(tmp_path / "a", BASE) != hash_of(tmp_path / "b", changed)
    assert hash_of(tmp_path / "a", BASE, "sold_share") != hash_of(tmp_path / "b", changed, "sold_share")


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("gmv + 2 * discounts_given", "discounts_given * 2 + gmv", True),
        ("gmv + 2 * discounts_given", "gmv + discounts_given * 2.0", True),
        ("gmv + 2 * discounts_given", "gmv - 2 * discounts_given", False),
        ("gmv + 2 * discounts_given", "(gmv + 2) * discounts_given", False),
        ("some_sales / (gmv", "gmv / (some_sales", False),
        ("unit: percent", "unit: number", False),
    ],
)
def test_arithmetic_counts_by_what_it_computes(tmp_path: Path, old: str, new: str, same: bool) -> None:
    one = hash_of(tmp_path / "a", BASE, "sold_share")
    assert (one == hash_of(tmp_path / "b", BASE.replace(old, new, 1), "sold_share")) is same


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (
            "table: gold.fact_orders",
            "table: gold.orders",
            {"gmv", "order_count", "return_share", "orders_from_abroad"},
        ),
        ("currency: currency", "currency: channel", {"gmv"}),
        ("column: customer_id", "column: order_id", {"orders_from_abroad"}),
        ("description:", "description: 'Otherwise:' #", set()),
    ],
)
def test_the_datasets_behind_it_count(tmp_path: Path, old: str, new: str, changed: set[str]) -> None:
    copied = tmp_path / "semantic"
    shutil.copytree(TINY, copied)
    file = copied / "datasets" / "orders.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    before, after = load_model([TINY]).metrics, load_model([copied]).metrics
    assert {
        name for name in (*OF_ORDERS, "spend") if before[name].definition_hash != after[name].definition_hash
    } == changed
