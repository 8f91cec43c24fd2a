"""Monitored checks over the interface: operators see and decide, nobody else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from amalimart.api.services import AppServices
from amalimart.control.deciding import Decider
from amalimart.control.quality.rows import Acknowledgement, KeptResult
from amalimart.core.errors import ConfigError, NotFound
from amalimart.core.profiles import TableProfile
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.core.releases import SampleRows
from amalimart.quality.listing import ListedCheck
from amalimart.quality.running import QualityRun
from amalimart.quality.shapes import Every
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD
from tests.web.site_fixtures import signing_in

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
ORIGIN = {"Origin": "http://testserver"}
FOUND = QualityResult(
    "orders_reconcile", MonitorKind.RECONCILIATION, "gold.fact_orders", None, Severity.ERROR, Verdict.FAILED,
    "10 rows", "9 rows", "1 row differs", AT, 7, 10.0, 10.0, 9.0, "rows",
    SampleRows(("key", "email"), (("1", None),), ("email",)),
)  # fmt: skip
WORD = Acknowledgement("orders_reconcile", "gold.fact_orders", None, "Ama", "a@x", "known", AT)
LISTED = ListedCheck(
    "orders_reconcile", (KeptResult(3, "r1", FOUND, WORD),), MonitorKind.RECONCILIATION, "Orders.", "finance",
    Severity.ERROR, Every.DAY,
)  # fmt: skip


class Desk:
    """A desk of one check that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def listed(self) -> tuple[ListedCheck, ...]:
        return (LISTED, ListedCheck("broken", (), problem="unknown kind"))

    def failing(self) -> tuple[KeptResult, ...]:
        return (KeptResult(3, "r1", FOUND),)

    def run(self, every: Every | None = None, name: str | None = None) -> QualityRun:
        self.asked.append((every, name))
        return QualityRun("r2", 7, 2, (FOUND,), {"broken": ConfigError("unknown kind", where="broken.yml:1")})

    def history(self, name: str, limit: int, subject: str | None = None) -> tuple[KeptResult, ...]:
        self.asked.append((name, limit, subject))
        if name != "orders_reconcile":
            raise NotFound(f"there is no check {name!r}", nearest="orders_reconcile")
        return (KeptResult(3, "r1", FOUND),)

    def acknowledge(
        self, name: str, subject: str, period: str | None, decider: Decider, reason: str
    ) -> Acknowledgement:
        self.asked.append((name, subject, period, decider, reason))
        return WORD

    def profile(self, table: str, *, exact: bool = False) -> TableProfile:
        self.asked.append((table, exact))
        return TableProfile(table, 7, 3, ())


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def client_of(services: AppServices, desk: Desk) -> Callable[[str], TestClient]:
    return signing_in(replace(services, quality=desk))


def test_an_admin_sees_runs_and_acknowledges(client_of: Callable[[str], TestClient], desk: Desk) -> None:
    admin = client_of("admin")
    listed = admin.get("/api/v1/quality").json()
    assert [(each["name"], each["every"], each["problem"]) for each in listed["checks"]] == [
        ("orders_reconcile", "day", None),
        ("broken", None, "unknown kind"),
    ]
    newest = listed["checks"][0]["newest"][0]
    assert (newest["verdict"], newest["is_failing"], newest["acknowledgement"]["reason"]) == (
        "failed",
        False,
        "known",
    )
    assert listed["failing"][0]["is_failing"]
    assert listed["failing"][0]["samples"]["masked"] == ["email"]

    ran = admin.post("/api/v1/quality/run", json={"every": "day"}).json()
    assert (ran["run_id"], ran["declared"], ran["fails"]) == ("r2", 2, True)
    assert ran["not_run"]["broken"]["where"] == "broken.yml:1"
    assert ran["results"][0]["checked_at"].startswith("2026-03-10T12:00:00")

    history = admin.get("/api/v1/quality/orders_reconcile/history?limit=5&subject=gold.fact_orders").json()
    assert history["results"][0]["message"] == "1 row differs"
    body = {"subject": "gold.fact_orders", "period": "2026-01-01", "reason": "a holiday", "who": "Ama"}
    done = admin.post("/api/v1/quality/orders_reconcile/acknowledge", json=body).json()
    assert done["acknowledged"]["reason"] == "known"
    assert admin.get("/api/v1/quality/profile/gold.fact_orders?exact=true").json() == {
        "table": "gold.fact_orders",
        "release_id": 7,
        "rows": 3,
        "columns": [],
    }
    assert desk.asked == [
        (Every.DAY, None),
        ("orders_reconcile", 6, "gold.fact_orders"),
        (
            "orders_reconcile",
            "gold.fact_orders",
            "2026-01-01",
            Decider("Ama", "admin@demo.test"),
            "a holiday",
        ),
        ("gold.fact_orders", True),
    ]


@pytest.mark.parametrize("role", ["executive", "analyst", "support", "vendor", "delivery"])
def test_nobody_else_sees_or_does_anything(
    client_of: Callable[[str], TestClient], desk: Desk, role: str
) -> None:
    client = client_of(role)
    body = {"subject": "s", "reason": "r"}
    answers = [
        client.get("/api/v1/quality"),
        client.get("/api/v1/quality/orders_reconcile/history"),
        client.get("/api/v1/quality/profile/gold.fact_orders"),
        client.post("/api/v1/quality/run", json={}),
        client.post("/api/v1/quality/orders_reconcile/acknowledge", json=body),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["error"]["code"] for answer in answers} == {"denied"}
    assert desk.asked == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/quality/run", {"every": "fortnight"}),
        ("/quality/run", {"evry": "day"}),
        ("/quality/orders_reconcile/acknowledge", {"subject": "s"}),
        ("/quality/orders_reconcile/acknowledge", {"subject": "s", "reason": "x" * 2001}),
    ],
)
def test_a_request_that_cannot_be_read_asks_nothing(
    client_of: Callable[[str], TestClient], desk: Desk, path: str, body: dict[str, str]
) -> None:
    response = client_of("admin").post(f"/api/v1{path}", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "query_invalid"
    assert desk.asked == []


def test_an_unknown_check_and_an_engine_without_any_are_not_found(
    client_of: Callable[[str], TestClient], services: AppServices
) -> None:
    missing = client_of("admin").get("/api/v1/quality/order_reconcile/history")
    assert missing.status_code == 404
    assert missing.json()["error"]["nearest"] == "orders_reconcile"
    client = TestClient(create_site(services), follow_redirects=False, headers=ORIGIN)
    client.post("/sign-in", data={"email": "admin@demo.test", "password": PASSWORD})
    assert client.get("/api/v1/quality").json()["error"]["code"] == "not_found"
