from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date

import pytest

from amalimart.api.services import AppServices
from amalimart.catalog.lineage import Lineage, Node
from amalimart.core.errors import Denied
from amalimart.core.releases import CheckState
from amalimart.governance.metric_ledger import MetricVersion
from amalimart.orchestrate.metrics.standing_checks import StandingChecks
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_lineage import GMV, GOLD, SOURCE, FakeLineage
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_quality import FakeBook
from tests.web.fake_site import PASSWORD


def signed_in(services: AppServices, name: str) -> TestClient:
    client = TestClient(create_site(services), headers={"Origin": "http://testserver"})
    client.post("/sign-in", data={"email": f"{name}@demo.test", "password": PASSWORD})
    return client


@pytest.fixture
def traced(services: AppServices) -> Callable[..., TestClient]:
    def client(name: str, *failing: CheckState) -> TestClient:
        own = dataclasses.replace(services, lineage_desk=FakeLineage(), release_book=FakeBook(failing))
        return signed_in(own, name)

    return client


def test_a_receipt_says_what_the_number_of_the_tile_is(admin: TestClient) -> None:
    told = admin.get(
        "/api/v1/dashboards/admin/tiles/gmv/receipt?range=last_7_days&shipping_region=Volta"
    ).json()
    assert told["release"]["release_id"] == 1
    assert told["days"] == {"first": "2026-03-12", "last": "2026-03-18"}
    assert [(each["dimension"], each["value_label"]) for each in told["state"]["filters"]] == [
        ("shipping_region", "Volta")
    ]
    (metric,) = told["metrics"]
    assert (metric["name"], metric["version"], metric["owner"]) == ("gmv", 1, "finance")
    assert metric["formula"] == "sum of total amount in orders"
    assert told["sql"]


def test_under_a_filter_it_is_the_receipt_of_the_metric_that_is_shown(admin: TestClient) -> None:
    told = admin.get("/api/v1/dashboards/admin/tiles/gmv/receipt?category=c1").json()
    assert [each["name"] for each in told["metrics"]] == ["item_gmv"]
    assert told["notes"] == ["Item money: one order can hold several categories and vendors."]


def test_who_sees_own_rows_only_is_told_neither_sql_nor_tables_nor_checks(
    traced: Callable[..., TestClient],
) -> None:
    vendor = traced("vendor", CheckState("totals_add_up", True, 3, 0))
    receipt = vendor.get("/api/v1/dashboards/vendor/tiles/sales/receipt").json()
    assert (receipt["sql"], receipt["is_scoped"]) == ([], True)
    told = vendor.get("/api/v1/metrics/gmv/lineage").json()
    assert told == {
        "metric": "gmv", "graph": None, "checks": {"state": "failing", "total": None, "failing": []}
    }  # fmt: skip


def test_lineage_leads_back_to_the_source_and_names_the_checks_on_the_way(
    traced: Callable[..., TestClient],
) -> None:
    told = (
        traced("admin", CheckState("orders_are_whole", False, 2, 1)).get("/api/v1/metrics/gmv/lineage").json()
    )
    assert [each["name"] for each in told["graph"]["nodes"]] == [GMV.name, GOLD.name, SOURCE.name]
    assert told["graph"]["edges"] == [
        ["column:gold.fact_orders.total_amount", "metric:gmv"],
        ["source:shop.orders.total", "column:gold.fact_orders.total_amount"],
    ]
    assert told["checks"] == {
        "state": "warning",
        "total": 2,
        "failing": [{"name": "orders_are_whole", "is_error": False, "failing_rows": 3}],
    }


@pytest.mark.parametrize(
    ("failing", "state", "counts"),
    [((), "passing", (2, 0, 0)), ((False,), "warning", (1, 1, 0)), ((True,), "failing", (1, 0, 1))],
)
def test_the_receipt_of_an_answer_tells_how_the_checks_stand_and_what_was_read(
    services: AppServices, failing: tuple[bool, ...], state: str, counts: tuple[int, int, int]
) -> None:
    broken = tuple(CheckState("orders_are_whole", is_error, 2, 1) for is_error in failing)

    class Traced:
        def traced(self, project_hash: str) -> tuple[Lineage, Mapping[str, frozenset[Node]]]:
            del project_hash
            return FakeLineage().lineage(), FakeLineage().checks()

    own = dataclasses.replace(services, standing_checks=StandingChecks(Traced(), FakeBook(broken)).of)
    asked = {"metrics": ["gmv"], "from": "2026-03-01", "to": "2026-03-18"}
    told = signed_in(own, "admin").post("/api/v1/query", json=asked).json()["receipt"]
    assert told["lineage"] == ["metric:gmv"]
    assert told["checks"] == {
        "state": state, **dict(zip(("passed", "warned", "failed"), counts, strict=True))
    }  # fmt: skip
    scoped = signed_in(own, "vendor").post("/api/v1/query", json=asked).json()["receipt"]
    assert scoped["checks"] == {"state": state, "passed": None, "warned": None, "failed": None}
    unknown = signed_in(services, "admin").post("/api/v1/query", json=asked).json()["receipt"]
    assert unknown["checks"]["state"] == "unknown"


def test_a_receipt_shows_what_each_version_has_meant(services: AppServices) -> None:
    log = {"gmv": (MetricVersion(1, "a" * 16, date(2026, 1, 2), "First."),)}
    own = dataclasses.replace(services, metric_history=lambda name: log.get(name, ()))
    (metric,) = signed_in(own, "admin").get("/api/v1/dashboards/admin/tiles/gmv/receipt").json()["metrics"]
    assert metric["changes"] == [{"version": 1, "hash": "a" * 16, "date": "2026-01-02", "what": "First."}]


def test_only_who_sees_figures_of_releases_is_told_how_many_rows_fail(
    traced: Callable[..., TestClient],
) -> None:
    client = traced("executive", CheckState("orders_are_whole", False, 2, 1))
    (failing,) = client.get("/api/v1/metrics/gmv/lineage").json()["checks"]["failing"]
    assert failing == {"name": "orders_are_whole", "is_error": False, "failing_rows": None}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("dashboards/none/tiles/gmv/receipt", 404, "not_found"),
        ("dashboards/admin/tiles/gvm/receipt", 404, "not_found"),
        ("dashboards/admin/tiles/gmv/receipt?range=never", 422, "invalid_filter"),
        ("metrics/gvm/lineage", 404, "unknown_name"),
    ],
)
def test_what_is_not_there_is_named(admin: TestClient, path: str, status: int, code: str) -> None:
    response = admin.get(f"/api/v1/{path}")
    assert response.json()["error"]["code"] == code
    assert response.status_code in {status, 400}


def test_a_tile_that_is_left_out_says_why(admin: TestClient) -> None:
    client_error = admin.get(
        "/api/v1/dashboards/analyst/tiles/acquisition_cost/receipt?shipping_region=Volta"
    )
    assert "Marketing spend is not told apart by region or customer." in client_error.json()["error"]["what"]


def test_a_denied_metric_has_no_receipt(admin: TestClient, marketplace: FakeMarketplace) -> None:
    marketplace.failing["gmv"] = Denied("the role may not ask gmv", next_step="ask an admin")
    response = admin.get("/api/v1/dashboards/admin/tiles/gmv/receipt")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "denied")


def test_a_page_is_told_in_the_language_of_the_reader(admin: TestClient) -> None:
    english = admin.get("/api/v1/dashboards/admin?category=c1")
    french = admin.get("/api/v1/dashboards/admin?category=c1", headers={"Accept-Language": "fr"})
    assert english.headers["etag"] != french.headers["etag"]
    tiles = {each["id"]: each for each in french.json()["tiles"]}
    assert french.json()["title"] == "Vue d'ensemble"
    assert tiles["orders"]["title"] == "Orders with items (fr)"
    assert tiles["gmv_over_time"]["title"] == "Montant des articles dans le temps"
    assert tiles["best_sellers"]["columns"][-2]["label"] == "Unités"
    assert tiles["gmv"]["notes"][0].startswith("Montant des articles")
    values = [each["value"] for each in english.json()["tiles"] if each["type"] == "kpi"]
    assert [each["value"] for each in french.json()["tiles"] if each["type"] == "kpi"] == values


def test_what_a_receipt_adds_is_told_in_the_language_of_the_reader(
    admin: TestClient, marketplace: FakeMarketplace
) -> None:
    marketplace.noted["gmv"] = ("GMV: mind it.", "GMV : prenez garde.")
    address, french = "/api/v1/dashboards/admin/tiles/gmv/receipt", {"Accept-Language": "fr"}
    assert admin.get(address).json()["notes"] == ["GMV: mind it."]
    assert admin.get(address, headers=french).json()["notes"] == ["GMV : prenez garde."]
    tiles = admin.get("/api/v1/dashboards/admin", headers=french).json()["tiles"]
    (gmv,) = [each for each in tiles if each["id"] == "gmv"]
    assert (gmv["receipt_notes"], gmv["receipt_notes_fr"]) == (["GMV: mind it."], ["GMV : prenez garde."])


def test_the_switch_keeps_the_language_and_leads_back_to_a_page_of_this_site_only(admin: TestClient) -> None:
    answer = admin.post("/language", data={"language": "fr", "following": "//evil.test"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = admin.get("/dashboards/admin")
    assert '<html lang="fr">' in page.text
    assert "Vue d&#39;ensemble" in page.text
    assert admin.post("/language", data={"language": "klingon"}).status_code in {400, 422}
