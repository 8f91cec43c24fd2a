"""A shop whose people schedule questions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from amalimart.access.principal import Role
from tests.api.scheduled_shop import ScheduledShop, march, scheduled_shop
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScheduledShop]:
    with scheduled_shop(tmp_path_factory.mktemp("scheduled")) as made:
        made.services.control.users.add(
            "esi@shop.test", display_name="Esi", role=Role.VENDOR, password=PASSWORD, vendor_ids=["vA"]
        )
        yield made


@pytest.fixture(scope="module")
def clients(scheduled: ScheduledShop) -> dict[str, TestClient]:
    shops = {name: f"{name}@shop.test" for name in ("ama", "kofi", "esi")}
    roles = {name: f"{name}@demo.test" for name in ("admin", "analyst", "support")}
    return {name: scheduled.shop.client(email) for name, email in (shops | roles).items()}


@pytest.fixture(autouse=True)
def _nothing_kept(scheduled: ScheduledShop) -> Iterator[None]:
    yield
    with scheduled.services.control.engine.begin() as connection:
        connection.execute(text("delete from saved_questions"))
    scheduled.files.remove(scheduled.kept())
    scheduled.clock.instant = march(20)
    scheduled.is_erasing = False
