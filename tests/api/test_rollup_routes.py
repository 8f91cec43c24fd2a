"""Rollups over the interface: for operators alone, and as the desk tells them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from amalimart.api.services import AppServices
from amalimart.core.rollup_reports import AdvisedRollup, DeclaredRollup, RollupAdvice
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD

ORIGIN = {"Origin": "http://testserver"}
DECLARED = DeclaredRollup(
    "daily", "Orders.", "finance", "orders", "day", ("status",), ("total_amount_sum",), "gold.rollup_daily",
    7, 70, 3,
)  # fmt: skip
ADVICE = RollupAdvice(30, 9, 3, (AdvisedRollup("advised_orders", "orders", 6, 1.5, 4, 70, "rollups: {}\n"),))


class FakeRollups:
    def declared(self) -> tuple[DeclaredRollup, ...]:
        return (DECLARED,)

    def advice(self) -> RollupAdvice:
        return ADVICE


@pytest.fixture
def entered(services: AppServices) -> Callable[[str], TestClient]:
    def enter(email: str) -> TestClient:
        site = create_site(replace(services, rollups=FakeRollups()))
        client = TestClient(site, follow_redirects=False)
        client.post("/sign-in", data={"email": email, "password": PASSWORD}, headers=ORIGIN)
        return client

    return enter


def test_what_is_declared_and_advised_survives_the_wire(entered: Callable[[str], TestClient]) -> None:
    client = entered("admin@demo.test")
    found = client.get("/api/v1/rollups").json()
    assert found["next"] is None
    (listed,) = found["rollups"]
    assert (listed["name"], listed["rows"], listed["answers"]) == ("daily", 7, 3)
    advice = client.get("/api/v1/rollups/advice").json()
    assert (advice["answers"], advice["served"]) == (9, 3)
    assert advice["advised"][0]["yaml"] == "rollups: {}\n"


@pytest.mark.parametrize("email", ["executive@demo.test", "vendor@demo.test"])
@pytest.mark.parametrize("path", ["/api/v1/rollups", "/api/v1/rollups/advice"])
def test_rollups_are_for_operators_alone(entered: Callable[[str], TestClient], email: str, path: str) -> None:
    refused = entered(email).get(path)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "denied")
