from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amalimart.access.principal import Principal
from amalimart.api.services import AppServices
from amalimart.core.calendar import DayRange
from amalimart.core.errors import ModelFailed
from amalimart.core.recent import Recent
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Having, Operator, Question
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import TODAY, FakeMarketplace

ADMIN = "/api/v1/dashboards/admin"


def tile(page: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in page["tiles"] if each["id"] == name)
    return found


def last_days(count: int) -> DayRange:
    return DayRange(TODAY - timedelta(days=count - 1), TODAY)


def test_a_key_figure_is_the_oracles_and_its_change_is_exact(
    admin: TestClient, marketplace: FakeMarketplace
) -> None:
    shown = tile(admin.get(ADMIN).json(), "gmv")
    days = last_days(30)
    now, before = marketplace.total("gmv", days), marketplace.total("gmv", days.preceding())
    assert shown["value"] == str(now)
    assert shown["previous"] == str(before)
    expected = ((now - before) / before).quantize(Decimal("0.000001"))
    assert shown["change"] == {"kind": "relative", "amount": str(expected)}


def test_a_share_changes_in_points_and_nothing_before_means_no_change(
    admin: TestClient, marketplace: FakeMarketplace
) -> None:
    marketplace.empty_before = last_days(30).first
    page = admin.get(ADMIN).json()
    assert tile(page, "gmv")["change"] is None
    assert tile(page, "gmv")["previous"] == "0.00"
    rate = tile(page, "return_rate")
    assert rate["change"] == {"kind": "points", "amount": str(Decimal(str(rate["value"])))}
    assert rate["better"] == "lower"


def test_today_and_cut_buckets_are_partial_and_no_other(admin: TestClient) -> None:
    page = admin.get(ADMIN, params={"grain": "week"}).json()
    trend = tile(page, "gmv_over_time")
    names = [column["name"] for column in trend["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in trend["rows"]]
    days = last_days(30)
    for row in rows:
        monday = date.fromisoformat(row["week"])
        is_whole = monday >= days.first and monday + timedelta(days=6) < TODAY
        assert row["partial"] is not is_whole, row
    assert [row["partial"] for row in rows].count(True) == 2


def test_a_state_of_now_has_no_past(signed_in: Callable[[str], TestClient]) -> None:
    page = signed_in("vendor").get("/api/v1/dashboards/vendor").json()
    stock = tile(page, "out_of_stock")
    assert (stock["span"], stock["change"], stock["previous"], stock["course"]) == ("now", None, None, [])
    assert len(tile(page, "sales")["course"]) == 30


def test_past_days_have_no_unfinished_bucket(admin: TestClient) -> None:
    query = {"range": "custom", "from": "2026-02-02", "to": "2026-02-08", "grain": "day"}
    trend = tile(admin.get(ADMIN, params=query).json(), "gmv_over_time")
    assert [row[-1] for row in trend["rows"]] == [False] * 7


def test_under_a_category_a_tile_shows_its_substitute_and_says_so(admin: TestClient) -> None:
    page = admin.get(ADMIN, params={"category": "c2"}).json()
    gmv = tile(page, "gmv")
    assert (gmv["title"], gmv["metric"], gmv["status"]) == ("Item GMV", "item_gmv", "ok")
    assert gmv["notes"] == ["Item money: one order can hold several categories and vendors."]
    assert tile(page, "gmv_over_time")["title"] == "Item GMV over time"
    regions = tile(page, "regions")
    assert [each["name"] for each in regions["columns"] if each["kind"] == "metric"] == [
        "item_gmv",
        "item_orders",
    ]
    assert regions["styles"] == ["bar", "plain"]
    assert all(each["status"] == "ok" for each in page["tiles"])


def test_a_click_on_a_vendor_leads_to_its_products(admin: TestClient) -> None:
    before = tile(admin.get(ADMIN).json(), "top_vendors")
    assert (before["title"], before["drill"]) == ("Top vendors by item GMV", "vendor")
    page = admin.get(ADMIN, params={"vendor": "v3"}).json()
    after = tile(page, "top_vendors")
    assert (after["title"], after["drill"]) == ("Top products of the vendor", None)
    assert page["state"]["filters"] == [
        {"dimension": "vendor", "label": "Vendor", "key": "v3", "value_label": "Accra Electronics"}
    ]


def test_a_tile_keeps_its_own_days(admin: TestClient, marketplace: FakeMarketplace) -> None:
    page = admin.get(ADMIN, params={"range": "last_7_days"}).json()
    vendors = tile(page, "top_vendors")
    assert vendors["range_label"] == "This month"
    month = DayRange(TODAY.replace(day=1), TODAY)
    by_key = {row[0]: row[2] for row in vendors["rows"]}
    assert by_key["v2"] == str(marketplace.total("item_gmv", month, "v2"))
    amounts = [Decimal(row[2]) for row in vendors["rows"]]
    assert amounts == sorted(amounts, reverse=True)


def test_one_tile_without_an_answer_leaves_the_others(
    admin: TestClient, marketplace: FakeMarketplace
) -> None:
    marketplace.unavailable = frozenset({"cod_share"})
    marketplace.failing["return_rate"] = ModelFailed("the model broke", next_step="see the log")
    page = admin.get(ADMIN).json()
    missing, broken = tile(page, "cod_share"), tile(page, "return_rate")
    assert (missing["status"], missing["code"]) == ("left_out", "not_available")
    assert "the source has no such data" in missing["message"]
    assert (broken["status"], broken["message"], broken["next_step"]) == (
        "failed",
        "the model broke",
        "see the log",
    )
    assert [each["status"] for each in page["tiles"]].count("ok") == len(page["tiles"]) - 2


def test_a_part_left_out_by_the_file_is_not_asked(signed_in: Callable[[str], TestClient]) -> None:
    page = signed_in("support").get("/api/v1/dashboards/support", params={"shipping_region": "Volta"}).json()
    left = tile(page, "tickets")
    assert left["status"] == "left_out"
    assert left["message"] == "Requests are not told apart by region."


def test_nothing_changed_costs_no_question(admin: TestClient, marketplace: FakeMarketplace) -> None:
    first = admin.get(ADMIN)
    tag, asked = first.headers["etag"], marketplace.asked
    again = admin.get(ADMIN, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert marketplace.asked == asked
    marketplace.publish()
    fresh = admin.get(ADMIN, headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    assert fresh.headers["etag"] != tag
    assert fresh.json()["release"]["release_id"] == 2


def test_a_tag_is_of_one_reader_and_one_state(
    signed_in: Callable[[str], TestClient], admin: TestClient
) -> None:
    executive = signed_in("executive")
    tags = {
        admin.get(ADMIN).headers["etag"],
        admin.get(ADMIN, params={"grain": "month"}).headers["etag"],
        admin.get(ADMIN, params={"category": "c1"}).headers["etag"],
        admin.get(ADMIN, params={"vendor": "c1"}).headers["etag"],
    }
    assert len(tags) == 4
    assert executive.get(ADMIN).headers["etag"] in tags, "who sees the same numbers holds the same page"


def test_a_tag_is_of_what_is_shown_whichever_process_shows_it(
    admin: TestClient, services: AppServices, marketplace: FakeMarketplace
) -> None:
    tag = admin.get(ADMIN).headers["etag"]
    services.pages._kept = Recent(1)
    assert admin.get(ADMIN, headers={"If-None-Match": tag}).status_code == 304
    marketplace.unavailable = frozenset({"gmv"})
    assert admin.get(ADMIN, headers={"If-None-Match": tag}).status_code == 200


def test_before_the_first_release_the_page_is_being_prepared(
    admin: TestClient, marketplace: FakeMarketplace
) -> None:
    marketplace.release_id = None
    for path in (ADMIN, "/api/v1/releases/latest"):
        response = admin.get(path)
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "nothing_published"
    status = admin.get("/api/v1/status").json()
    assert status["phase"] == "preparing"
    assert status["release"] is None
    assert status["steps"][1] == {"label": "Building the models", "done": 0.4}


def test_a_role_opens_its_own_dashboards_only(signed_in: Callable[[str], TestClient]) -> None:
    vendor = signed_in("vendor")
    assert vendor.get("/api/v1/dashboards/vendor").status_code == 200
    for name in ("admin", "executive", "nope", "%2e%2e", "ADMIN"):
        response = vendor.get(f"/api/v1/dashboards/{name}")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_found"
        assert response.json()["error"]["expected"] == "vendor, inventory"


@pytest.mark.parametrize("name", ["admin", "executive", "vendor", "support", "delivery", "analyst"])
def test_every_role_lands_on_a_page_of_its_own_that_answers(
    signed_in: Callable[[str], TestClient], name: str
) -> None:
    client = signed_in(name)
    assert client.get("/").headers["location"] == f"/dashboards/{name}"
    page = client.get(f"/api/v1/dashboards/{name}").json()
    assert {each["status"] for each in page["tiles"]} == {"ok"}
    assert client.get(f"/dashboards/{name}").status_code == 200


def test_the_query_route_answers_with_decimals_as_text(
    admin: TestClient, marketplace: FakeMarketplace
) -> None:
    body = {"metrics": ["gmv"], "from": "2026-03-01", "to": "2026-03-10"}
    answer = admin.post("/api/v1/query", json=body).json()
    total = marketplace.total("gmv", DayRange(date(2026, 3, 1), date(2026, 3, 10)))
    assert answer["rows"] == [[str(total)]]
    assert answer["columns"][0] == {
        "name": "gmv",
        "label": "GMV",
        "kind": "metric",
        "unit": "money",
        "currency": "GHS",
    }
    assert answer["receipt"]["release_id"] == 1
    assert answer["receipt"]["metrics"][0]["basis"] == "GMV in words."


def test_the_query_route_carries_every_kind_of_condition(
    admin: TestClient, marketplace: FakeMarketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Question] = []
    answer = marketplace.ask

    def ask(_marketplace: FakeMarketplace, question: Question, principal: Principal) -> Answer:
        asked.append(question)
        return answer(question, principal)

    monkeypatch.setattr(FakeMarketplace, "ask", ask)
    filters = [
        {"dimension": "category", "values": ["c1"], "either": 0},
        {"dimension": "vendor", "values": ["v1"], "either": 0},
    ]
    having = [{"metric": "gmv", "operator": ">=", "value": "1000.50"}]
    body = {"metrics": ["gmv"], "filters": filters, "having": having}
    admin.post("/api/v1/query", json=body)
    (question,) = asked
    assert question.having == (Having("gmv", Operator.GE, Decimal("1000.50")),)
    assert [each.either for each in question.filters] == [0, 0]


def test_names_and_values_are_listed(admin: TestClient) -> None:
    assert "gmv" in [each["name"] for each in admin.get("/api/v1/metrics").json()["metrics"]]
    assert "vendor" in [each["name"] for each in admin.get("/api/v1/dimensions").json()["dimensions"]]
    found = admin.get("/api/v1/dimensions/category/values", params={"search": "book"}).json()["values"]
    assert found == [{"key": "c5", "label": "Books"}]
    unknown = admin.get("/api/v1/dimensions/vender/values")
    assert (unknown.status_code, unknown.json()["error"]["nearest"]) == (404, "vendor")
    described = admin.get("/api/v1/openapi.json").json()
    assert "/api/v1/query" in described["paths"]
