"""The orders that hold a product: only what the reader may see, and no money but that of its own lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.api.shop_site import Shop, opened_shop
from tests.web.asgi_client import TestClient

DAYS = "range=custom&from=2024-01-01&to=2024-03-20"
OF_CATEGORY = "select product_id from gold.dim_products where category_id ="
SHARED = "150.10"  # what the order o1 costs, which two vendors share


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened_shop(tmp_path) as made:
        yield made


def asked(client: TestClient, page: str, **state: str) -> Any:
    more = "".join(f"&{key}={value}" for key, value in state.items())
    return client.get(f"/api/v1/dashboards/{page}/orders?{DAYS}{more}")


def lines_of(shop: Shop, where: str) -> list[tuple[str, str, int]]:
    """Counted by hand, the newest first."""
    with shop.file.read() as transaction:
        found = transaction.rows(
            "select i.order_id, i.item_amount::varchar, i.quantity from gold.fact_order_items as i"
            f" left join gold.fact_orders as o using (order_id) where {where}"
            " order by i.order_date desc, i.order_id, i.order_item_id"
        )
    return list(found.rows)


def told(answer: Any) -> list[tuple[str, str, int]]:
    assert answer.status_code == 200, answer.text
    return [(each["order_id"], each["item_amount"], each["quantity"]) for each in answer.json()["lines"]]


def test_the_lines_are_those_of_the_product_in_these_days(shop: Shop) -> None:
    admin = shop.client()
    assert told(asked(admin, "admin", product="p1")) == lines_of(shop, "i.product_id = 'p1'")
    narrowed = admin.get(
        "/api/v1/dashboards/admin/orders?range=custom&from=2024-01-06&to=2024-02-01&product=p1"
    )
    assert [each for each, *_ in told(narrowed)] == ["o3"]


@pytest.mark.parametrize(
    ("filter_of_page", "where"),
    [
        ({"shipping_region": "Northern"}, "o.shipping_region = 'Northern'"),
        ({"payment_kind": "COD"}, "o.payment_kind = 'COD'"),
        ({"vendor": "vA"}, "i.vendor_id = 'vA'"),
        ({"vendor": "vB"}, "i.vendor_id = 'vB'"),
        ({"category": "k1"}, f"i.product_id in ({OF_CATEGORY} 'k1')"),
        ({"category": "k2"}, f"i.product_id in ({OF_CATEGORY} 'k2')"),
    ],
)  # fmt: skip
def test_the_filters_of_the_page_hold_below_it(
    shop: Shop, filter_of_page: dict[str, str], where: str
) -> None:
    found = told(asked(shop.client(), "admin", product="p1", **filter_of_page))
    assert found == lines_of(shop, f"i.product_id = 'p1' and {where}")


def test_a_vendor_sees_its_own_lines_and_never_the_money_of_a_shared_order(shop: Shop) -> None:
    vendor = shop.client("ama@shop.test")
    answer = asked(vendor, "vendor", product="p1")
    assert told(answer) == lines_of(shop, "i.product_id = 'p1' and i.vendor_id = 'vA'")
    assert {each["order_id"]: each["status"] for each in answer.json()["lines"]}["o1"] == "COMPLETED"
    assert SHARED not in answer.text
    assert not {"total_amount", "delivery_fee", "customer_id"} & set(json.dumps(answer.json()).split('"'))


def test_a_product_of_somebody_else_is_as_one_that_is_not_there(shop: Shop) -> None:
    vendor = shop.client("ama@shop.test")
    other, none = (asked(vendor, "vendor", product=each) for each in ("p2", "p0"))
    assert (other.status_code, none.status_code) == (404, 404)
    assert other.json()["error"]["what"].replace("p2", "p0") == none.json()["error"]["what"]
    assert asked(vendor, "vendor").status_code == 404
    assert asked(vendor, "admin", product="p1").status_code == 404


def test_a_product_that_moved_to_another_vendor_takes_no_orders_along(shop: Shop) -> None:
    shop.publish(
        "update gold.dim_products set vendor_id = 'vB' where product_id = 'p1'", ["gold.dim_products"]
    )
    assert told(asked(shop.client("kofi@shop.test"), "vendor", product="p1")) == []


def test_what_did_not_change_is_not_sent_again(shop: Shop) -> None:
    admin = shop.client()
    first = asked(admin, "admin", product="p1")
    address = f"/api/v1/dashboards/admin/orders?{DAYS}&product=p1"
    shop.publish(
        "update gold.fact_order_items set quantity = 9 where order_id = 'o2'", ["gold.fact_order_items"]
    )
    same = admin.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.headers["x-amalimart-release"]) == (304, "2")
    shop.publish(
        "update gold.fact_order_items set quantity = 9 where order_id = 'o1'", ["gold.fact_order_items"]
    )
    assert admin.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_the_release_that_is_told_is_the_one_whose_rows_are_read(shop: Shop) -> None:
    def published_meanwhile(*asked: Any) -> Any:
        shop.publish(
            "update gold.fact_order_items set quantity = 9 where order_id = 'o1'", ["gold.fact_order_items"]
        )
        return read(*asked)

    semantic = shop.services.semantic
    read = semantic.rows
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(semantic), "rows", lambda _self, *asked: published_meanwhile(*asked))
        answer = asked(shop.client(), "admin", product="p1")
    assert [each["quantity"] for each in answer.json()["lines"] if each["order_id"] == "o1"] == [9]
    told, newest = answer.json()["release"], shop.latest()
    assert told["release_id"] == 2
    assert [datetime.fromisoformat(told[time]) for time in ("published_at", "fresh_as_of")] == [
        newest.published_at,
        newest.fresh_as_of,
    ]
    assert answer.headers["x-amalimart-published-at"] == told["published_at"]


def test_a_hand_written_address_is_refused_in_words(shop: Shop) -> None:
    answer = asked(shop.client(), "admin", product="p1", order_status="COMPLETED")
    assert answer.status_code == 400
    assert "no filter 'order_status'" in answer.json()["error"]["what"]
    beyond = shop.client().get("/api/v1/dashboards/customers/orders?product=p1&customer_kind=PRIVATE")
    assert "not told apart by customer_kind" in beyond.json()["error"]["what"]
