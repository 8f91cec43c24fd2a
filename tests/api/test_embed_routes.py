"""A portal mints tokens with its key; a token opens one dashboard as its vendors, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from amalimart.access.audit_record import Asked, Outcome
from amalimart.access.embed_tokens import EmbedTokens, embed_key
from amalimart.access.principal import Principal, Role
from amalimart.api.services import AppServices
from amalimart.core.clock import FixedClock
from amalimart.core.errors import AuditUnavailable
from amalimart.observe.work import current_work
from amalimart.orchestrate.project.embedding import EmbedDesk
from amalimart.semantic.question import Question
from amalimart.web.site import create_site
from tests.api.test_door import filled, routes_of
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import NOON, FakeMarketplace
from tests.web.fake_site import make_services

SECRET = "dO0cFYBXjJPnV3l8Q2aRwTzKe6hUgS9m"
MINT = "/api/v1/embed-tokens"
PAGE = "/api/v1/dashboards/vendor"


class Kept(list[Asked]):
    is_full = False

    def record(self, asked: Asked) -> None:
        if self.is_full:
            raise AuditUnavailable("no")
        self.append(asked)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def services(tmp_path: Path, marketplace: FakeMarketplace, kept: Kept) -> Iterator[AppServices]:
    made = make_services(tmp_path, marketplace)
    tokens = EmbedTokens(embed_key(SECRET, "EMBED_KEY"), "here", made.clock)
    yield replace(made, embed=EmbedDesk(tokens, made.control.api_keys, kept, made.clock))
    made.control.close()


@pytest.fixture
def portal(services: AppServices) -> str:
    return services.control.api_keys.add("portal", by="op", role=Role.SERVICE)[1]


def shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def minted(client: TestClient, key: str, *vendors: str, **more: object) -> str:
    body = {"vendor_ids": vendors or ["17"], "dashboard": "vendor", **more}
    response = client.post(MINT, json=body, headers=shown(key))
    assert response.status_code == 200, response.text
    return str(response.json()["token"])


def test_a_token_opens_its_dashboard_as_its_vendors(
    stranger: TestClient, portal: str, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[tuple[Principal, str]] = []
    ask = FakeMarketplace.ask_all

    def noted(
        self: FakeMarketplace, questions: Sequence[Question], principal: Principal, *rest: Sequence[str]
    ) -> object:
        readers.append((principal, current_work().door))
        return ask(self, questions, principal, *rest)

    monkeypatch.setattr(FakeMarketplace, "ask_all", noted)
    token = minted(stranger, portal, "17", "23", viewer="ama", seconds=60)
    page = stranger.get(PAGE, headers=shown(token))
    assert page.status_code == 200
    assert page.json()["dashboard"] == "vendor"
    ((reader, door),) = readers
    assert door == "api"
    assert (reader.role, sorted(reader.vendor_ids)) == (Role.VENDOR, ["17", "23"])
    assert reader.subject == "embed:portal:ama"
    (told,) = kept
    assert (told.subject, told.kind, told.outcome) == ("key:portal", "embed", Outcome.ANSWERED)
    assert told.shape == {"embed": "vendor", "vendors": 2}


def test_a_token_may_be_for_businesses_within_those_of_its_key(
    stranger: TestClient, services: AppServices, portal: str
) -> None:
    desk = services.embed
    assert isinstance(desk, EmbedDesk)
    reader, _ = desk.opened(minted(stranger, portal, vendor_ids=[], business_ids=["b1"]))
    assert ([*reader.vendor_ids], [*reader.business_ids]) == ([], ["b1"])
    _, bound = services.control.api_keys.add("shops", by="op", role=Role.SERVICE, business_ids=["b1"])
    minted(stranger, bound, vendor_ids=[], business_ids=["b1"])
    for ids in (
        {"business_ids": ["b2"]},
        {"vendor_ids": ["17"]},
        {"vendor_ids": ["17"], "business_ids": ["b1"]},
    ):
        body: dict[str, object] = {"dashboard": "vendor", **ids}
        assert stranger.post(MINT, json=body, headers=shown(bound)).status_code == 403
    _, of_vendors = services.control.api_keys.add("two", by="op", role=Role.SERVICE, vendor_ids=["17"])
    body = {"dashboard": "vendor", "business_ids": ["b1"]}
    assert stranger.post(MINT, json=body, headers=shown(of_vendors)).status_code == 403


def test_a_token_opens_nothing_else(stranger: TestClient, services: AppServices, portal: str) -> None:
    token = minted(stranger, portal)
    headers = {**shown(token), "Origin": "http://testserver"}
    tried = 0
    for verb, path in routes_of(create_site(services)):
        if not path.startswith("/api/") or path == "/api/v1/health":
            continue
        tried += 1
        response = stranger.request(verb, filled(path), headers=headers)
        assert response.status_code == 403, (verb, path)
        assert response.json()["error"]["code"] == "denied"
    assert tried >= 15
    assert stranger.get("/", headers=headers).status_code == 303


def test_a_token_ends(stranger: TestClient, services: AppServices, portal: str) -> None:
    token = minted(stranger, portal, seconds=60)
    assert stranger.get(PAGE, headers=shown(token)).status_code == 200
    desk = services.embed
    assert isinstance(desk, EmbedDesk)
    desk._tokens._clock = FixedClock(NOON + timedelta(seconds=91))
    refused = stranger.get(PAGE, headers=shown(token))
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_signed_in")


def test_with_its_key_a_token_is_revoked(stranger: TestClient, services: AppServices, portal: str) -> None:
    token = minted(stranger, portal)
    services.control.api_keys.revoke("portal", by="op")
    assert stranger.get(PAGE, headers=shown(token)).status_code == 401
    assert stranger.post(MINT, json={}, headers=shown(portal)).status_code == 401


def test_a_key_with_vendors_mints_for_those_alone(
    stranger: TestClient, services: AppServices, kept: Kept
) -> None:
    _, key = services.control.api_keys.add("two", by="op", role=Role.SERVICE, vendor_ids=["17", "23"])
    minted(stranger, key, "17", "23")
    body = {"vendor_ids": ["17", "99"], "dashboard": "vendor"}
    assert stranger.post(MINT, json=body, headers=shown(key)).status_code == 403
    assert [told.outcome for told in kept] == [Outcome.ANSWERED, Outcome.DENIED]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST, Role.EXECUTIVE])
def test_keys_of_other_roles_mint_nothing(stranger: TestClient, services: AppServices, role: Role) -> None:
    _, key = services.control.api_keys.add("other", by="op", role=role)
    body = {"vendor_ids": ["17"], "dashboard": "vendor"}
    assert stranger.post(MINT, json=body, headers=shown(key)).status_code == 403


def test_a_session_and_a_token_mint_nothing(stranger: TestClient, admin: TestClient, portal: str) -> None:
    body = {"vendor_ids": ["17"], "dashboard": "vendor"}
    assert admin.post(MINT, json=body).status_code == 403
    assert stranger.post(MINT, json=body, headers=shown(minted(stranger, portal))).status_code == 403


@pytest.mark.parametrize("name", ["admin", "nothing", "../vendor"])
def test_a_dashboard_that_vendors_may_not_open_is_not_there(
    stranger: TestClient, portal: str, name: str
) -> None:
    body = {"vendor_ids": ["17"], "dashboard": name}
    assert stranger.post(MINT, json=body, headers=shown(portal)).status_code == 404


@pytest.mark.parametrize(
    "more",
    [{"vendor_ids": []}, {"seconds": 3601}, {"seconds": 0}, {"role": "admin"}, {"vendor_ids": ["x" * 65]}],
)
def test_what_no_token_may_be_is_refused(stranger: TestClient, portal: str, more: dict[str, object]) -> None:
    body = {"vendor_ids": ["17"], "dashboard": "vendor", **more}
    assert stranger.post(MINT, json=body, headers=shown(portal)).status_code == 400


def test_a_token_that_cannot_be_recorded_is_not_minted(stranger: TestClient, portal: str, kept: Kept) -> None:
    kept.is_full = True
    refused = stranger.post(MINT, json={"vendor_ids": ["17"], "dashboard": "vendor"}, headers=shown(portal))
    assert (refused.status_code, set(refused.json())) == (503, {"error"})
