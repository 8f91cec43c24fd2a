from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI

from amalimart.access.principal import Principal, Role
from amalimart.api.app import create_app
from amalimart.api.identity import COOKIE
from amalimart.api.middleware import LARGEST_BODY
from amalimart.api.ports.site import EngineStatus, Phase
from amalimart.api.services import AppServices
from amalimart.core.clock import FixedClock
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import NOON
from tests.web.fake_site import PASSWORD, with_settings

ORIGIN = {"Origin": "http://testserver"}
OPEN_TO_ALL = {
    "/api/v1/health",
    "/language",
    "/sign-in",
    "/sign-in/demo",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
    "/sign-out",
    "/static/{version}/{name:path}",
    "/vega/{version}.js",
}


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """Every verb and full path that the application routes, found in its routers."""
    found: list[tuple[str, str]] = []
    for route in app.routes:
        contexts = getattr(route, "effective_route_contexts", None)
        declared: Iterable[Any] = contexts() if contexts else [route]
        for each in declared:
            found += [(verb, each.path) for verb in each.methods]
    return sorted(found)


def filled(path: str) -> str:
    """A path with its parameters filled in."""
    return path.replace("{name:path}", "x.js").replace("{version}", "x").replace("{name}", "admin")


def test_no_route_answers_a_stranger_but_the_listed_ones(services: AppServices, stranger: TestClient) -> None:
    routes = routes_of(create_site(services))
    assert len(routes) >= 18
    assert {path for _, path in routes} >= OPEN_TO_ALL
    for verb, path in routes:
        response = stranger.request(verb, filled(path), headers=ORIGIN)
        if path in OPEN_TO_ALL:
            assert response.status_code != 401 or path == "/sign-in", path
        elif path.startswith("/api/") or path == "/metrics":
            assert response.status_code == 401, path
            assert response.json()["error"]["code"] == "not_signed_in"
        else:
            assert response.status_code == 303, path
            assert response.headers["location"].startswith("/sign-in"), path


@pytest.mark.parametrize("token", ["", "x", "../../etc/passwd", "a" * 5000, "'; drop table sessions; --"])
def test_a_made_up_cookie_opens_nothing(stranger: TestClient, token: str) -> None:
    response = stranger.get("/api/v1/metrics", headers={"Cookie": f"{COOKIE}={token}"})
    assert response.status_code == 401


def test_an_ended_session_opens_nothing(admin: TestClient, services: AppServices) -> None:
    assert admin.get("/api/v1/metrics").status_code == 200
    services.control.sessions._clock = FixedClock(NOON + timedelta(hours=9))
    assert admin.get("/api/v1/metrics").status_code == 401


def test_signing_out_ends_the_session_on_the_server_too(admin: TestClient) -> None:
    token = admin.cookies[COOKIE]
    left = admin.post("/sign-out")
    assert left.headers["location"] == "/sign-in"
    assert COOKIE not in admin.cookies
    assert admin.get("/api/v1/metrics", headers={"Cookie": f"{COOKIE}={token}"}).status_code == 401


@pytest.mark.parametrize(("scheme", "is_secure"), [("http", False), ("https", True)])
def test_the_cookie_is_closed_to_scripts_and_other_sites(
    services: AppServices, scheme: str, *, is_secure: bool
) -> None:
    client = TestClient(create_site(services), base_url=f"{scheme}://testserver", follow_redirects=False)
    form = {"email": "admin@demo.test", "password": PASSWORD}
    response = client.post("/sign-in", data=form, headers={"Origin": f"{scheme}://testserver"})
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert ("secure" in cookie) is is_secure


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"Origin": "http://testserver"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Origin": "http://evil.test"}, False),
        ({"Origin": "http://testserver.evil.test"}, False),
        ({"Origin": "http://testserver:81"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[::1"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, False),
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/demo", "/sign-out", "/api/v1/query"])
def test_only_our_own_pages_may_change_something(
    stranger: TestClient, headers: dict[str, str], path: str, *, is_let_in: bool
) -> None:
    response = stranger.post(path, data={"email": "admin@demo.test"}, headers=headers)
    assert (response.status_code != 403) is is_let_in
    if not is_let_in:
        assert "set-cookie" not in response.headers


def test_every_answer_carries_the_security_headers(admin: TestClient, stranger: TestClient) -> None:
    answers = [
        admin.get("/dashboards/admin"),
        admin.get("/api/v1/dashboards/admin"),
        admin.get("/api/v1/nothing"),
        stranger.get("/sign-in"),
        stranger.get("/"),
        stranger.post("/sign-in", data={}),
        stranger.get("/static/x/y.js"),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "*" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-request-id"]


def test_a_foreign_host_name_is_refused_where_hosts_are_named(services: AppServices) -> None:
    named = with_settings(services, allowed_hosts=("127.0.0.1", "shop.test"))
    client = TestClient(create_site(named), follow_redirects=False)
    for host, status in (
        ("127.0.0.1:8000", 200),
        ("SHOP.test", 200),
        ("evil.test", 403),
        ("shop.test.evil", 403),
        ("[", 403),
        ("[::1", 403),
        ("", 403),
    ):
        assert client.get("/api/v1/health", headers={"Host": host}).status_code == status, host


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/query", "/sign-in/demo", "/api/v1/nothing"])
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_without_end_is_refused_before_it_fills_the_memory(
    stranger: TestClient, path: str, *, is_declared: bool
) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 60 * LARGEST_BODY:
            sent += 100_000
            yield b"x" * 100_000

    kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
    headers = {**ORIGIN, "Content-Type": kind}
    if is_declared:
        headers["Content-Length"] = str(10**12)
    response = stranger.post(path, content=endless(), headers=headers)
    assert "set-cookie" not in response.headers
    if path != "/api/v1/nothing":
        assert response.status_code == 413
    assert response.headers["content-security-policy"]


def test_a_body_within_the_bound_is_read_whole(stranger: TestClient) -> None:
    form = {"email": "nobody@demo.test", "password": "p" * 1900, "following": "/" + "f" * 1900}
    assert stranger.post("/sign-in", data=form, headers=ORIGIN).status_code == 401


@pytest.mark.parametrize("name", ["executive", "analyst", "support", "vendor", "delivery"])
def test_only_an_admin_reads_why_a_release_is_held_back(
    services: AppServices, signed_in: Callable[[str], TestClient], name: str
) -> None:
    """The reason may quote a value of anybody's row."""
    reason = "the model gold.dim_customers failed: could not convert 'Esi Mensah' to INT"
    for phase in (Phase.HELD, Phase.PREPARING):
        held = replace(services, status=partial(EngineStatus, phase, reason))
        site = create_site(held)
        for who, is_told in ((name, False), ("admin", True)):
            token = signed_in(who).cookies[COOKIE]
            response = TestClient(site).get("/api/v1/status", headers={"Cookie": f"{COOKIE}={token}"})
            assert response.json()["phase"] == phase.value
            assert ("Esi Mensah" in response.text) is is_told


def test_signing_in_again_ends_the_session_that_the_browser_held(
    signed_in: Callable[[str], TestClient],
) -> None:
    client = signed_in("admin")
    former = client.cookies[COOKIE]
    assert client.post("/sign-in/demo", data={"email": "vendor@demo.test"}).status_code == 303
    assert client.cookies[COOKIE] != former
    client.cookies.clear()
    assert client.get("/api/v1/metrics", headers={"Cookie": f"{COOKIE}={former}"}).status_code == 401


def test_the_operator_needs_no_session_and_may_act_as_a_user(services: AppServices) -> None:
    operator = Principal("operator", Role.ADMIN)
    client = TestClient(create_app(services, local_operator=operator), raise_server_exceptions=False)

    def names(**headers: str) -> list[str]:
        found = client.get("/api/v1/dashboards", headers=headers).json()["dashboards"]
        return [each["name"] for each in found]

    assert names()[0] == "admin"
    assert names(**{"X-Amalimart-As": "vendor@demo.test"}) == ["vendor", "inventory"]
    assert client.post("/api/v1/query", json={"metrics": ["gmv"]}).status_code == 200
    unknown = client.get("/api/v1/dashboards", headers={"X-Amalimart-As": "vendr@demo.test"})
    assert unknown.status_code == 404
    assert unknown.json()["error"]["nearest"] == "vendor@demo.test"


def test_a_browser_cannot_act_as_someone_else(
    signed_in: Callable[[str], TestClient],
) -> None:
    vendor = signed_in("vendor")
    response = vendor.get("/api/v1/dashboards", headers={"X-Amalimart-As": "admin@demo.test"})
    assert [each["name"] for each in response.json()["dashboards"]] == ["vendor", "inventory"]


def test_a_site_without_demo_accounts_offers_and_opens_none(services: AppServices) -> None:
    client = TestClient(create_site(replace(services, demo_accounts=())), follow_redirects=False)
    assert "admin@demo.test" not in client.get("/sign-in").text
    form = {"email": "admin@demo.test"}
    assert client.post("/sign-in/demo", data=form, headers=ORIGIN).status_code == 404
