"""The explorer over a real warehouse file and the packaged policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from amalimart.api.ports.coming_in import DemoAccount
from amalimart.web.site import create_site
from tests.api.shop_site import opened_shop
from tests.browser.explorer.explorer_page import Bazaar
from tests.web.fake_lineage import FakeLineage
from tests.web.fake_site import serving

PEOPLE = ("admin@demo.test", "analyst@demo.test", "ama@shop.test", "kofi@shop.test", "swift@shop.test")


@pytest.fixture(scope="module")
def bazaar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazaar]:
    folder = tmp_path_factory.mktemp("bazaar")
    with opened_shop(folder) as shop:
        shop.services.rate._per_second = shop.services.rate._burst = 10**9
        offered = tuple(DemoAccount(email, "own") for email in PEOPLE)
        services = replace(shop.services, demo_accounts=offered, lineage_desk=FakeLineage())
        with serving(create_site(services)) as url:
            yield Bazaar(url, shop)


@pytest.fixture
def site(bazaar: Bazaar) -> Bazaar:
    """The shop, with nothing kept."""
    with bazaar.shop.services.control.engine.begin() as connection:
        connection.execute(text("delete from saved_questions"))
    return bazaar
