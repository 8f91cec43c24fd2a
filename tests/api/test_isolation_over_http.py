"""Whatever happens to the rows of vendor B, every byte that vendor A is answered stays, but for the release.

What may differ is listed here: the number and the moments of the release, where an answer names them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.api.described_routes import requests_to
from tests.api.shop_site import Shop, opened_shop
from tests.semantic.test_vendor_isolation import UPSET_B
from tests.web.asgi_client import TestClient

OF_THE_RELEASE = {"release_id", "published_at", "fresh_as_of"}
HEADERS_OF_THE_RELEASE = {
    "x-amalimart-release", "x-amalimart-published-at", "x-amalimart-fresh-as-of", "x-request-id",
    "content-length",
}  # fmt: skip
# Every route that can be read, and what a vendor gets who names nothing of theirs. A new one belongs here,
# and, where it is made of rows, its addresses belong among those below.
READ_BY_A_VENDOR = {
    "/api/v1/health": 200, "/api/v1/query": 200, "/api/v1/metrics": 200, "/api/v1/metrics/{name}": 200,
    "/api/v1/dimensions": 200, "/api/v1/dimensions/{name}/values": 404, "/api/v1/catalog": 200,
    "/api/v1/glossary": 200, "/api/v1/lineage/{name}": 403, "/api/v1/lineage/{name}/graph": 403,
    "/api/v1/dashboards": 200, "/api/v1/dashboards/{name}": 404, "/api/v1/dashboards/{name}/orders": 404,
    "/api/v1/dashboards/{name}/tiles/{tile}/receipt": 404, "/api/v1/status": 200,
    "/api/v1/status/detail": 403, "/api/v1/releases/latest": 200, "/api/v1/releases": 404,
    "/api/v1/releases/{release_id}": 404, "/api/v1/releases/blocked": 403,
    "/api/v1/releases/blocked/{number}": 403, "/api/v1/releases/accepted": 403,
    "/api/v1/releases/difference": 403, "/api/v1/openapi.json": 200, "/api/v1/incidents": 403,
    "/api/v1/incidents/{number}": 403, "/api/v1/models": 403, "/api/v1/peers/{metric}": 200,
    "/api/v1/quality": 403, "/api/v1/quality/{check}/history": 403,
    "/api/v1/quality/profile/{table}": 403, "/api/v1/metrics/{name}/lineage": 422,
    "/api/v1/rollups": 403, "/api/v1/rollups/advice": 403, "/api/v1/schedules": 403,
    "/api/v1/schedules/runs": 403, "/api/v1/work": 403, "/api/v1/orders/{order_id}/timeline": 403,
    "/api/v1/policies": 403, "/api/v1/payouts": 200, "/api/v1/payouts/{payout_id}": 404,
    "/api/v1/questions": 200, "/api/v1/questions/{question_id}": 404, "/api/v1/board": 200,
    "/api/v1/questions/{question_id}/schedule": 404, "/api/v1/schedules/questions": 403,
    "/api/v1/questions/{question_id}/schedule/runs/{run_id}/file": 404,
    "/api/v1/users": 403, "/api/v1/users/{user_id}": 403, "/api/v1/scorecards": 200,
    "/api/v1/scorecards/{name}": 404, "/api/v1/status/start": 403, "/api/v1/usage": 403,
}  # fmt: skip
TABLES_OF_VENDORS = (
    "fact_order_items", "fact_returns", "fact_reviews", "fact_inventory_daily", "fact_payouts",
    "fact_vendor_earnings", "fact_wishlist_lines", "dim_products", "dim_vendors",
)  # fmt: skip
DELETE_B = "".join(f"delete from gold.{name} where vendor_id <> 'vA';" for name in TABLES_OF_VENDORS)
LISTS_RELEASES = {"/api/v1/releases"}
FILES = ("csv", "xlsx", "arrow", "parquet")
DAYS = "from=2024-01-01&to=2024-03-20"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened_shop(tmp_path) as made:
        made.services.rate._per_second = made.services.rate._burst = 10**9
        yield made


def without_the_release(document: Any) -> Any:
    """A document, but for what the list above names."""
    if isinstance(document, dict):
        return {
            key: without_the_release(value) for key, value in document.items() if key not in OF_THE_RELEASE
        }
    return [without_the_release(each) for each in document] if isinstance(document, list) else document


def told_of(metadata: dict[bytes, bytes]) -> Any:
    return without_the_release(json.loads(metadata[b"amalimart"]))


def content_of(response: Any) -> Any:
    """Everything that an answer tells, but for the release."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        return without_the_release(response.json())
    if kind.endswith("parquet"):
        file = pq.ParquetFile(io.BytesIO(response.content))
        return file.read().to_pylist(), told_of(file.metadata.metadata)
    if kind.endswith("arrow.stream"):
        table = pa.ipc.open_stream(response.content).read_all()
        return table.to_pylist(), told_of(table.schema.metadata)
    if kind.endswith("sheet"):
        book = openpyxl.load_workbook(io.BytesIO(response.content))
        receipt = list(book["Receipt"].iter_rows(min_row=4, values_only=True))
        return list(book["Answer"].iter_rows(values_only=True)), receipt
    return response.content


def addresses(client: TestClient) -> list[str]:
    """Every address that a vendor may read: lists of values, pages, questions of every kind, errors."""
    dimensions = [each["name"] for each in client.get("/api/v1/dimensions").json()["dimensions"]]
    metrics = client.get("/api/v1/metrics").json()["metrics"]
    pages = [each["name"] for each in client.get("/api/v1/dashboards").json()["dashboards"]]
    found = [asked.address for asked in requests_to(client) if asked.method == "GET"]
    found += [f"/api/v1/peers/total_revenue?month={month}" for month in ("2024-01", "2024-02", "x")]
    found += [f"/api/v1/dimensions/{name}/values" for name in dimensions]
    found += [f"/api/v1/dimensions/{name}/values?search=a&limit=2" for name in dimensions]
    payouts = client.get("/api/v1/payouts").json()["payouts"]
    found += [f"/api/v1/payouts/{each['payout_id']}" for each in payouts]
    found += [
        f"/api/v1/scorecards/vendor?range=custom&{DAYS}{vendor}"
        for vendor in ("", "&vendor=vA", "&vendor=vB")
    ]
    found.append("/api/v1/payouts?vendor=vB")
    for page in pages:
        tiles = client.get(f"/api/v1/dashboards/{page}").json()["tiles"]
        found += [f"/api/v1/dashboards/{page}/tiles/{tile['id']}/receipt?{DAYS}" for tile in tiles[:4]]
        found += [f"/api/v1/dashboards/{page}", f"/api/v1/dashboards/{page}?range=custom&{DAYS}"]
        found.append(f"/api/v1/dashboards/{page}?range=custom&{DAYS}&category=k1")
        found += [
            f"/api/v1/dashboards/{page}/orders?range=custom&{DAYS}&product={product}"
            for product in ("p1", "p2", "p77", "p1&category=k1")
        ]
    for name in (None, *dimensions[:6]):
        usable = [each["name"] for each in metrics if name is None or name in each["dimensions"]][:8]
        if usable:
            found.append(f"/api/v1/query?metrics={','.join(usable)}&by={name or ''}&{DAYS}")
    question = f"/api/v1/query?metrics=item_gmv,item_orders&by=product&grain=month&{DAYS}"
    found += [f"{question}&format={form}" for form in ("json", *FILES)]
    found += [f"{question}&compare=true", f"{question}&having=item_gmv > 1000", f"{question}&limit=1"]
    found += [
        "/api/v1/query?metrics=gmv", "/api/v1/query?metrics=item_gmv&by=customer",
        "/api/v1/query?metrics=item_gmv&where=vendor = vB", "/api/v1/query?metrics=nothing",
    ]  # fmt: skip
    return [each for each in dict.fromkeys(found) if each not in LISTS_RELEASES]


def everything(client: TestClient) -> dict[str, Any]:
    told = {}
    for address in addresses(client):
        response = client.get(address)
        headers = {
            name: re.sub(r"max-age=\d+", "", value)
            for name, value in response.headers.items()
            if name not in HEADERS_OF_THE_RELEASE
        }
        told[address] = (response.status_code, headers, content_of(response))
    return told


def test_changing_all_rows_of_b_leaves_every_answer_and_tag_of_a_as_it_was(shop: Shop) -> None:
    ama, kofi = shop.client("ama@shop.test"), shop.client("kofi@shop.test")
    page = f"/api/v1/dashboards/vendor?range=custom&{DAYS}"
    before, of_kofi = everything(ama), kofi.get(page).headers["etag"]
    published(shop, UPSET_B)
    after = everything(ama)
    assert before.keys() == after.keys()
    assert len(before) > 60
    assert {address: after[address] for address in before if after[address] != before[address]} == {}
    assert sum(each[0] == 200 for each in after.values()) > 30
    assert "canary" not in str(after)
    assert kofi.get(page).headers["etag"] != of_kofi
    held = ama.get(page, headers={"If-None-Match": before[page][1]["etag"]})
    assert held.status_code == 304


@pytest.mark.slow
def test_deleting_all_rows_of_b_leaves_every_answer_and_tag_of_a_as_it_was(shop: Shop) -> None:
    ama = shop.client("ama@shop.test")
    before = everything(ama)
    published(shop, DELETE_B)
    left = everything(ama)
    assert before.keys() == left.keys()
    assert {address: left[address] for address in before if left[address] != before[address]} == {}


def published(shop: Shop, sql: str) -> None:
    shop.publish(sql, set(re.findall(r"(?:update|into|from) (gold\.\w+)", sql)))


def test_every_route_that_can_be_read_is_listed_with_what_a_vendor_gets(shop: Shop) -> None:
    ama = shop.client("ama@shop.test")
    asked = [each for each in requests_to(ama) if each.method == "GET"]
    told = {each.route: ama.get(each.address, params=each.query).status_code for each in asked}
    assert told == READ_BY_A_VENDOR


def test_an_id_of_b_is_to_a_as_one_that_was_never_given(shop: Shop) -> None:
    """On every route: the same status and the same words, wherever an id can stand."""
    ama = shop.client("ama@shop.test")
    of_b, made_up = "vB", "vZ"
    for asked in requests_to(ama):
        for place, name in asked.texts:
            answers = []
            for text in (of_b, made_up):
                wanted = asked.with_text(place, name, text)
                response = ama.request(wanted.method, wanted.address, params=wanted.query, json=wanted.body)
                answers.append((response.status_code, response.text.replace(text, "ID")))
            assert answers[0] == answers[1], (asked.route, place, name)
            is_name = place == "path" and asked.method == "GET" and asked.route.endswith(("{name}", "values"))
            if is_name and "/lineage/" not in asked.route:
                assert answers[0][0] == 404, asked.route
    for form in ("json", *FILES):
        question = f"/api/v1/query?metrics=item_gmv&by=vendor&format={form}&where=vendor = "
        assert content_of(ama.get(question + of_b)) == content_of(ama.get(question + made_up)), form
    page = "/api/v1/dashboards/vendor?product="
    one, other = (ama.get(page + key) for key in ("p2", "p999"))
    assert one.text.replace("p2", "ID") == other.text.replace("p999", "ID")
