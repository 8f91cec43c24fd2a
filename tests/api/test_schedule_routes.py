"""Schedules and the status in detail over the interface: for operators alone, short if nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from amalimart.api.app import create_app
from amalimart.api.services import AppServices
from amalimart.processes.services import OPERATOR
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import NOON
from tests.web.fake_operating import BLOCKED, FakeOperating, FakeSchedules
from tests.web.fake_site import PASSWORD

ORIGIN = {"Origin": "http://testserver"}
ADDRESSES = ("/api/v1/schedules", "/api/v1/schedules/runs", "/api/v1/status/detail")


@pytest.fixture
def operating() -> FakeOperating:
    return FakeOperating()


@pytest.fixture
def jobs() -> FakeSchedules:
    return FakeSchedules()


@pytest.fixture
def entered(
    services: AppServices, operating: FakeOperating, jobs: FakeSchedules
) -> Callable[[str], TestClient]:
    def enter(email: str) -> TestClient:
        site = create_site(replace(services, operating=operating, schedules=jobs))
        client = TestClient(site, follow_redirects=False)
        client.post("/sign-in", data={"email": email, "password": PASSWORD}, headers=ORIGIN)
        return client

    return enter


def test_jobs_and_their_runs_are_listed(entered: Callable[[str], TestClient]) -> None:
    client = entered("admin@demo.test")
    listed = client.get("/api/v1/schedules").json()["schedules"]
    assert [each["schedule"]["job"] for each in listed] == ["compact", "full_checks", "backup"]
    assert listed[0]["off"] == "it is disabled"
    assert listed[2]["last_run"]["outcome"]["files"] == 812
    runs = client.get("/api/v1/schedules/runs?job=full_checks&limit=3").json()["runs"]
    assert [(each["state"], each["error"]["code"]) for each in runs] == [("failed", "source_unreachable")]
    assert client.get("/api/v1/schedules/runs?limit=0").status_code == 400


def test_a_run_is_asked_for_under_the_name_of_who_is_signed_in(
    entered: Callable[[str], TestClient], jobs: FakeSchedules
) -> None:
    client = entered("admin@demo.test")
    answer = client.post("/api/v1/schedules/backup/run", json={}, headers=ORIGIN)
    assert answer.json() == {"job": "backup", "scheduled_for": NOON.isoformat()}
    ((job, decider),) = jobs.asked
    assert (job, decider.name) == ("backup", "Efua Mensah")
    assert client.post("/api/v1/schedules/none/run", json={}, headers=ORIGIN).status_code == 404
    foreign = client.post("/api/v1/schedules/backup/run", json={}, headers={"Origin": "http://evil.test"})
    assert foreign.status_code == 403
    assert len(jobs.asked) == 1


@pytest.mark.parametrize("email", ["vendor@demo.test", "analyst@demo.test", "executive@demo.test"])
def test_nobody_but_an_admin_learns_or_does_anything(
    entered: Callable[[str], TestClient], jobs: FakeSchedules, email: str
) -> None:
    client = entered(email)
    answers = [client.get(address) for address in ADDRESSES]
    answers.append(client.post("/api/v1/schedules/backup/run", json={}, headers=ORIGIN))
    assert {answer.json()["error"]["code"] for answer in answers} == {"denied"}
    assert client.get("/status").status_code == 404
    assert jobs.asked == []


def test_the_status_says_when_nothing_has_changed_and_shows_no_row_of_a_blocked_build(
    entered: Callable[[str], TestClient], operating: FakeOperating
) -> None:
    client = entered("admin@demo.test")
    first = client.get("/api/v1/status/detail")
    assert first.json()["sources"][0]["name"] == "shop"
    again = client.get("/api/v1/status/detail", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    operating.turn(blocked=BLOCKED)
    changed = client.get("/api/v1/status/detail", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["blocked"]["checks"] == [{"name": "orders_have_buyers", "failing_rows": 3}]
    assert "someone@shop.test" not in changed.text


def test_an_engine_without_schedules_says_so(services: AppServices) -> None:
    client = TestClient(create_app(services, local_operator=OPERATOR))
    codes = {client.get(address).json()["error"]["code"] for address in ADDRESSES}
    assert codes == {"engine_unavailable"}
