"""The explorer's page as tests work it: opened, waited for, and read; and the shop that it is served over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page

from tests.api.shop_site import Shop

if TYPE_CHECKING:
    from tests.browser.conftest import Visitor


DAYS = "from=2024-01-01&to=2024-03-20"
BY_PRODUCT = f"/explore?metrics=total_revenue&by=product&{DAYS}"


@dataclass(frozen=True, slots=True)
class Bazaar:
    """A served shop."""

    url: str
    shop: Shop


def opened(visitor: Visitor, path: str, name: str = "admin") -> Page:
    visitor.sign_in(name)
    visitor.page.goto(visitor.site.url + path)
    settled(visitor.page)
    return visitor.page


def settled(page: Page) -> None:
    """Wait until the answer stands, drawn where it is a drawing, and the fields say what fits."""
    page.wait_for_selector('#explorer[aria-busy="false"] #result[aria-busy="false"]')
    page.wait_for_function(
        """() => document.querySelector('#explorer').dataset.fitted !== undefined
            && [...document.querySelectorAll('.chart')].every((each) => each.dataset.drawn)"""
    )


def asked(page: Page, body: dict[str, Any]) -> dict[str, Any]:
    """What the interface answers to the one who looks at the page."""
    told = page.evaluate(
        """async (body) => (await fetch('/api/v1/query', { method: 'POST', body: JSON.stringify(body),
            headers: { 'Content-Type': 'application/json' } })).json()""",
        {"from": "2024-01-01", "to": "2024-03-20", **body},
    )
    assert "error" not in told, told
    found: dict[str, Any] = told
    return found


def cells(page: Page) -> list[list[str]]:
    return [
        [cell.strip() for cell in row.locator("th, td").all_inner_texts()]
        for row in page.locator("#result tbody tr").all()
    ]


def number(shown: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.\-]", "", shown))


def tab_to(page: Page, selector: str) -> None:
    """Reach a control by Tab alone."""
    for _ in range(200):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def shelf(page: Page, name: str) -> list[str]:
    return page.locator(f'[data-shelf="{name}"] .chip-name').all_inner_texts()
