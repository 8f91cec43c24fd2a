"""One metric with its history; and the effect of a change, for the operator of the machine alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

import amalimart
from amalimart.access.policies import load_policies
from amalimart.access.principal import Principal, Role
from amalimart.api.app import create_app
from amalimart.api.ports.asking import SemanticPort
from amalimart.api.services import AppServices
from amalimart.core.calendar import DayRange
from amalimart.orchestrate.metrics.effects import Effect, Effects, MeasuredValue
from amalimart.semantic.definition_files import DefinitionFiles
from amalimart.semantic.listing import MetricInfo, list_metrics
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD

OPERATOR = Principal("local operator", Role.ADMIN)
MODEL = load_model([PACKAGED])
POLICIES = load_policies([Path(amalimart.__file__).parent / "marketplace" / "policies"])


class Everything:
    source = "shop"

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        del entity, column, value
        return True


class Catalogue:
    """The metrics that a principal may ask; nothing else is asked here."""

    def metrics(self, principal: Principal) -> tuple[MetricInfo, ...]:
        return list_metrics(MODEL, POLICIES, Everything(), principal)


@dataclass
class Measurer:
    """Remembers what it was given."""

    asked: list[Any] = field(default_factory=list)

    def measure(
        self,
        before: Sequence[DefinitionFiles],
        after: Sequence[DefinitionFiles],
        metrics: Sequence[str],
        days: DayRange,
        today: date,
    ) -> Effects:
        self.asked.append((before, after, metrics, days, today))
        nothing = MeasuredValue(None, None, None)
        return Effects(3, datetime(2026, 1, 2, tzinfo=UTC), (Effect("gmv", nothing, nothing),))


@dataclass(frozen=True)
class Meaning:
    version: int
    what: str


@pytest.fixture
def catalogued(services: AppServices) -> AppServices:
    history = {"gmv": (Meaning(1, "First."), Meaning(2, "Otherwise."))}
    return replace(
        services,
        semantic=cast(SemanticPort, Catalogue()),
        metric_history=lambda name: history.get(name, ()),
        metric_effects=Measurer(),
    )


@pytest.fixture
def sign_in(catalogued: AppServices) -> Callable[[str], TestClient]:
    def as_user(name: str) -> TestClient:
        origin = {"Origin": "http://testserver"}
        client = TestClient(create_site(catalogued), follow_redirects=False, headers=origin)
        form = {"email": f"{name}@demo.test", "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 303
        return client

    return as_user


def test_a_metric_is_found_by_any_of_its_names_with_its_version_and_history(
    sign_in: Callable[[str], TestClient],
) -> None:
    admin = sign_in("admin")
    for name in ("gmv", "total_sales", "daily_gmv"):
        found = admin.get(f"/api/v1/metrics/{name}").json()
        metric = found["metric"]
        assert metric["name"] == "gmv"
        assert (metric["version"], metric["hash"]) == (1, MODEL.metrics["gmv"].definition_hash)
        assert (metric["subject_label"], metric["subject_label_fr"]) == ("Revenue", "Chiffre d'affaires")
        assert metric["formula"] == "sum of total amount in orders"
        assert metric["formula_fr"] == "somme de total amount dans orders"
        assert metric["definition_fr"].startswith("Somme ")
        assert metric["example"]["value"] == "1230.29"
        assert found["changes"] == [
            {"version": 1, "what": "First."},
            {"version": 2, "what": "Otherwise."},
        ]


def test_a_metric_that_one_may_not_ask_is_not_there(sign_in: Callable[[str], TestClient]) -> None:
    vendor = sign_in("vendor")
    answer = vendor.get("/api/v1/metrics/gmv")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_name")
    assert answer.json()["error"]["nearest"] != "gmv"
    assert vendor.get("/api/v1/metrics/item_gmv").status_code == 200


BODY = {
    "before": [{"origin": "a", "texts": {"own.yml": "x"}}],
    "after": [{"origin": "b", "texts": {}}],
    "metrics": ["gmv"],
    "from": "2026-01-01",
    "to": "2026-01-31",
}


def test_effects_are_measured_for_the_operator_alone(
    catalogued: AppServices, sign_in: Callable[[str], TestClient]
) -> None:
    assert sign_in("admin").post("/api/v1/metrics/effects", json=BODY).status_code in {404, 405}
    local = TestClient(create_app(catalogued, local_operator=OPERATOR), raise_server_exceptions=False)
    as_vendor = {"x-amalimart-as": "vendor@demo.test"}
    refused = local.post("/api/v1/metrics/effects", json=BODY, headers=as_vendor)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "denied")
    answer = local.post("/api/v1/metrics/effects", json=BODY)
    assert (answer.status_code, answer.json()["release_id"]) == (200, 3)
    assert isinstance(catalogued.metric_effects, Measurer)
    ((before, after, metrics, days, _),) = catalogued.metric_effects.asked
    assert (before[0].texts, after[0].origin, metrics) == ({"own.yml": "x"}, "b", ["gmv"])
    assert (days.first, days.last) == (date(2026, 1, 1), date(2026, 1, 31))


def test_an_engine_that_measures_nothing_says_so(catalogued: AppServices) -> None:
    bare = replace(catalogued, metric_effects=None)
    local = TestClient(create_app(bare, local_operator=OPERATOR), raise_server_exceptions=False)
    assert local.post("/api/v1/metrics/effects", json=BODY).json()["error"]["code"] == "engine_unavailable"
