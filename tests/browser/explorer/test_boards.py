"""Boards of kept questions in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.explorer.explorer_page import BY_PRODUCT, DAYS, asked, opened, settled
from tests.browser.test_accessibility import violations

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_board_shows_kept_questions_in_the_readers_order(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, f"/explore?metrics=gmv&{DAYS}")
    for path, name in (
        (f"/explore?metrics=gmv&{DAYS}", "One number"),
        (BY_PRODUCT, "By product"),
        (f"/explore?metrics=gmv&by=vendor&{DAYS}", "Refused"),
    ):
        visitor.expected = ("400",)
        page.goto(visitor.site.url + path)
        settled(page)
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(page.locator("#saved-name")).to_have_text(name)
    page.get_by_role("button", name="Saved questions").click()
    for name in ("One number", "By product", "Refused"):
        page.get_by_role("button", name=f"Add to my board: {name}").click()
        expect(page.locator(".library [role=status]")).to_contain_text("It is on your board")
        page.locator(".library [role=status]").evaluate("(each) => each.replaceChildren()")
    page.get_by_role("button", name="As a dashboard tile: By product").click()
    expect(page.locator(".library pre")).to_contain_text("type: ranking")
    page.goto(f"{visitor.site.url}/board")
    page.wait_for_selector('#board[aria-busy="false"]')
    titles = page.locator("#board .tile-title")
    assert titles.all_inner_texts() == ["One number", "By product", "Refused"]
    expect(page.locator("#board .value")).to_have_attribute(
        "data-value", asked(page, {"metrics": ["gmv"], "by": []})["rows"][0][0]
    )
    expect(page.locator("#board [role=alert]")).to_contain_text("cannot be grouped or filtered by vendor")
    assert violations(visitor) == []
    page.get_by_role("button", name="Move forward: Refused").click()
    expect(titles.nth(1)).to_have_text("Refused")
    page.get_by_role("button", name="Take off the board: Refused").click()
    expect(titles).to_have_count(2)
    page.reload()
    page.wait_for_selector('#board[aria-busy="false"]')
    assert titles.all_inner_texts() == ["One number", "By product"]
    page.locator("#board .value").click()
    expect(page.get_by_role("dialog")).to_contain_text("finance")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="By product").click()
    settled(page)
    expect(page.locator("#saved-name")).to_have_text("By product")
