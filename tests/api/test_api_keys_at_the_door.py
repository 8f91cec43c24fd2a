"""Programs at the door: a key opens the JSON interface, and nothing else does in its place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from amalimart.access.principal import Role
from amalimart.api.identity import COOKIE
from amalimart.api.services import AppServices
from amalimart.core.clock import FixedClock
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import NOON

QUESTION = {"metrics": ["gmv"], "grain": "month"}


def _shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def key(services: AppServices) -> str:
    _, whole = services.control.api_keys.add(
        "bi", by="op", role=Role.ANALYST, expires_after=timedelta(days=30)
    )
    return whole


def test_a_key_asks_and_posts_without_a_page_of_ours(stranger: TestClient, key: str) -> None:
    assert stranger.get("/api/v1/metrics", headers=_shown(key)).status_code == 200
    assert stranger.get("/api/v1/metrics", headers={"Authorization": f"bearer  {key} "}).status_code == 200
    assert stranger.post("/api/v1/query", json=QUESTION, headers=_shown(key)).status_code == 200


def test_a_revoked_key_is_refused_at_the_next_request(
    stranger: TestClient, services: AppServices, key: str
) -> None:
    assert stranger.get("/api/v1/metrics", headers=_shown(key)).status_code == 200
    services.control.api_keys.revoke("bi", by="op")
    refused = stranger.get("/api/v1/metrics", headers=_shown(key))
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "not_signed_in"


def test_an_expired_key_is_refused(stranger: TestClient, services: AppServices, key: str) -> None:
    services.control.api_keys._clock = FixedClock(NOON + timedelta(days=30))
    assert stranger.get("/api/v1/metrics", headers=_shown(key)).status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer amk_", "Basic eDp5", "amk_x", "Bearer " + "a" * 5000]
)
def test_what_is_no_key_opens_nothing(stranger: TestClient, header: str) -> None:
    refused = stranger.get("/api/v1/metrics", headers={"Authorization": header})
    assert refused.status_code == 401
    assert set(refused.json()) == {"error"}


def test_where_a_token_is_shown_no_cookie_counts(admin: TestClient, services: AppServices) -> None:
    """Else a foreign page's request would pass the check of its origin and act with the reader's session."""
    assert admin.get("/api/v1/metrics").status_code == 200
    shown = {"Authorization": "Bearer x", "Origin": "http://evil.test"}
    assert admin.post("/api/v1/query", json=QUESTION, headers=shown).status_code == 401
    assert services.control.sessions.resolve(admin.cookies[COOKIE]) is not None
    other = {"Authorization": "Basic eDp5", "Origin": "http://evil.test"}
    assert admin.post("/api/v1/query", json=QUESTION, headers=other).status_code == 403
    assert admin.post("/sign-out", headers=shown).status_code == 403


def test_a_key_opens_no_page(stranger: TestClient, key: str) -> None:
    assert stranger.get("/", headers=_shown(key)).headers["location"].startswith("/sign-in")


def test_a_key_sees_what_its_role_sees(stranger: TestClient, services: AppServices) -> None:
    _, whole = services.control.api_keys.add("portal", by="op", role=Role.SERVICE)
    for path in ("/api/v1/releases", "/api/v1/incidents", "/api/v1/dashboards/admin"):
        assert stranger.get(path, headers=_shown(whole)).status_code in {403, 404}
    assert stranger.get("/api/v1/dashboards", headers=_shown(whole)).json() == {"dashboards": []}
