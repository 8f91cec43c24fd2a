"""Quality and releases in a real browser: what is shown, what may be decided, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS
from tests.web.fake_quality import HELD

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser


def opened(visitor: Visitor, path: str, name: str = "admin") -> Visitor:
    visitor.sign_in(name)
    visitor.page.goto(visitor.site.url + path)
    visitor.page.wait_for_selector('.reading[aria-busy="false"]')
    return visitor


def test_a_failing_check_is_shown_against_its_band_and_acknowledged_with_a_reason(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("400", "422", "409")
    opened(visitor, "/quality")
    failing = visitor.page.locator("#failing")
    expect(failing).to_contain_text("fewer orders than expected")
    failing.get_by_role("link", name="orders_daily").click()
    chart = visitor.page.locator(".band")
    said = (
        "30 results of gold.fact_orders from 2026-02-17 to 2026-03-18, 1 of them outside the expected band."
    )
    expect(chart).to_have_attribute("aria-label", f"{said} The table below holds the numbers.")
    assert chart.locator(".outside").count() == 1
    assert chart.locator(".expected").count() == 1
    failing.get_by_role("button", name="Acknowledge").click()
    dialog = visitor.page.locator("dialog.ask")
    dialog.get_by_role("textbox").fill("ok")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("a reason says why")
    dialog.get_by_role("textbox").fill("the shop was closed <b>that</b> day")
    dialog.get_by_role("button", name="Save").click()
    expect(failing).to_contain_text("Nothing fails that nobody knows of")
    expect(visitor.page.locator("#history")).to_contain_text("the shop was closed <b>that</b> day")


def test_an_incident_is_taken_on_and_checks_are_run(visit: Visit) -> None:
    visitor = opened(visit(), "/quality")
    incidents = visitor.page.locator("#incidents")
    expect(incidents).to_contain_text("A release is held back <b>now</b>")
    incidents.get_by_role("button", name="Take on").click()
    visitor.page.locator("dialog.ask").get_by_role("textbox").fill("I am looking at it")
    visitor.page.locator("dialog.ask").get_by_role("button", name="Save").click()
    expect(incidents).to_contain_text("taken on by Efua Mensah")
    visitor.page.get_by_label("Also those that are over").check()
    expect(incidents.locator("tbody tr")).to_have_count(2)
    visitor.page.get_by_role("button", name="Run all now").click()
    expect(visitor.page.locator("#ran")).to_have_text("31 results")


def test_two_releases_are_compared_and_the_address_says_which(visit: Visit) -> None:
    visitor = opened(visit(), "/releases")
    difference = visitor.page.locator("#difference")
    expect(difference).to_contain_text("From release 4 to 5")
    expect(difference.locator("tbody").first).to_contain_text("gold.fact_orders")
    visitor.page.get_by_label("From").select_option("2")
    expect(difference).to_contain_text("From release 2 to 5")
    expect(difference).to_contain_text("Another version of the project")
    expect(difference).to_contain_text("1 release between did not keep what it did")
    assert "from=2" in visitor.page.url
    visitor.page.go_back()
    expect(difference).to_contain_text("From release 4 to 5")


def test_a_build_that_is_held_back_says_why_and_an_admin_accepts_it(visit: Visit) -> None:
    visitor = visit()
    visitor.site.house.book.held = (HELD,)
    opened(visitor, "/releases")
    blocked = visitor.page.locator("#blocked")
    expect(blocked).to_contain_text("orders_have_buyers 3 rows")
    blocked.locator("summary").click()
    expect(blocked.locator("details table")).to_contain_text("o<b>1</b>")
    blocked.get_by_role("button", name="Accept").click()
    visitor.page.locator("dialog.ask").get_by_role("textbox").fill("known since Monday")
    visitor.page.locator("dialog.ask").get_by_role("button", name="Accept").click()
    expect(blocked).to_contain_text(
        "orders_have_buyers may fail for 3 rows, says Efua Mensah: known since Monday"
    )
    assert visitor.site.house.book.said == [("accept", 7, "known since Monday")]
    expect(blocked.get_by_role("button", name="Accept")).to_have_count(0)
    expect(blocked.get_by_role("button", name="Take back")).to_have_count(1)


@pytest.mark.slow
def test_an_analyst_sees_why_but_decides_nothing(visit: Visit) -> None:
    visitor = visit()
    visitor.site.house.book.held = (HELD,)
    opened(visitor, "/releases", "analyst")
    expect(visitor.page.locator("#blocked")).to_contain_text("orders_have_buyers")
    assert visitor.page.locator("#blocked button").count() == 0
    assert "o<b>1</b>" not in visitor.page.inner_text("#blocked")


@pytest.mark.slow
def test_releases_that_are_not_there_are_said_in_their_place(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("404",)
    opened(visitor, "/releases?from=4&to=77")
    expect(visitor.page.locator("#difference")).to_contain_text("There is no release 77")
    expect(visitor.page.locator("#history")).to_contain_text("#5")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "path"), [("analyst", "/quality"), ("vendor", "/quality"), ("vendor", "/releases")]
)
def test_for_others_there_is_no_such_page(visit: Visit, name: str, path: str) -> None:
    visitor = visit()
    visitor.expected = ("404",)
    visitor.sign_in(name)
    answer = visitor.page.goto(visitor.site.url + path)
    assert answer is not None
    assert answer.status == 404


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_quality_and_releases(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    visitor.site.house.book.held = (HELD,)
    opened(visitor, "/quality?check=orders_daily")
    expect(visitor.page.locator(".band svg")).to_be_visible()
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
    visitor.page.locator("#failing button").click()
    assert violations(visitor) == []
    visitor.page.goto(f"{visitor.site.url}/releases")
    expect(visitor.page.locator("#difference table").first).to_be_visible()
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
