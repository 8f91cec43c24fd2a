"""No answer to one vendor holds, or depends on, another's rows; and the other roles see what they may."""

from __future__ import annotations

import random
from datetime import date
from typing import TYPE_CHECKING

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, Denied, QueryError, UnknownName
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Filter, Operator, Question, Top, Totals
from tests.semantic.marked_lines import MARK_LINES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop

# Everything vendor B has, made unrecognisable: amounts, states, names, counts.
UPSET_B = f"""
update gold.fact_order_items set item_amount = 777777, quantity = 7777, line_total = 1, commission_amount = 7
    where vendor_id is distinct from 'vA';
insert into gold.fact_order_items
    select 'n' || order_item_id, * exclude order_item_id from gold.fact_order_items
    where vendor_id is distinct from 'vA';
update gold.fact_returns set return_amount = 777777, status = 'APPROVED', is_approved = true,
    reason = 'canary-b'    where vendor_id is distinct from 'vA';
update gold.fact_reviews set rating = 1 where vendor_id is distinct from 'vA';
update gold.dim_products set product_name = 'canary-b', stock_quantity = 0, status = 'ACTIVE',
    category_id = 'k3'    where vendor_id is distinct from 'vA';
update gold.fact_inventory_daily set stock_quantity = 7777, stock_value = 777777, is_out_of_stock = true
    where vendor_id is distinct from 'vA';
insert into gold.fact_inventory_daily
    select product_id, date '2024-03-21', * exclude (product_id, stock_date) from gold.fact_inventory_daily
    where vendor_id is distinct from 'vA';
update gold.dim_vendors set vendor_name = 'canary-b', status = 'SUSPENDED' where vendor_id <> 'vA';
update gold.fact_orders set total_amount = 777777, delivery_fee = 777, discount_amount = 777;
update gold.fact_orders set status = 'REJECTED', shipping_city = 'canary-b', shipping_region = 'canary-b'
    where order_id not in (select order_id from gold.fact_order_items where vendor_id = 'vA');
update gold.dim_customers set full_name = 'canary-b', gender = 'OTHER';
{MARK_LINES}"""


UPSET_OTHER_PARCELS = """
update gold.fact_shipments set delivery_fee = 777777, status = 'FAILED', is_failed = true, city = 'canary-b'
    where delivery_partner_id is distinct from 'd1';
insert into gold.fact_shipments
    select 'n' || shipment_id, * exclude shipment_id from gold.fact_shipments
    where delivery_partner_id is distinct from 'd1';
update gold.dim_delivery_partners set partner_name = 'canary-b' where delivery_partner_id <> 'd1';
"""


def promised(shop: Shop, principal: Principal, today: date) -> Iterator[Question]:
    """Every listed metric, plain and by every dimension listed with it, many metrics to a question."""
    infos = shop.service.metrics(principal)
    for name in (None, *(info.name for info in shop.service.dimensions(principal))):
        metrics = [info.name for info in infos if name is None or name in info.dimensions]
        for start in range(0, len(metrics), 12):
            # With days: growth and retention are held against a period.
            yield Question(
                tuple(metrics[start : start + 12]),
                today,
                by=() if name is None else (name,),
                days=DayRange(date(today.year, 1, 1), today),
            )


def totalled(today: date) -> Iterator[Question]:
    """Totals, the best and all others, and what is compared."""
    for metrics, by in (
        (("item_gmv", "item_orders"), ("month", "vendor")),
        (("take_rate", "order_lines"), ("product",)),
        (("stock_on_hand", "average_stock"), ("category",)),
        (("return_count", "avg_rating"), ("product_status",)),
    ):
        yield Question(
            metrics,
            today,
            by=by,
            days=DayRange(date(today.year, 1, 1), today),
            compare=True,
            changes=True,
            totals=Totals.SUBTOTALS,
            top=Top(1, by[-1]),
        )


def everything(shop: Shop, principal: Principal, today: date) -> list[object]:
    """All a principal can be answered: each metric, each grouping, each list, and the errors."""
    questions = [
        *promised(shop, principal, today),
        *totalled(today),
        *(Question((name,), today) for name in shop.model.metrics),
    ]
    answers: list[object] = [
        str(answer) if isinstance(answer, AmalimartError) else answer
        for answer in shop.service.ask_all(questions, principal)
    ]
    for name in shop.model.dimensions:
        try:
            answers.append(shop.service.values(name, principal))
        except AmalimartError as error:
            answers.append(str(error))
    answers += [shop.service.metrics(principal), shop.service.dimensions(principal)]
    return answers


def test_changing_all_rows_of_b_leaves_every_answer_to_a_unchanged(
    shop: Shop, principals: dict[str, Principal], model_day: date
) -> None:
    before = everything(shop, principals["vendor_a"], model_day)
    others = everything(shop, principals["vendor_b"], model_day)
    shop.connection.execute(UPSET_B)
    assert everything(shop, principals["vendor_a"], model_day) == before
    assert everything(shop, principals["vendor_b"], model_day) != others
    assert "canary" not in str(before)


def test_a_vendor_sees_exactly_its_own_item_money(shop: Shop, principals: dict[str, Principal]) -> None:
    for name, vendor in (("vendor_a", "vA"), ("vendor_b", "vB")):
        ((own,),) = shop.sql("select sum(item_amount) from gold.fact_order_items where vendor_id = ?", vendor)
        assert shop.one("item_gmv", principal=principals[name]) == own
        assert [row[0] for row in shop.ask("item_gmv", by="vendor", principal=principals[name]).rows] == [
            vendor
        ]


def test_a_vendor_without_ids_sees_no_row(shop: Shop, principals: dict[str, Principal]) -> None:
    nobody = principals["vendor_nobody"]
    assert shop.one("item_gmv", principal=nobody) == 0
    assert shop.ask("item_gmv", by="vendor", principal=nobody).rows == ()
    assert shop.service.values("vendor", nobody) == ()
    assert shop.service.values("order_status", nobody) == ()


def test_a_filter_cannot_reach_another_vendor(shop: Shop, principals: dict[str, Principal]) -> None:
    for text in ("vendor = vB", "vendor_id = vB", "vendor = 'Kofi & Sons, Ltd'", "product = Charger"):
        assert shop.one("item_gmv", where=text, principal=principals["vendor_a"]) == 0, text


@pytest.mark.parametrize(
    "metric", ["gmv", "avg_order_value", "ytd_revenue", "cod_gmv", "order_count", "total_payment_value"]
)
def test_order_money_is_denied_to_a_vendor(shop: Shop, principals: dict[str, Principal], metric: str) -> None:
    with pytest.raises(Denied):
        shop.ask(metric, principal=principals["vendor_a"])
    assert metric not in {info.name for info in shop.service.metrics(principals["vendor_a"])}


@pytest.mark.parametrize(
    "dimension", ["customer", "customer_id", "gender", "age_group", "customer_kind", "customer_city"]
)
def test_customers_are_hidden_from_a_vendor(
    shop: Shop, principals: dict[str, Principal], dimension: str
) -> None:
    with pytest.raises(Denied):
        shop.ask("item_gmv", by=dimension, principal=principals["vendor_a"])
    with pytest.raises(Denied):
        shop.service.values(dimension, principals["vendor_a"])


def test_pickers_of_a_vendor_hold_its_own_values(shop: Shop, principals: dict[str, Principal]) -> None:
    a = principals["vendor_a"]
    assert [value.key for value in shop.service.values("vendor", a)] == ["vA"]
    assert {value.key for value in shop.service.values("product", a)} == {"p1", "p4"}
    assert {value.key for value in shop.service.values("order_status", a)} == {"COMPLETED", "RETURNED"}
    assert {value.key for value in shop.service.values("shipping_city", a)} == {"Accra", "Tamale"}


def test_a_scoped_receipt_shows_no_sql_and_others_do(shop: Shop, principals: dict[str, Principal]) -> None:
    assert shop.ask("item_gmv", principal=principals["vendor_a"]).receipt.sql is None
    assert shop.ask("parcel_count", principal=principals["rider"]).receipt.sql is None
    assert "fact_order_items" in (shop.ask("item_gmv").receipt.sql or "")


def test_a_delivery_partner_sees_its_own_parcels(shop: Shop, principals: dict[str, Principal]) -> None:
    rider = principals["rider"]
    assert shop.one("parcel_count", principal=rider) == 2
    assert shop.ask("parcel_count", by="delivery_partner", principal=rider).rows == (("d1", "Swift", 2),)
    for how in ({"by": "order_status"}, {"by": "customer"}, {"where": "order_status = COMPLETED"}):
        with pytest.raises(Denied):
            shop.ask("parcel_count", principal=rider, **how)  # type: ignore[arg-type]
    with pytest.raises(Denied):
        shop.ask("item_gmv", principal=rider)


def test_personal_data_is_for_admin_and_executive_only(shop: Shop, principals: dict[str, Principal]) -> None:
    for name in ("admin", "executive"):
        assert "Esi Mensah" in str(shop.ask("gmv", by="customer", principal=principals[name]).rows)
    for name in ("analyst", "support"):
        metric = "order_count"
        with pytest.raises(Denied):
            shop.ask(metric, by="customer", principal=principals[name])
        with pytest.raises(Denied):
            shop.ask(metric, where="customer = 'Esi Mensah'", principal=principals[name])
        with pytest.raises(Denied):
            shop.service.values("customer", principals[name])
        assert shop.ask(metric, by="customer_id", limit=1, principal=principals[name]).rows == (("c1", 4),)
        assert "customer" not in {info.name for info in shop.service.dimensions(principals[name])}


def test_support_sees_operations_but_no_earnings(shop: Shop, principals: dict[str, Principal]) -> None:
    support = principals["support"]
    assert shop.one("failed_orders", principal=support) == 1
    assert shop.one("open_tickets", principal=support) == 2
    for metric in ("gmv", "item_gmv", "commission", "total_payment_value", "marketing_spend"):
        with pytest.raises(Denied):
            shop.ask(metric, principal=support)


@pytest.mark.parametrize(
    "role",
    [*(pytest.param(name, marks=pytest.mark.slow) for name in ("admin", "support")), "vendor_a", "rider"],
)
def test_what_is_listed_answers_and_what_is_not_is_a_typed_error(
    read_only_shop: Shop, principals: dict[str, Principal], model_day: date, role: str
) -> None:
    shop, principal = read_only_shop, principals[role]
    for answer in shop.service.ask_all(list(promised(shop, principal, model_day)), principal):
        assert not isinstance(answer, AmalimartError), answer
    listed = {(info.name, name) for info in shop.service.metrics(principal) for name in info.dimensions}
    unlisted = [
        Question((metric,), model_day, by=(name,))
        for metric in shop.model.metrics
        for name in shop.model.dimensions
        if (metric, name) not in listed
    ]
    assert unlisted
    for question, answer in zip(unlisted, shop.service.ask_all(unlisted, principal), strict=True):
        assert isinstance(answer, QueryError | Denied), question


def test_pickers_offer_the_members_in_use_each_in_its_own_rows(
    shop: Shop, principals: dict[str, Principal]
) -> None:
    """A parent category that no product names would filter everything away, so it is not offered."""

    def offered(dimension: str, name: str) -> set[str]:
        return {value.key for value in shop.service.values(dimension, principals[name])}

    assert offered("category", "admin") == {"k2", "k3"}
    assert offered("top_category", "admin") == {"k1", "k3"}
    assert offered("category", "vendor_a") == {"k2"}


@pytest.mark.parametrize(
    ("named", "hidden"),
    [("gmw", "gmv"), ("ytd_revenu", "ytd_revenue"), ("avg_order_valu", "avg_order_value")],
)
def test_a_hint_names_only_what_the_reader_may_use(
    read_only_shop: Shop, principals: dict[str, Principal], named: str, hidden: str
) -> None:
    def hint(name: str, by: str = "", metric: str = "item_orders") -> str | None:
        with pytest.raises(UnknownName) as caught:
            read_only_shop.ask(metric, by=by, principal=principals[name])
        return caught.value.nearest

    assert hint("admin", metric=named) == hidden
    assert hint("vendor_a", metric=named) != hidden
    assert hint("admin", by="custome") == "customer"
    assert hint("vendor_a", by="custome") != "customer"
    with pytest.raises(UnknownName) as caught:
        read_only_shop.service.values("custome", principals["vendor_a"])
    assert caught.value.nearest != "customer"


def _any_questions(shop: Shop, principal: Principal, today: date, count: int, seed: int) -> list[Question]:
    """Questions of every form: filters that name others' keys and labels, orders, limits, comparisons."""
    dice = random.Random(seed)  # noqa: S311 - the same questions each time
    infos = shop.service.metrics(principal)
    values = (
        "vA", "vB", "v77", "p1", "p2", "p3", "p77", "k1", "k3", "Kofi & Sons, Ltd", "Charger", "Accra",
        "Unknown", "unknown", "COMPLETED", "REJECTED", "GHS", "5", "true", "canary-b", "2024-03",
    )  # fmt: skip
    questions: list[Question] = []
    while len(questions) < count:
        metrics = dice.sample(infos, dice.randint(1, 3))
        shared = [name for name in metrics[0].dimensions if all(name in m.dimensions for m in metrics)]
        keys = [f"{name}_id" for name in shared if name in {"vendor", "product", "category"}]
        has_time = all(metric.has_time for metric in metrics)
        grain = dice.choice([None, None, *Grain]) if has_time else None
        days = dice.choice([None, DayRange(date(2024, 1, 1), date(2024, 3, 31))])
        by = tuple(dice.sample(shared, min(len(shared), dice.randint(0, 3))))
        targets = [*shared, *keys, *(("month",) if has_time else ())]
        operators = dice.choices(
            [Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN], k=dice.randint(0, 3)
        )
        filters = tuple(
            Filter(
                dice.choice(targets),
                operator,
                tuple(dice.sample(values, dice.randint(1, 6) if "in" in operator.value else 1)),
            )
            for operator in operators
        )
        ordered = dice.choice([None, f"-{metrics[0].name}", *by, *(metric.name for metric in metrics)])
        questions.append(
            Question(
                tuple(metric.name for metric in metrics),
                today,
                by,
                grain,
                days,
                filters if targets else (),
                ordered,
                dice.choice([None, 1, 3]),
                compare=days is not None and dice.random() < 0.4,
                fill=grain is not None and dice.random() < 0.5,
            )
        )
    return questions


@pytest.mark.parametrize("count", [100, pytest.param(250, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["vendor_a", "rider"])
def test_no_form_of_question_depends_on_another_tenants_rows(
    shop: Shop, principals: dict[str, Principal], model_day: date, name: str, count: int
) -> None:
    reader = principals[name]
    questions = _any_questions(shop, reader, model_day, count, seed=20_240_320)

    def answers() -> list[object]:
        return [
            str(answer) if isinstance(answer, AmalimartError) else answer
            for answer in shop.service.ask_all(questions, reader)
        ]

    before = answers()
    assert sum(isinstance(answer, Answer) and len(answer.rows) > 0 for answer in before) > count * 0.3
    shop.connection.execute(UPSET_B)
    shop.connection.execute(UPSET_OTHER_PARCELS)
    assert answers() == before
