"""Models over the interface: for operators alone, and what is asked for arrives as it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from amalimart.api.services import AppServices
from amalimart.core.errors import NotAvailable
from amalimart.core.models import (
    Column,
    ModelRebuild,
    PublishedModel,
    PublishedProject,
    Rebuilt,
    read_published,
)
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import NOON
from tests.web.fake_site import PASSWORD

ORIGIN = {"Origin": "http://testserver"}
ORDERS = PublishedModel("model.m.o", "gold.fact_orders", False, (Column("order_id", "VARCHAR"),), 1, 7)
PROJECT = PublishedProject(3, "hash", (ORDERS,), {"test.m.x": "f"})


class FakeModels:
    def __init__(self) -> None:
        self.asked: list[tuple[ModelRebuild, str]] = []

    def published(self) -> PublishedProject:
        return PROJECT

    def rebuild(self, wish: ModelRebuild, by: str) -> Rebuilt:
        if wish.name == "gold.seen":
            raise NotAvailable("gold.seen is a view", next_step="rebuild what it reads")
        self.asked.append((wish, by))
        return Rebuilt(4, NOON, "rebuild", 1, 2, 0.5)


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def entered(services: AppServices, models: FakeModels) -> Callable[[str], TestClient]:
    def enter(email: str) -> TestClient:
        client = TestClient(create_site(replace(services, models=models)), follow_redirects=False)
        client.post("/sign-in", data={"email": email, "password": PASSWORD}, headers=ORIGIN)
        return client

    return enter


def test_the_published_models_survive_the_wire(entered: Callable[[str], TestClient]) -> None:
    answer = entered("admin@demo.test").get("/api/v1/models")
    assert answer.status_code == 200
    assert read_published(answer.json()) == PROJECT


def test_what_is_asked_for_arrives_as_it_was_asked(
    entered: Callable[[str], TestClient], models: FakeModels
) -> None:
    body = {"with_children": False, "from": "2026-03-01", "to": "2026-03-02", "date_column": "order_date"}
    answer = entered("admin@demo.test").post(
        "/api/v1/models/gold.fact_orders/rebuild", json=body, headers=ORIGIN
    )
    assert answer.status_code == 200
    assert answer.json()["release_id"] == 4
    ((wish, by),) = models.asked
    days = (date(2026, 3, 1), date(2026, 3, 2))
    assert wish == ModelRebuild("gold.fact_orders", False, *days, "order_date")
    assert by


def test_what_cannot_be_done_is_the_one_shape_of_an_error(entered: Callable[[str], TestClient]) -> None:
    answer = entered("admin@demo.test").post("/api/v1/models/gold.seen/rebuild", json={}, headers=ORIGIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_available")


@pytest.mark.parametrize("body", [{"days": 3}, {"from": "March"}, {"with_children": "perhaps"}])
def test_a_body_that_cannot_be_read_rebuilds_nothing(
    entered: Callable[[str], TestClient], models: FakeModels, body: dict[str, object]
) -> None:
    answer = entered("admin@demo.test").post(
        "/api/v1/models/gold.fact_orders/rebuild", json=body, headers=ORIGIN
    )
    assert answer.status_code == 400
    assert models.asked == []


@pytest.mark.parametrize("email", ["executive@demo.test", "vendor@demo.test"])
def test_models_are_for_operators_alone(
    entered: Callable[[str], TestClient], models: FakeModels, email: str
) -> None:
    client = entered(email)
    listed = client.get("/api/v1/models")
    rebuilt = client.post("/api/v1/models/gold.fact_orders/rebuild", json={}, headers=ORIGIN)
    assert [each.status_code for each in (listed, rebuilt)] == [403, 403]
    assert {each.json()["error"]["code"] for each in (listed, rebuilt)} == {"denied"}
    assert models.asked == []
