"""Signing in by a real provider on this machine, from the sign-in page to the page that was wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from amalimart.access.principal import Role
from amalimart.api.identity import COOKIE
from amalimart.api.ports.coming_in import SignInOptions
from amalimart.api.services import AppServices
from amalimart.control.single_sign_on.exchange import Exchange
from amalimart.control.single_sign_on.flow import SingleSignOn
from amalimart.control.single_sign_on.linking import Linking
from amalimart.control.single_sign_on.provider import IdentityProvider
from amalimart.core.clock import SystemClock
from amalimart.web.signing_in_elsewhere import STATE_COOKIE, WAY_BACK
from amalimart.web.site import create_site
from tests.control.fake_provider import settings
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import PASSWORD, make_services
from tests.web.oidc_server import know, running_provider, sent_back, turned_down
from tests.web.site_fixtures import ORIGIN

AMA = {"email": "ama@example.com", "email_verified": True, "name": "Ama <b>Serwaa</b>", "groups": ["bosses"]}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as address:
        yield address


def with_provider(services: AppServices, issuer: str, *, passwords: bool = True) -> AppServices:
    chosen = settings(name="Example <ID>", issuer=issuer)
    clock = SystemClock()
    provider = IdentityProvider(chosen, "s3cret", clock, Exchange(chosen.name, 5))
    flow = SingleSignOn(
        chosen, provider, Linking(services.control.engine, clock, maps_roles=True), clock, lambda: [*Role]
    )
    return dataclasses.replace(services, sign_in=SignInOptions(passwords, flow))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServices]:
    services = make_services(tmp_path_factory.mktemp("site"), FakeMarketplace(), is_demo=False)
    yield services
    services.control.close()


@pytest.fixture(scope="module")
def site(made: AppServices, issuer: str) -> FastAPI:
    return create_site(with_provider(made, issuer))


@pytest.fixture
def stranger(site: FastAPI) -> TestClient:
    return TestClient(site, follow_redirects=False)


def gone(client: TestClient, following: str = "/") -> str:
    """Where the browser is sent to sign in."""
    response = client.get("/sign-in/oidc", params={"following": following})
    assert response.status_code == 303
    assert response.headers["cache-control"] == "no-store"
    return response.headers["location"]


def back(client: TestClient, location: str) -> tuple[int, str]:
    """Status of coming back, and where to, or the page."""
    parts = urlsplit(location)
    assert parts.path == WAY_BACK
    response = client.get(f"{parts.path}?{parts.query}")
    return response.status_code, response.headers.get("location", response.text)


def test_a_person_signs_in_and_comes_to_the_page_that_was_wanted(
    stranger: TestClient, made: AppServices, issuer: str
) -> None:
    know(issuer, "ama", AMA)
    page = stranger.get("/sign-in?following=/status").text
    assert "Sign in with Example &lt;ID&gt;" in page
    assert 'href="/sign-in/oidc?following=/status"' in page
    assert back(stranger, sent_back(gone(stranger, "/status"), "ama")) == (303, "/status")
    user = made.control.users.get("ama@example.com")
    assert (user.role, user.display_name) == (Role.ADMIN, "Ama <b>Serwaa</b>")
    assert stranger.get("/status").status_code == 200
    assert STATE_COOKIE not in stranger.cookies
    assert "Se connecter avec" in stranger.get("/sign-in", headers={"Accept-Language": "fr"}).text


def test_what_came_back_once_opens_nothing_twice_nor_in_another_browser(
    site: FastAPI, stranger: TestClient, made: AppServices, issuer: str
) -> None:
    know(issuer, "ama", AMA)
    location = sent_back(gone(stranger), "ama")
    other = TestClient(site, follow_redirects=False)
    status, page = back(other, location)
    assert (status, "not begun in this browser" in page, COOKIE in other.cookies) == (401, True, False)
    assert back(stranger, location)[0] == 303
    status, page = back(stranger, location)
    assert (status, "not begun in this browser" in page) == (401, True)
    assert [each.email for each in made.control.users.list()].count("ama@example.com") == 1


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email_verified": False}, "does not vouch for your e-mail address"),
        ({"groups": ["others"]}, "No role of this site"),
    ],
)
def test_who_may_not_is_told_so_and_has_no_session(
    stranger: TestClient, made: AppServices, issuer: str, claims: dict[str, object], said: str
) -> None:
    know(issuer, "kofi", {**AMA, "email": "kofi@example.com", **claims})
    status, page = back(stranger, sent_back(gone(stranger), "kofi"))
    assert (status, said in page, COOKIE in stranger.cookies) == (401, True, False)
    assert made.control.users.find("kofi@example.com") is None


def test_who_declines_there_is_back_at_the_sign_in_page(stranger: TestClient) -> None:
    asked = gone(stranger)
    state = parse_qs(urlsplit(asked).query)["state"][0]
    location = turned_down(asked)
    if "state=" not in location:  # this provider leaves it out when somebody declines
        location += f"&state={state}"
    status, page = back(stranger, location)
    assert (status, "did not sign you in" in page) == (401, True)


@pytest.mark.parametrize("following", ["https://evil.test", "//evil.test", "/\\evil.test", "/sign-out"])
def test_the_way_on_never_leaves_the_site(stranger: TestClient, issuer: str, following: str) -> None:
    know(issuer, "ama", AMA)
    assert back(stranger, sent_back(gone(stranger, following), "ama")) == (303, "/")


def test_passwords_can_be_switched_off(made: AppServices, issuer: str) -> None:
    client = TestClient(create_site(with_provider(made, issuer, passwords=False)), follow_redirects=False)
    page = client.get("/sign-in").text
    assert 'type="password"' not in page
    assert "/sign-in/oidc" in page
    form = {"email": "admin@demo.test", "password": PASSWORD}
    assert client.post("/sign-in", data=form, headers=ORIGIN).status_code == 404
    assert COOKIE not in client.cookies


def test_a_provider_that_is_down_is_a_calm_page_with_the_password_beside_it(made: AppServices) -> None:
    client = TestClient(create_site(with_provider(made, "http://127.0.0.1:9")), follow_redirects=False)
    response = client.get("/sign-in/oidc?following=/status")
    assert response.status_code == 503
    assert "does not answer at the moment" in response.text
    assert "127.0.0.1:9" not in response.text
    assert 'value="/status"' in response.text
    form = {"email": "admin@demo.test", "password": PASSWORD}
    assert client.post("/sign-in", data=form, headers=ORIGIN).status_code == 303


def test_without_a_provider_there_is_no_such_way(made: AppServices) -> None:
    client = TestClient(create_site(made), follow_redirects=False)
    assert "/sign-in/oidc" not in client.get("/sign-in").text
    for path in ("/sign-in/oidc", WAY_BACK):
        assert client.get(path).status_code == 404
