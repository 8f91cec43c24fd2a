"""Single rows pass the same door as every answer: own rows only, permitted columns only, values bound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.core.errors import AmalimartError, Denied, NotAvailable
from amalimart.semantic.question import Operator
from amalimart.semantic.row_lists import Elsewhere, RowCondition, RowList, RowQuestion
from tests.semantic.conftest import ADMIN, RIDER, SUPPORT, VENDOR_A

if TYPE_CHECKING:
    from tests.semantic.conftest import Shop

PARCELS = RowQuestion("shipments", ("shipment_id", "order_id"), (), ("shipment_id",), 10)
ORDERS = RowQuestion("orders", ("order_id",), (), ("order_id",), 10)


def rows(shop: Shop, question: RowQuestion, principal: Principal = ADMIN) -> RowList | AmalimartError:
    (found,) = shop.service.rows([question], principal)
    return found


def ids(shop: Shop, question: RowQuestion, principal: Principal = ADMIN) -> list[str]:
    found = rows(shop, question, principal)
    assert isinstance(found, RowList), found
    return [row[0] for row in found.rows]


def where(*conditions: RowCondition) -> RowQuestion:
    return RowQuestion("shipments", ("shipment_id",), conditions, ("-order_date", "shipment_id"), 10)


def test_a_delivery_partner_lists_its_own_parcels_alone(shop: Shop) -> None:
    everything = shop.sql("select shipment_id from gold.fact_shipments order by 1")
    own = shop.sql("select shipment_id from gold.fact_shipments where delivery_partner_id = 'd1' order by 1")
    assert ids(shop, PARCELS) == [each for (each,) in everything]
    assert ids(shop, PARCELS, RIDER) == [each for (each,) in own]
    assert ids(shop, PARCELS, Principal("nobody", Role.DELIVERY)) == []


@pytest.mark.parametrize(
    ("question", "principal"),
    [
        (ORDERS, RIDER),
        (PARCELS, VENDOR_A),
        (RowQuestion("order_status_changes", ("status",), (), ("status",), 5), RIDER),
    ],
)
def test_what_a_role_may_not_read_is_denied_whole(
    shop: Shop, question: RowQuestion, principal: Principal
) -> None:
    assert isinstance(rows(shop, question, principal), Denied)


def test_what_is_given_is_bound_and_never_part_of_the_statement(shop: Shop) -> None:
    hostile = "o1' or '1'='1"
    question = where(RowCondition("order_id", Operator.EQ, (hostile,)))
    assert ids(shop, question) == []
    assert hostile not in shop.reader.log[-1]


def test_conditions_hold_and_what_is_missing_comes_last(shop: Shop) -> None:
    late = where(
        RowCondition("promised_date", Operator.LT, (date(2024, 3, 1),)),
        RowCondition("status", Operator.IN, ("FAILED", "DELIVERED")),
    )
    assert ids(shop, late) == ["s4", "s2", "s3", "s1"]
    assert ids(shop, RowQuestion("shipments", ("shipment_id",), (), ("-order_date",), 1)) == ["s5"]


def test_rows_of_orders_that_were_called_off_are_left_out_where_orders_may_be_read(shop: Shop) -> None:
    status = shop.sql("select status from gold.fact_orders where order_id = 'o2'")[0][0]
    called_off = Elsewhere("orders", "order_id", (RowCondition("status", Operator.EQ, (status,)),))
    question = RowQuestion("shipments", ("shipment_id",), (), ("shipment_id",), 10, called_off)
    kept = shop.sql(
        "select shipment_id from gold.fact_shipments where order_id is null or order_id not in"
        f" (select order_id from gold.fact_orders where status = '{status}') order by 1"
    )
    assert ids(shop, question, SUPPORT) == [each for (each,) in kept]
    assert ids(shop, question, RIDER) == ids(shop, PARCELS, RIDER)


def test_what_the_source_lacks_is_said_and_not_an_empty_list(shop_without: Callable[..., Shop]) -> None:
    found = rows(shop_without("shipments"), PARCELS)
    assert isinstance(found, NotAvailable)
    assert "has no shipments.shipment_id" in found.what
