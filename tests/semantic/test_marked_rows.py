"""Orders of a product are counted as rows where exactly one row of each bears a mark, else told apart."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.access.policies import load_policies
from amalimart.core.calendar import Grain
from amalimart.core.errors import Denied
from amalimart.semantic.answer import Answer
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Top, Totals
from amalimart.semantic.service import SemanticService
from tests.semantic.conftest import ADMIN, ANALYST, MARKETPLACE, SUPPORT, VENDOR_A, Shop
from tests.semantic.random_questions import Questioner, described
from tests.semantic.random_shops import RandomShop, stored

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from amalimart.semantic.question import Question

MARK = "is_first_of_product"
SEES_MARKS = (ADMIN, ANALYST, SUPPORT)
METRICS = ("item_orders", "items_per_order", "item_gmv", "order_lines")
SEED = 20_000


def unmarked(model: SemanticModel) -> SemanticModel:
    """The same definitions without a mark."""
    datasets = [replace(dataset, marks=()) for dataset in model.datasets.values()]
    return SemanticModel(
        datasets, model.dimensions.values(), model.metrics.values(), model.subjects, model.calendar
    )


def outcome(shop: Shop, question: Question, principal: Principal) -> object:
    """The rows, or what it is refused for."""
    (found,) = shop.service.ask_all([question], principal)
    return found.rows if isinstance(found, Answer) else type(found)


def asked_with_mark(shop: Shop) -> bool:
    return any(MARK in sql for sql in shop.reader.log)


def by_hand(shop: Shop, where: str = "true") -> list[tuple[object, ...]]:
    """The orders of each product, products that are unknown as one."""
    return shop.sql(
        "select coalesce(p.product_id, 'unknown'), count(distinct i.order_id)"
        " from gold.fact_order_items i left join gold.dim_products p on i.product_id = p.product_id"
        f" where {where} group by 1 order by 1"
    )


@pytest.fixture
def crowded(model: SemanticModel) -> Shop:
    """A shop in which some orders hold a product twice, known or not."""
    shop = Shop(stored(RandomShop(SEED).tables()), model)
    repeated = shop.sql(f"select count(*) from gold.fact_order_items where not {MARK}")
    assert repeated[0][0] > 3, "another seed is needed"
    return shop


@pytest.mark.parametrize(
    ("where", "filters", "days"),
    [
        ("true", "", None),
        ("order_date between '2024-01-01' and '2024-03-15'", "", ("2024-01-01", "2024-03-15")),
        ("customer_id in ('c1', 'c2')", "customer_id in (c1, c2)", None),
        ("order_id in (select order_id from gold.fact_orders where shipping_city = 'Accra')",
         "shipping_city = Accra", None),
    ],
)  # fmt: skip
def test_orders_of_a_product_are_those_of_sql_by_hand(
    crowded: Shop, where: str, filters: str, days: tuple[str, str] | None
) -> None:
    answer = crowded.ask("item_orders", by="product_id", where=filters, days=days, order_by="product_id")
    assert list(answer.rows) == by_hand(crowded, where)
    assert asked_with_mark(crowded)
    assert "DISTINCT" not in crowded.reader.log[-1]


def test_lines_that_differ_within_an_order_are_told_apart(crowded: Shop) -> None:
    """The marked line of an order may be another vendor's, or the group one of many products."""
    crowded.ask("item_orders", by="product_id", where="vendor_id = vA")
    crowded.ask("item_orders", by="product_id,vendor_id")
    crowded.ask("item_orders", by="category")
    crowded.ask("item_orders")
    crowded.ask("item_orders", by="product_id", principal=VENDOR_A)
    assert not asked_with_mark(crowded)


def test_all_other_products_tell_orders_apart(crowded: Shop, model: SemanticModel) -> None:
    """The best are chosen by marks; an order with lines of two of the others counts once among them."""
    plain = Shop(crowded.connection, unmarked(model))
    answers = [shop.ask("item_orders", by="product", top=Top(2, "product")).rows for shop in (crowded, plain)]
    assert answers[0] == answers[1]
    assert asked_with_mark(crowded)


def test_a_total_tells_orders_apart(crowded: Shop) -> None:
    answer = crowded.ask("item_orders", by="product_id", totals=Totals.TOTAL)
    assert asked_with_mark(crowded)
    ((orders,),) = crowded.sql("select count(distinct order_id) from gold.fact_order_items")
    names = [column.name for column in answer.columns]
    value, totalled = (names.index(name) for name in ("item_orders", "totalled"))
    assert [row[value] for row in answer.rows if row[totalled]] == [orders]


def with_policy(shop: Shop, folder: Path, role: str, old: str, new: str) -> Shop:
    """The same shop with another policy of a role."""
    text = (MARKETPLACE / "policies" / f"{role}.yml").read_text(encoding="utf-8")
    assert old in text
    (folder / f"{role}.yml").write_text(text.replace(old, new), encoding="utf-8")
    other = Shop(shop.connection, shop.model)
    other.policies = load_policies([MARKETPLACE / "policies", folder])
    other.service = SemanticService(other.model, other.policies, other.reader, other.source)
    return other


def test_whose_rows_are_some_lines_of_an_order_tells_orders_apart(crowded: Shop, tmp_path: Path) -> None:
    """The marked line may be another vendor's, also where a vendor may read every column."""
    listed = "columns: [order_item_id, order_id, product_id, vendor_id, order_date,"
    text = (MARKETPLACE / "policies" / "vendor.yml").read_text(encoding="utf-8")
    (columns,) = (line.strip() for line in text.splitlines() if listed in line)
    shop = with_policy(crowded, tmp_path, "vendor", columns, "columns: all")
    crowded.sql("update gold.fact_order_items set vendor_id = if(is_first_of_product, 'vB', 'vA')")
    crowded.sql("update gold.dim_products set vendor_id = 'vA'")
    rows = shop.ask("item_orders", by="product_id", principal=VENDOR_A, order_by="product_id").rows
    assert list(rows) == by_hand(crowded, "i.vendor_id = 'vA'") != []
    assert not asked_with_mark(shop)


def test_who_sees_some_products_tells_the_orders_of_all_others_apart(crowded: Shop, tmp_path: Path) -> None:
    """Those that are not seen are one group, and an order may hold two of them."""
    own = "products: {rows: {own: vendor_id, of: vendor_ids}, columns: all}"
    shop = with_policy(crowded, tmp_path, "support", "products: {rows: all, columns: all}", own)
    rows = shop.ask("item_orders", by="product_id", principal=SUPPORT).rows
    assert list(rows) == [
        ("unknown", *crowded.sql("select count(distinct order_id) from gold.fact_order_items")[0])
    ]


def test_who_may_read_no_order_of_a_line_counts_none(crowded: Shop, tmp_path: Path) -> None:
    shop = with_policy(crowded, tmp_path, "support", "[order_item_id, order_id,", "[order_item_id,")
    with pytest.raises(Denied, match="may not read order_id"):
        shop.ask("item_orders", by="product_id", principal=SUPPORT)


EVERY_ROLE = pytest.mark.parametrize(
    "principal", [*SEES_MARKS, VENDOR_A], ids=lambda principal: principal.role.value
)


@EVERY_ROLE
def test_answers_are_the_same_without_marks(model: SemanticModel, principal: Principal) -> None:
    """Whatever else is asked, grouped by and filtered."""
    assert_same_without_marks(model, principal, [SEED])


@pytest.mark.slow
@EVERY_ROLE
def test_answers_of_other_shops_are_the_same_without_marks(
    model: SemanticModel, principal: Principal
) -> None:
    assert_same_without_marks(model, principal, range(SEED + 1, SEED + 6))


def assert_same_without_marks(model: SemanticModel, principal: Principal, seeds: Iterable[int]) -> None:
    for seed in seeds:
        tables = RandomShop(seed).tables()
        shop, plain = Shop(stored(tables), model), Shop(stored(tables), unmarked(model))
        asks = Questioner(seed, tables, shop.policies.policy(principal.role))
        dice = random.Random(seed)  # noqa: S311 - the same questions each time
        marked_answers = 0
        for _ in range(60):
            drawn = asks.question()
            question = replace(
                drawn,
                metrics=(dice.choice(METRICS[:2]), *dice.sample(METRICS[2:], dice.randrange(2))),
                by=tuple(dict.fromkeys(("product", *drawn.by))),
                grain=drawn.grain or dice.choice((None, Grain.MONTH)),
                order_by=None,
                having=(),
            )
            shop.reader.log.clear()
            found, expected = outcome(shop, question, principal), outcome(plain, question, principal)
            assert found == expected, f"seed {seed}: {described(question)}"
            marked_answers += asked_with_mark(shop) and isinstance(found, tuple) and len(found) > 0
        assert marked_answers > 6 if principal in SEES_MARKS else marked_answers == 0
