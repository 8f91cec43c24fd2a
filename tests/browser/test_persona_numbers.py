"""Each persona's first screen in a browser, number by number beside what the interface answers them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

PERSONAS = [
    "vendor",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("admin", "executive", "support", "delivery", "analyst")
    ),
]
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def is_told(shown: str, value: str | float | None, unit: str) -> bool:
    """Whether a text says a number, to the digits that it shows."""
    if value is None:
        return NUMBER.search(shown) is None
    exact = Decimal(str(value)) * (100 if unit == "percent" else 1)
    said = NUMBER.search(shown.replace("\u2212", "-"))
    if said is None:
        return False
    told = Decimal(said[0].replace(",", ""))
    return abs(told - exact) <= Decimal((0, (5,), int(told.as_tuple().exponent) - 1))


@pytest.mark.parametrize("name", PERSONAS)
def test_every_number_of_the_first_screen_is_the_one_of_the_interface(visit: Visit, name: str) -> None:
    visitor = visit()
    visitor.sign_in(name)
    visitor.settle()
    answer = visitor.page.request.get(f"{visitor.site.url}/api/v1/dashboards/{name}").json()
    compared = 0
    for tile in answer["tiles"]:
        place = visitor.page.locator(f'[data-tile="{tile["id"]}"]')
        kind = place.get_attribute("data-type")
        if kind == "kpi":
            title = place.locator(".value").get_attribute("title") or ""
            assert is_told(title, tile["value"], tile["unit"]), (tile["id"], title, tile["value"])
            compared += 1
        elif kind in {"ranking", "table"}:
            compared += rows_told(place, tile, ".row" if kind == "ranking" else "tbody tr")
    assert compared >= 10


def rows_told(place: Locator, tile: dict[str, Any], row: str) -> int:
    """How many numbers of its rows were compared, each of which is as it was answered."""
    columns = [(at, each) for at, each in enumerate(tile["columns"]) if each["kind"] == "metric"]
    shown = place.locator(row).all()
    assert len(shown) == len(tile["rows"]), tile["id"]
    for line, answered in zip(shown, tile["rows"], strict=True):
        texts = line.inner_text().split("\n" if row == ".row" else "\t")[-len(columns) :]
        for text, (at, column) in zip(texts, columns, strict=True):
            assert is_told(text, answered[at], column["unit"]), (tile["id"], text, answered[at])
    return len(shown) * len(columns)


def test_a_number_that_differs_is_seen() -> None:
    assert is_told("GH₵1,789,264.20", "1789264.20", "money")
    assert is_told("91.2%", 0.9121, "percent")
    assert not is_told("91.3%", 0.9121, "percent")
    assert not is_told("GH₵1,789,264.21", "1789264.20", "money")
    assert is_told("–", None, "money")
    assert not is_told("–", "0.00", "money")
