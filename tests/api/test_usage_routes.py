"""Usage and the guided start over the interface: for admins alone, and what they say of a project's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from amalimart.api.services import AppServices
from amalimart.core.operating import SourceState
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_operating import FAILING, FOLLOWING, SILENT, FakeOperating
from tests.web.fake_usage import USAGE, FakeUsage
from tests.web.site_fixtures import signing_in

OTHERS = ["executive", "vendor", "support", "delivery", "analyst"]
SignIn = Callable[[str], TestClient]


class Opened:
    """Counts in a list."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def opened(self, dashboard: str, role: str) -> None:
        self.seen.append((dashboard, role))


@pytest.fixture
def used(services: AppServices) -> AppServices:
    return replace(services, usage=FakeUsage(), operating=FakeOperating(), visits=Opened())


@pytest.fixture
def sign_in(used: AppServices) -> SignIn:
    return signing_in(used)


def steps(client: TestClient) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in client.get("/api/v1/status/start").json()["steps"]}


def turned(services: AppServices, *sources: SourceState) -> None:
    assert isinstance(services.operating, FakeOperating)
    services.operating.turn(sources=sources)


@pytest.mark.parametrize("role", OTHERS)
def test_both_are_for_admins_alone(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    for path in ("/api/v1/usage", "/api/v1/status/start"):
        assert (path, client.get(path).json()["error"]["code"]) == (path, "denied")
    assert [client.get(path).status_code for path in ("/usage", "/start")] == [404, 404]


def test_an_engine_that_counts_nothing_says_so(services: AppServices) -> None:
    admin = signing_in(services)("admin")
    answers = [admin.get(path) for path in ("/api/v1/usage", "/api/v1/status/start")]
    assert [each.json()["error"]["code"] for each in answers] == ["engine_unavailable"] * 2


@pytest.mark.parametrize("days", ["0", "91", "x", "-1", "1e3", ""])
def test_days_out_of_bounds_are_refused(sign_in: SignIn, days: str) -> None:
    answer = sign_in("admin").get(f"/api/v1/usage?days={days}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query_invalid")


def test_usage_is_told_with_the_names_that_people_read(sign_in: SignIn, used: AppServices) -> None:
    told = sign_in("admin").get("/api/v1/usage?days=90").json()
    assert isinstance(used.usage, FakeUsage)
    assert used.usage.asked == [90]
    assert told["days"] == 90
    assert [each["asked"] for each in told["metrics"]] == [each.asked for each in USAGE.metrics]
    assert told["labels"]["gmv"] == "GMV"
    assert set(told["titles"]) == set(used.dashboards.dashboards)
    assert "delivery" not in told["may_open"]


def test_the_catalogue_tells_it_to_who_sees_all_rows(sign_in: SignIn) -> None:
    asked = {}
    for role in ("admin", "vendor"):
        metrics = sign_in(role).get("/api/v1/glossary").json()["metrics"]
        asked[role] = {each["name"]: each["asked"] for each in metrics}
    assert asked["admin"]["gmv"] == 12_480
    assert 0 in asked["admin"].values()
    assert set(asked["vendor"].values()) == {None}


def test_opening_a_dashboard_is_counted_by_role_and_looking_again_is_not(
    sign_in: SignIn, used: AppServices
) -> None:
    client = sign_in("vendor")
    client.get("/dashboards/vendor")
    client.get("/api/v1/dashboards/vendor")
    client.get("/dashboards/unknown")
    assert isinstance(used.visits, Opened)
    assert used.visits.seen == [("vendor", "vendor")]


def test_an_admin_without_numbers_begins_at_the_start_and_others_at_home(
    sign_in: SignIn, marketplace: FakeMarketplace
) -> None:
    admin, analyst = sign_in("admin"), sign_in("analyst")
    assert admin.get("/").headers["location"] == "/dashboards/admin"
    assert "/start" not in admin.get("/dashboards/admin").text
    marketplace.release_id = None
    assert admin.get("/").headers["location"] == "/start"
    assert 'href="/start"' in admin.get("/dashboards/admin").text
    assert analyst.get("/").headers["location"].startswith("/dashboards/")
    assert 'href="/start"' not in analyst.get(analyst.get("/").headers["location"]).text


def test_each_step_has_its_state_and_its_own_trouble(
    sign_in: SignIn, used: AppServices, marketplace: FakeMarketplace
) -> None:
    admin = sign_in("admin")
    assert {step["state"] for step in steps(admin).values()} == {"done"}
    marketplace.release_id = None
    turned(used)
    assert {name: step["state"] for name, step in steps(admin).items()} == {
        "source": "now",
        "mapping": "waiting",
        "load": "waiting",
        "people": "done",
        "dashboards": "waiting",
    }
    turned(used, replace(FAILING, version=0, stopped={}))
    found = steps(admin)
    assert found["source"]["problem"]["what"] == FAILING.error
    assert (found["mapping"]["state"], found["load"]["state"]) == ("done", "now")
    turned(used, replace(SILENT, state="stopped"))
    assert steps(admin)["load"]["problem"]["next_step"] == "amalimart up"
    turned(used, FOLLOWING)
    marketplace.steps = ()
    load = steps(admin)["load"]
    assert (load["state"], load["problem"]["what"]) == ("trouble", "The first release is being built.")


def test_alone_is_not_yet_a_team(sign_in: SignIn, used: AppServices) -> None:
    admin = sign_in("admin")
    for user in used.control.users.list():
        if user.role.value != "admin":
            used.control.users.update(user.email, enabled=False)
    people = steps(admin)["people"]
    assert (people["state"], people["people"]) == ("now", 1)
    assert 'href="/start"' in admin.get("/dashboards/admin").text
