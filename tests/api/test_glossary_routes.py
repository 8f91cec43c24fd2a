"""The glossary: every page that stands on a metric or dimension is named, to those who may open it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amalimart.access.principal import Role
from amalimart.api.scorecards.library import load_scorecards
from amalimart.api.services import AppServices
from amalimart.config.strict_yaml import read_yaml
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_catalogue import METRICS
from tests.web.fake_lineage import FakeLineage
from tests.web.fake_site import PASSWORD

SignIn = Callable[[str], TestClient]
MARKETPLACE = Path(__file__).parents[2] / "src" / "amalimart" / "marketplace"


def signing_in(services: AppServices) -> SignIn:
    def as_user(name: str) -> TestClient:
        client = TestClient(create_site(services), headers={"Origin": "http://testserver"})
        client.post("/sign-in", data={"email": f"{name}@demo.test", "password": PASSWORD})
        return client

    return as_user


@pytest.fixture
def sign_in(services: AppServices) -> SignIn:
    return signing_in(replace(services, lineage_desk=FakeLineage()))


def uses(body: Any, kind: str, name: str) -> list[tuple[str, str]]:
    (entry,) = (each for each in body[kind] if each["name"] == name)
    return [(each["kind"], each["name"]) for each in entry["used_by"]]


def named_in(value: Any) -> Iterator[str]:
    """Every text of a file, read without the product."""
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable):
        for each in value:
            yield from named_in(each)


@pytest.mark.parametrize("role", ["admin", "vendor", "support", "executive", "analyst", "delivery"])
def test_pages_that_stand_on_a_metric_are_those_whose_files_name_it(sign_in: SignIn, role: str) -> None:
    body = sign_in(role).get("/api/v1/glossary").json()
    pages = {}
    for kind in ("dashboard", "scorecard"):
        for path in sorted((MARKETPLACE / f"{kind}s").glob("*.yml")):
            document = read_yaml(path).data
            if role in document["roles"]:
                pages[kind, path.stem] = set(named_in(document))
        told = {name for of_kind, name in pages if of_kind == kind}
        assert set(body[f"{kind}s"]) == told
    assert pages
    for metric in body["metrics"]:
        spelled = {metric["name"], *metric["aliases"]}
        expected = sorted(page for page, texts in pages.items() if spelled & texts)
        assert uses(body, "metrics", metric["name"]) == expected, metric["name"]


def test_a_scorecard_is_named_by_its_title_to_those_who_may_open_it(sign_in: SignIn) -> None:
    admin = sign_in("admin").get("/api/v1/glossary").json()
    assert ("scorecard", "vendor") in uses(admin, "metrics", "avg_rating")
    assert ("scorecard", "vendor") in uses(admin, "dimensions", "vendor")
    assert admin["scorecards"] == {"vendor": "Scorecard"}
    executive = sign_in("executive").get("/api/v1/glossary").json()
    assert executive["scorecards"] == {}
    assert ("scorecard", "vendor") not in uses(executive, "metrics", "avg_rating")
    french = sign_in("admin").get("/api/v1/glossary", headers={"Accept-Language": "fr"}).json()
    assert french["scorecards"]["vendor"] != "Scorecard"


def test_a_metric_is_found_on_a_scorecard_that_calls_it_by_an_alias(
    services: AppServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METRICS, "gmv", replace(METRICS["gmv"], aliases=("total_sales",)))
    (tmp_path / "own.yml").write_text(
        "title: Own\ndescription: Own.\nroles: [admin]\nmeasures:\n"
        "  - {metric: total_sales, better: higher, warn: 5, limit: 1, why: It is so,"
        " sample: {metric: order_count, at_least: 1}}\n"
    )
    cards = load_scorecards(tmp_path, roles=Role)
    body = signing_in(replace(services, scorecards=cards))("admin").get("/api/v1/glossary").json()
    for metric in ("gmv", "order_count"):
        assert ("scorecard", "own") in uses(body, "metrics", metric)


def test_a_column_leads_on_to_dashboards_and_scorecards(sign_in: SignIn) -> None:
    told = sign_in("admin").get("/api/v1/lineage/gold.fact_orders.total_amount/graph").json()["used_by"]
    pages = [(each["kind"], each["name"]) for each in told if each["kind"] != "metric"]
    assert pages == [("dashboard", "admin"), ("scorecard", "not_for_you"), ("scorecard", "vendor")]
