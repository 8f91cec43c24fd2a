"""Fixtures of a site on the fake marketplace, used by the tests of the API and of the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amalimart.api.services import AppServices
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import PASSWORD, make_services

ORIGIN = {"Origin": "http://testserver"}


@pytest.fixture
def marketplace() -> FakeMarketplace:
    return FakeMarketplace()


@pytest.fixture
def services(tmp_path: Path, marketplace: FakeMarketplace) -> Iterator[AppServices]:
    made = make_services(tmp_path, marketplace)
    yield made
    made.control.close()


@pytest.fixture
def stranger(services: AppServices) -> TestClient:
    """Nobody: no session."""
    return TestClient(create_site(services), follow_redirects=False, raise_server_exceptions=False)


def signing_in(services: AppServices) -> Callable[[str], TestClient]:
    """Makes a client of a site of its own, signed in as one of the demo users."""

    def sign_in(name: str) -> TestClient:
        client = TestClient(
            create_site(services), follow_redirects=False, raise_server_exceptions=False, headers=ORIGIN
        )
        form = {"email": f"{name}@demo.test", "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 303
        return client

    return sign_in


@pytest.fixture
def signed_in(services: AppServices) -> Callable[[str], TestClient]:
    """A client signed in as one of the demo users."""
    return signing_in(services)


@pytest.fixture
def admin(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("admin")
