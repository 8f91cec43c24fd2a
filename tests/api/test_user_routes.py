"""Users and policies by the interface: for admins alone, told whole, and in force at the next request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amalimart.api.services import AppServices
from amalimart.control.audit.decisions import entries
from amalimart.semantic.role_policies import role_policies
from amalimart.web.site import create_site
from tests.api.shop_site import shop_model, shop_policies
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_policies import POLICIES
from tests.web.fake_site import make_services
from tests.web.site_fixtures import ORIGIN, signing_in

USERS = "/api/v1/users"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[AppServices]:
    made = replace(make_services(tmp_path, FakeMarketplace()), policies=lambda: POLICIES)
    yield made
    made.control.close()


@pytest.fixture
def signed_in(services: AppServices) -> Callable[[str], TestClient]:
    return signing_in(services)


@pytest.fixture
def admin(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("admin")


def added(admin: TestClient, **more: Any) -> dict[str, Any]:
    body = {"email": "kofi@example.com", "role": "vendor", "vendor_ids": ["17"], **more}
    response = admin.post(USERS, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    told: dict[str, Any] = response.json()
    return told


def test_a_user_is_added_signs_in_and_is_gone_at_the_request_after_being_disabled(
    services: AppServices, admin: TestClient
) -> None:
    told = added(admin, name="Kofi")
    user = told["user"]
    assert (user["email"], user["role"], user["vendor_ids"]) == ("kofi@example.com", "vendor", ["17"])
    theirs = TestClient(create_site(services), follow_redirects=False, headers=ORIGIN)
    form = {"email": "kofi@example.com", "password": told["password"]}
    assert theirs.post("/sign-in", data=form).status_code == 303
    assert theirs.get("/api/v1/dashboards").status_code == 200
    assert theirs.get(f"{USERS}/{user['user_id']}").status_code == 403
    (listed,) = [each for each in admin.get(USERS).json()["users"] if each["email"] == "kofi@example.com"]
    assert len(listed["sessions"]) == 1
    assert "password" not in {name for name in listed if name != "has_password"}
    assert admin.post(f"{USERS}/{user['user_id']}/disable", json={}).json()["enabled"] is False
    assert theirs.get("/api/v1/dashboards").status_code == 401
    assert [each.subject for each in entries(services.control.engine)] == ["admin@demo.test"] * 2


def test_a_changed_role_holds_at_the_next_request(
    services: AppServices, admin: TestClient, signed_in: Callable[[str], TestClient]
) -> None:
    theirs = signed_in("analyst")
    assert theirs.get("/dashboards/analyst").status_code == 200
    user_id = services.control.users.get("analyst@demo.test").user_id
    body = {"role": "vendor", "vendor_ids": ["v1"]}
    assert admin.post(f"{USERS}/{user_id}/edit", json=body).json()["role"] == "vendor"
    assert theirs.get("/dashboards/analyst").status_code == 404
    assert theirs.get("/dashboards/vendor").status_code == 200


REFUSED: tuple[tuple[str, dict[str, Any], int, str], ...] = (
    ("", {"email": "no address", "role": "admin"}, 400, "user_invalid"),
    ("", {"email": "admin@demo.test", "role": "admin"}, 400, "user_invalid"),
    ("", {"email": "a@b.test", "role": "vendor"}, 400, "user_invalid"),
    ("", {"email": "a@b.test", "role": "service"}, 400, "user_invalid"),
    ("", {"email": "a@b.test", "role": "root"}, 400, "user_invalid"),
    ("", {"email": "a@b.test", "role": "no role"}, 400, "query_invalid"),
    ("", {"email": "a@b.test", "role": "admin", "enabled": True}, 400, "query_invalid"),
    ("/1/disable", {}, 409, "last_admin"),
    ("/1/edit", {"role": "analyst"}, 409, "last_admin"),
    ("/99/edit", {"name": "x"}, 404, "not_found"),
    ("/99/password", {}, 404, "not_found"),
    ("/0/enable", {}, 400, "query_invalid"),
)


def test_what_cannot_be_is_one_clear_error(admin: TestClient, services: AppServices) -> None:
    assert services.control.users.get("admin@demo.test").user_id == 1
    for path, body, status, code in REFUSED:
        response = admin.post(USERS + path, json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code), (path, body)
    assert entries(services.control.engine) == []


@pytest.mark.parametrize("name", ["analyst", "vendor"])
def test_for_others_there_are_no_users_and_no_policies(
    signed_in: Callable[[str], TestClient], services: AppServices, name: str
) -> None:
    theirs = signed_in(name)
    for path in (USERS, f"{USERS}/1", "/api/v1/policies"):
        assert theirs.get(path).status_code == 403
    for verb in ("edit", "disable", "enable", "sign-out", "password", "unlink"):
        assert theirs.post(f"{USERS}/1/{verb}", json={}).status_code == 403
    assert theirs.post(USERS, json={"email": "a@b.test", "role": "admin"}).status_code == 403
    assert theirs.get("/users").status_code == 404
    assert entries(services.control.engine) == []


def test_policies_are_told_as_they_are_enforced(admin: TestClient) -> None:
    told = admin.get("/api/v1/policies").json()
    assert [each["role"] for each in told["policies"]] == ["admin", "vendor", "service"]
    assert told["policies"][1]["datasets"][0]["rows"] == {
        "kind": "own",
        "column": "vendor_id",
        "of": "vendor_ids",
    }
    policies, model = shop_policies(), shop_model()
    whole = role_policies(policies, model)
    assert {each.role for each in whole} >= {policy.role.value for policy in policies}
    for each in whole:
        for policy in policies:
            if policy.role.value != each.role:
                continue
            for metric in model.metrics:
                assert (each.metrics is None or metric in each.metrics) == policies.may_use_metric(
                    policy.role, metric
                )
            for dataset in each.datasets:
                rule = policies.scan_rule(policy.role, dataset.name)
                fields = model.datasets[dataset.name].fields.values()
                allowed = {field.name for field in fields if rule.allows(field.name, field.data_class)}
                assert allowed.isdisjoint(dataset.withheld)
                assert len(allowed) + len(dataset.withheld) == len(list(fields))


def test_every_route_of_users_is_described_with_an_example(services: AppServices) -> None:
    document = create_site(services).openapi()
    routes = {
        path: told for path, told in document["paths"].items() if "/users" in path or "/policies" in path
    }
    assert len(routes) == 9
    for path, methods in routes.items():
        for method, told in methods.items():
            assert told["summary"], (method, path)
            assert "example" in told["responses"]["200"]["content"]["application/json"], (method, path)
