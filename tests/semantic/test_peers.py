"""Figures of others are told of five and more, none of them most of it, and none can be worked out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal, Role
from amalimart.core.errors import AccessError, Denied, InvalidFilter
from amalimart.semantic.peer_spread import FEWEST_OTHERS, Spread, Untold, rounded, spread
from amalimart.semantic.peers import PeerAnswer, PeerQuestion
from amalimart.semantic.shapes import Unit
from tests.semantic.conftest import Shop, build_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amalimart.semantic.model import SemanticModel

FEBRUARY, TODAY = date(2024, 2, 1), date(2024, 3, 20)
A = Principal("a", Role.VENDOR, vendor_ids=frozenset({"vA"}))
AMOUNTS = st.decimals("0.01", "5000", places=2)


def department(category: str) -> str:
    return "k3" if category == "k3" else "k1"


def sell(shop: Shop, *sales: tuple[str, str, str]) -> None:
    """Items of February: vendor, category, amount. Who sells is a vendor, and has a product there."""
    for number, (vendor, category, amount) in enumerate(sales):
        product = f"{category}-{vendor}"
        shop.sql(
            "insert into gold.dim_vendors (vendor_id, vendor_name) select ?, ?"
            " where ? not in (select vendor_id from gold.dim_vendors)",
            *(vendor, f"name of {vendor}", vendor),
        )
        shop.sql(
            "insert into gold.dim_products (product_id, category_id, top_category_id, vendor_id)"
            " select ?, ?, ?, ? where ? not in (select product_id from gold.dim_products)",
            *(product, category, department(category), vendor, product),
        )
        shop.sql(
            "insert into gold.fact_order_items by name select ? as order_item_id, 'o1' as order_id,"
            " ? as product_id, ? as vendor_id, 'c1' as customer_id, date '2024-02-10' as order_date,"
            " 1 as quantity, ?::decimal(18,2) as unit_price, unit_price as item_amount,"
            " unit_price as line_total, 0 as commission_amount, 'GHS' as currency",
            *(f"n{number}", product, vendor, amount),
        )


def market(shop: Shop, amounts: dict[str, str], category: str = "k1") -> None:
    sell(shop, *((vendor, category, amount) for vendor, amount in amounts.items()))


def asked(shop: Shop, principal: Principal = A, metric: str = "total_revenue") -> PeerAnswer:
    return shop.service.peers(PeerQuestion(metric, FEBRUARY, TODAY), principal)


SIX = {"vA": "120.00", "w1": "100.10", "w2": "200.20", "w3": "300.30", "w4": "405.00", "w5": "777.77"}


def test_who_is_bound_to_a_business_stands_where_its_vendor_does(shop: Shop) -> None:
    market(shop, SIX)
    bound = Principal("of b1", Role.VENDOR, business_ids=frozenset({"b1"}))
    assert asked(shop, bound).figures == asked(shop).figures != ()
    assert asked(shop, replace(bound, business_ids=frozenset({"b404"}))).figures == ()


def test_quartiles_are_those_of_the_whole_category_in_the_whole_month_rounded(shop: Shop) -> None:
    market(shop, SIX)
    (figure,) = asked(shop).figures
    assert (figure.of.key, figure.within.key, figure.own) == ("vA", "k1", Decimal("120.00"))
    ((lower, median, upper),) = shop.sql(
        "select quantile_cont(s, 0.25), quantile_cont(s, 0.5), quantile_cont(s, 0.75) from"
        " (select sum(i.item_amount)::double as s from gold.fact_order_items i join gold.dim_products p"
        "  using (product_id) where p.top_category_id = 'k1'"
        "  and i.order_date between '2024-02-01' and '2024-02-29' group by i.vendor_id)"
    )
    told = figure.spread
    assert told is not None
    for value, exact in ((told.lower, lower), (told.median, median), (told.upper, upper)):
        assert value == Decimal(f"{exact:.1e}")
    assert told.quarter == 1
    assert "w1" not in str(asked(shop))
    assert "name of" not in str(asked(shop))


@pytest.mark.parametrize("gone", ["w1", "w5"])
def test_with_four_others_nothing_is_told_whoever_they_are(shop: Shop, gone: str) -> None:
    market(shop, {name: amount for name, amount in SIX.items() if name != gone})
    (figure,) = asked(shop).figures
    assert (figure.spread, figure.untold, figure.own) == (None, Untold.TOO_FEW, Decimal("120.00"))


def test_ones_own_other_vendors_are_no_others(shop: Shop) -> None:
    market(shop, SIX)
    both = Principal("b", Role.VENDOR, vendor_ids=frozenset({"vA", "w1"}))
    assert [each.untold for each in asked(shop, both).figures] == [Untold.TOO_FEW] * 2


def test_where_one_has_most_of_it_nothing_is_told(shop: Shop) -> None:
    market(shop, {**SIX, "w5": "4022.41"})
    (figure,) = asked(shop).figures
    assert figure.untold is Untold.DOMINATED
    shop.sql("update gold.fact_order_items set item_amount = 4022.39 where vendor_id = 'w5'")
    assert asked(shop).figures[0].spread is not None


def test_each_category_is_a_group_of_its_own_and_who_is_not_in_it_is_told_nothing(shop: Shop) -> None:
    market(shop, SIX)
    market(shop, {"vA": "10", "w1": "20", "w2": "30"}, category="k3")
    told = {each.within.key: each.untold for each in asked(shop).figures}
    assert told == {"k1": None, "k3": Untold.TOO_FEW}
    stranger = Principal("c", Role.VENDOR, vendor_ids=frozenset({"vC"}))
    assert asked(shop, stranger).figures == ()
    assert asked(shop, Principal("n", Role.VENDOR)).figures == ()


def test_amounts_in_two_currencies_are_not_held_against_each_other(shop: Shop) -> None:
    market(shop, SIX)
    shop.sql("update gold.fact_order_items set currency = 'XOF' where vendor_id = 'w3'")
    assert asked(shop).figures[0].untold is Untold.MIXED_CURRENCIES


def test_only_what_the_policy_names_is_told_of_a_month_that_is_over(shop: Shop) -> None:
    market(shop, SIX)
    for metric in ("commission", "gmv", "nothing", "item_gmv; drop table x"):
        with pytest.raises(Denied):
            asked(shop, metric=metric)
    for role in (Role.ADMIN, Role.ANALYST, Role.DELIVERY, Role.SERVICE, Role("nobody")):
        with pytest.raises(Denied):
            asked(shop, Principal("x", role, vendor_ids=frozenset({"vA"})))
    with pytest.raises(InvalidFilter):
        shop.service.peers(PeerQuestion("total_revenue", TODAY, TODAY), A)
    with pytest.raises(InvalidFilter):
        shop.service.peers(PeerQuestion("total_revenue", date(2024, 2, 29), date(2024, 2, 29)), A)
    assert shop.service.peers(PeerQuestion("total_revenue", FEBRUARY, date(2024, 3, 1)), A).figures


def test_a_copy_is_told_of_no_more_than_it_may_ask(shop: Shop) -> None:
    market(shop, SIX)
    vendor = shop.policies.policy(Role.VENDOR)
    for change in (
        {"metrics": frozenset({"avg_unit_price"})},
        {"dimensions": frozenset({"vendor"})},
        {"rules": {name: rule for name, rule in (vendor.rules or {}).items() if name != "vendors"}},
    ):
        shop.service.govern(Policies([replace(vendor, extends=vendor, **change)]))
        with pytest.raises(AccessError):
            asked(shop)


def test_everybody_in_a_category_is_told_the_same_quartiles(shop: Shop) -> None:
    """So two who compare what they were told learn nothing of a third."""
    market(shop, SIX)
    told = set()
    for vendor in SIX:
        (figure,) = asked(shop, Principal("x", Role.VENDOR, vendor_ids=frozenset({vendor}))).figures
        if figure.spread is not None:
            told.add((figure.spread.lower, figure.spread.median, figure.spread.upper))
    assert len(told) == 1


def test_every_metric_of_the_packaged_rule_can_be_asked(shop: Shop) -> None:
    market(shop, SIX)
    rule = shop.policies.policy(Role.VENDOR).peers
    assert rule is not None
    for metric in sorted(rule.metrics):
        assert isinstance(asked(shop, metric=metric), PeerAnswer)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("1234.56", Unit.MONEY, "1200"),
        ("99.95", Unit.MONEY, "100"),
        ("0.37", Unit.MONEY, "0"),
        ("3", Unit.COUNT, "5"),
        ("2", Unit.COUNT, "0"),
        ("1234", Unit.COUNT, "1200"),
        ("0.3333", Unit.PERCENT, "0.35"),
        ("4.3333", Unit.RATING, "4.3"),
        ("0", Unit.MONEY, "0"),
        ("-1250", Unit.MONEY, "-1200"),
    ],
)
def test_a_figure_is_told_to_two_digits_and_no_finer_than_its_unit_allows(
    value: str, unit: Unit, expected: str
) -> None:
    assert rounded(Decimal(value), unit) == Decimal(expected)


@given(
    own=AMOUNTS,
    more=st.lists(AMOUNTS, max_size=2),
    others=st.lists(AMOUNTS, max_size=9),
    unit=st.sampled_from(Unit),
)
def test_no_spread_is_made_of_fewer_than_five_others_or_of_mostly_one(
    own: Decimal, more: list[Decimal], others: list[Decimal], unit: Unit
) -> None:
    found = spread(own, [own, *more], others, unit)
    if len(others) < FEWEST_OTHERS:
        assert found is Untold.TOO_FEW
    elif unit in {Unit.MONEY, Unit.COUNT, Unit.NUMBER} and max(others) > Decimal("0.8") * sum(others):
        assert found is Untold.DOMINATED
    else:
        assert isinstance(found, Spread)
        assert found.lower <= found.median <= found.upper


@settings(derandomize=True)
@given(
    own=AMOUNTS,
    others=st.lists(AMOUNTS, min_size=5, max_size=9),
    changed=st.integers(0, 8),
    row=AMOUNTS,
)
def test_the_row_of_one_cannot_be_worked_out_from_two_answers(
    own: Decimal, others: list[Decimal], changed: int, row: Decimal
) -> None:
    """A row more of one of the others: another amount of it, a good deal away, gives the same two answers."""
    changed %= len(others)

    def told(amount: Decimal) -> Spread | Untold:
        values = [value + (amount if n == changed else 0) for n, value in enumerate(others)]
        return spread(own, [own], values, Unit.MONEY)

    before, after = told(Decimal(0)), told(row)
    if isinstance(before, Untold) or isinstance(after, Untold):
        return
    away = max(Decimal(1), Decimal(1).scaleb(after.lower.adjusted() - 1) if after.lower else Decimal(1)) / 20
    assert any(told(row + sign * part * away) == after for sign in (-1, 1) for part in (1, 2, 3))


@pytest.fixture(scope="module")
def emptied(model: SemanticModel) -> Iterator[Shop]:
    """A shop to be filled by each example anew."""
    shop = build_shop(model)
    yield shop
    shop.connection.close()


@settings(max_examples=8, phases=[Phase.generate], derandomize=True)
@given(
    sales=st.lists(
        st.tuples(
            st.sampled_from(["vA", "vB", "w1", "w2", "w3", "w4", "w5", "w6"]),
            st.sampled_from(["k1", "k2", "k3"]),
            AMOUNTS,
        ),
        max_size=24,
    ),
    ids=st.frozensets(st.sampled_from(["vA", "vB", "w1"]), min_size=1),
)
def test_in_any_shop_what_is_told_is_of_five_others_and_more(
    emptied: Shop, sales: list[tuple[str, str, Decimal]], ids: frozenset[str]
) -> None:
    """The oracle adds up the sales itself, in Python."""
    emptied.sql("delete from gold.fact_order_items")
    sell(emptied, *((vendor, category, str(amount)) for vendor, category, amount in sales))
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for vendor, category, amount in sales:
        totals[department(category)][vendor] += amount
    figures = asked(emptied, Principal("x", Role.VENDOR, vendor_ids=ids)).figures
    assert {(each.of.key, each.within.key): each.own for each in figures} == {
        (vendor, kind): sold
        for kind, each in totals.items()
        for vendor, sold in each.items()
        if vendor in ids
    }
    for figure in figures:
        others = [sold for vendor, sold in totals[figure.within.key].items() if vendor not in ids]
        if len(others) < FEWEST_OTHERS:
            assert figure.untold is Untold.TOO_FEW
        elif max(others) > sum(others) * Decimal("0.8"):
            assert figure.untold is Untold.DOMINATED
        else:
            assert figure.untold is None
