"""Releases over the interface: operators see all of it, analysts no rows, everybody else an id and a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.api.app import create_app
from amalimart.api.services import AppServices
from amalimart.control.deciding import Decider
from amalimart.core.errors import NotFound
from amalimart.core.releases import (
    Acceptance,
    BlockedBuild,
    BlockedCheck,
    CheckState,
    ModelChange,
    ModelDifference,
    ModelFate,
    ReleaseDetail,
    ReleaseDifference,
    ReleaseSummary,
    SampleRows,
    SourceMove,
    VerdictChange,
)
from tests.web.asgi_client import TestClient
from tests.web.site_fixtures import signing_in

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
WORD = Acceptance("a1", "not_too_large", 2, 3, "Ama", "admin@demo.test", "a wholesale order", AT)
FAILING = CheckState("not_too_large", is_error=True, failing_rows=3, failing_changes=0, acceptance=WORD)
SCOPED = ["executive", "vendor", "support", "delivery"]
ORIGIN = {"Origin": "http://testserver"}


def summary(release_id: int) -> ReleaseSummary:
    return ReleaseSummary(release_id, AT, None, "5ecre7", {"shop": release_id}, 4, 100, is_recorded=True)


def build(number: int, code: str = "check_failed") -> BlockedBuild:
    sample = SampleRows(("order_id", "buyer"), (("4242", None),), ("buyer",))
    checks = (BlockedCheck("not_too_large", 3, sample),) if code == "check_failed" else ()
    what = "held back: not_too_large (3 rows)" if checks else "the model failed: cannot cast 'Ama Serwaa'"
    return BlockedBuild(number, AT, AT, 1, code, what, None, "5ecre7", 1, {"shop": 2}, checks)


class Book:
    """A book of two releases and two blocked builds, that remembers who decided what."""

    def __init__(self) -> None:
        self.decided: list[tuple[str, int, Decider, str | None]] = []

    def releases(self, limit: int) -> tuple[ReleaseSummary, ...]:
        return (summary(2), summary(1))[:limit]

    def release(self, release_id: int) -> ReleaseDetail:
        if release_id > 2:
            raise NotFound(f"there is no release {release_id}", expected="1 to 2", nearest="2")
        change = ModelChange("gold.fact_orders", ModelFate.CHANGED, 7, 6, 100)
        return ReleaseDetail(summary(release_id), (change,), (FAILING,))

    def difference(self, one: int, other: int) -> ReleaseDifference:
        model = ModelDifference("gold.fact_orders", 1, 7, 6, 99, 100)
        change = VerdictChange("not_too_large", None, FAILING)
        moved = SourceMove("shop", 1, 2)
        return ReleaseDifference(summary(one), summary(other), (moved,), (model,), (change,), 0)

    def blocked(self, limit: int) -> tuple[BlockedBuild, ...]:
        return (build(2), build(1, "model_failed"))[:limit]

    def blocked_build(self, number: int | None) -> BlockedBuild:
        return build(number or 2, "model_failed" if number == 1 else "check_failed")

    def accepted(self) -> tuple[Acceptance, ...]:
        return (WORD,)

    def accept(self, number: int, decider: Decider, reason: str) -> tuple[Acceptance, ...]:
        self.decided.append(("accept", number, decider, reason))
        return (WORD,)

    def revoke(self, number: int, decider: Decider, reason: str | None) -> tuple[Acceptance, ...]:
        self.decided.append(("revoke", number, decider, reason))
        return (WORD,)


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def client_of(services: AppServices, book: Book) -> Callable[[str], TestClient]:
    return signing_in(replace(services, release_book=book))


def got(client: TestClient, path: str) -> Any:
    response = client.get(f"/api/v1{path}")
    assert response.status_code == 200, response.text
    return response.json()


PATHS = [
    "/releases",
    "/releases/2",
    "/releases/blocked",
    "/releases/blocked/1",
    "/releases/blocked/2",
    "/releases/blocked/latest",
    "/releases/accepted",
    "/releases/difference?one=1&other=2",
]


def test_an_admin_sees_all_of_it(client_of: Callable[[str], TestClient]) -> None:
    admin = client_of("admin")
    assert [each["release_id"] for each in got(admin, "/releases")["releases"]] == [2, 1]
    assert [each["release_id"] for each in got(admin, "/releases?limit=1")["releases"]] == [2]
    shown = got(admin, "/releases/2")
    assert shown["release"]["positions"] == {"shop": 2}
    assert shown["models"] == [
        {"model": "gold.fact_orders", "fate": "changed", "came": 7, "went": 6, "rows": 100}
    ]
    assert shown["failing"][0]["acceptance"]["reason"] == "a wholesale order"
    held = got(admin, "/releases/blocked/latest")
    assert held["checks"][0]["sample"]["rows"] == [["4242", None]]
    assert [word["accepted_by"] for word in held["accepted"]] == ["Ama"]
    assert got(admin, "/releases/blocked/1")["accepted"] == []
    assert "Ama Serwaa" in got(admin, "/releases/blocked/1")["what"]
    told = got(admin, "/releases/difference?one=1&other=2")
    assert (told["project_changed"], told["models"][0]["after"]) == (False, 100)
    assert told["checks"][0]["before"] is None


def test_an_analyst_sees_no_row_that_breaks_a_check_and_no_words_that_may_quote_one(
    client_of: Callable[[str], TestClient],
) -> None:
    analyst = client_of("analyst")
    answers = {path: got(analyst, path) for path in PATHS}
    assert answers["/releases/2"]["models"]
    assert answers["/releases/blocked/2"]["checks"] == [{"name": "not_too_large", "failing_rows": 3}]
    assert "not_too_large" in answers["/releases/blocked/2"]["what"]
    assert "4242" not in str(answers)
    assert "Ama Serwaa" not in str(answers)


@pytest.mark.parametrize("name", SCOPED)
def test_everybody_else_sees_that_there_was_a_release_and_when(
    client_of: Callable[[str], TestClient], name: str
) -> None:
    client = client_of(name)
    at = "2026-03-10T12:00:00+00:00"
    assert got(client, "/releases")["releases"][1] == {
        "release_id": 1,
        "published_at": at,
        "fresh_as_of": None,
    }
    assert got(client, "/releases/2") == {
        "release": {"release_id": 2, "published_at": at, "fresh_as_of": None}
    }
    for path in PATHS[2:]:
        response = client.get(f"/api/v1{path}")
        assert response.status_code == 403, path
        assert response.json()["error"]["code"] == "denied"


@pytest.mark.parametrize("name", ["analyst", *SCOPED])
def test_only_an_admin_accepts_and_takes_back(
    client_of: Callable[[str], TestClient], book: Book, name: str
) -> None:
    client = client_of(name)
    for verb in ("accept", "revoke"):
        response = client.post(f"/api/v1/releases/blocked/2/{verb}", json={"reason": "because"})
        assert (response.status_code, response.json()["error"]["code"]) == (403, "denied")
    assert book.decided == []


def test_it_is_kept_who_was_signed_in_whatever_name_is_given(
    client_of: Callable[[str], TestClient], book: Book
) -> None:
    admin = client_of("admin")
    path = "/api/v1/releases/blocked/2"
    assert admin.post(f"{path}/accept", json={"reason": "agreed"}).json()["accepted"][0]["check"]
    admin.post(f"{path}/accept", json={"reason": "agreed", "who": "Kofi"})
    admin.post(f"{path}/revoke", json={})
    signed_in = "admin@demo.test"
    assert book.decided == [
        ("accept", 2, Decider("Efua Mensah", signed_in), "agreed"),
        ("accept", 2, Decider("Kofi", signed_in), "agreed"),
        ("revoke", 2, Decider("Efua Mensah", signed_in), None),
    ]
    assert admin.post(f"{path}/accept", json={}).status_code == 400
    assert admin.post(f"{path}/accept", json={"reason": "a", "as": "root"}).status_code == 400
    foreign = admin.post(f"{path}/accept", json={"reason": "a"}, headers={"Origin": "http://evil.test"})
    assert foreign.status_code == 403
    assert len(book.decided) == 3


def test_the_local_operator_decides_as_such(services: AppServices, book: Book) -> None:
    operator = Principal(subject="local operator", role=Role.ADMIN, display_name="Local operator")
    local = TestClient(create_app(replace(services, release_book=book), local_operator=operator))
    local.post("/api/v1/releases/blocked/2/accept", json={"reason": "agreed", "who": "Ama"})
    as_vendor = {"X-Amalimart-As": "vendor@demo.test"}
    refused = local.post("/api/v1/releases/blocked/2/accept", json={"reason": "x"}, headers=as_vendor)
    assert refused.status_code == 403
    assert book.decided == [("accept", 2, Decider("Ama", "local operator"), "agreed")]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/releases/9", 404, "not_found"),
        ("/releases/0", 400, "query_invalid"),
        ("/releases/one", 400, "query_invalid"),
        ("/releases/99999999999999999999999", 400, "query_invalid"),
        ("/releases?limit=0", 400, "query_invalid"),
        ("/releases?limit=1001", 400, "query_invalid"),
        ("/releases/blocked/-1", 400, "query_invalid"),
        ("/releases/blocked/first", 400, "query_invalid"),
        ("/releases/blocked/99999999999999999999999", 400, "query_invalid"),
        ("/releases/difference?one=1", 400, "query_invalid"),
    ],
)
def test_what_cannot_be_is_one_clear_error(
    client_of: Callable[[str], TestClient], path: str, status: int, code: str
) -> None:
    response = client_of("admin").get(f"/api/v1{path}")
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_a_site_without_releases_says_so(services: AppServices) -> None:
    operator = Principal(subject="local operator", role=Role.ADMIN)
    local = TestClient(create_app(services, local_operator=operator))
    assert local.get("/api/v1/releases").json()["error"]["code"] == "not_found"
