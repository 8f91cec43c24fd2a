"""Shops for checks: one for all tests that only tamper with its release, which is undone after each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.quality.checked_shop import CheckedShop, Tampered


@pytest.fixture(scope="session")
def whole_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckedShop]:
    opened = CheckedShop(tmp_path_factory.mktemp("checked") / "shop")
    yield opened
    opened.hot_file.close()


@pytest.fixture
def shop(whole_shop: CheckedShop) -> Iterator[Tampered]:
    with whole_shop.tampered() as tampered:
        yield tampered
