"""docs/coverage.md: each question it lists is opened as the person who asks it, and the tile has a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amalimart.access.principal import Role
from tests.api.shop_site import Shop, opened_shop

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
ROW = re.compile(r"^\| ([^|]+) \| (\w+) \| \[(/[^]]+)\]\([^)]+\) \| ([^|]+) \|$", re.MULTILINE)
LISTED = [
    (question, who, address, tile)
    for question, who, address, tiles in ROW.findall(PAGE.read_text(encoding="utf-8"))
    for tile in re.findall(r"`(\w+)`", tiles)
]
EMAILS = {"vendor": "ama@shop.test", "delivery": "swift@shop.test"}
DAYS = "range=custom&from=2023-06-01&to=2024-03-20"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("coverage")) as made:
        made.services.rate._per_second = made.services.rate._burst = 10**9
        yield made


@pytest.fixture(scope="module")
def opened(shop: Shop) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """Each page that is listed, as its reader gets it: the frame, and what fills it."""
    told = {}
    for who in dict.fromkeys(who for _, who, _, _ in LISTED):
        client = shop.client(EMAILS.get(who, f"{who}@demo.test"))
        for address in dict.fromkeys(each for _, role, each, _ in LISTED if role == who):
            frame = client.get(address)
            assert frame.status_code == 200, (who, address)
            query = "" if address == "/payouts" else f"?{DAYS}"
            told[who, address] = (frame.text, client.get(f"/api/v1{address}{query}").json())
    return told


def test_every_person_has_questions_on_the_own_first_screen() -> None:
    people = {role.value for role in Role} - {"service"}
    homes = {who for _, who, address, _ in LISTED if address == f"/dashboards/{who}"}
    assert homes == people
    assert len(LISTED) > 70


def value_of(tile: dict[str, Any]) -> object:
    """A number, which may be 0, or rows of which there is one."""
    found = (tile.get(key) for key in ("value", "rows", "cells", "steps"))
    return next((each for each in found if each is not None and each != []), None)


@pytest.mark.parametrize(("question", "who", "address", "tile"), LISTED)
def test_a_question_is_answered(
    opened: dict[tuple[str, str], tuple[str, dict[str, Any]]],
    question: str,
    who: str,
    address: str,
    tile: str,
) -> None:
    frame, told = opened[who, address]
    if address == "/payouts":
        assert told[tile], question
    elif address.startswith("/scorecards/"):
        (measure,) = (each for each in told["measures"] if each["metric"] == tile)
        assert measure["value"] is not None, question
    else:
        assert f'data-tile="{tile}"' in frame
        (shown,) = (each for each in told["tiles"] if each["id"] == tile)
        assert shown["status"] == "ok", (question, shown.get("message"))
        assert shown["type"] == "work" or value_of(shown) is not None, question
