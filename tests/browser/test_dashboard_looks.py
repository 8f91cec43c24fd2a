"""How a dashboard looks in a real browser: its theme, its charts, and what fits into its window."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from amalimart.core.calendar import DayRange
from tests.web.fake_marketplace import TODAY

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


@pytest.mark.slow
@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_follows_the_system_until_chosen_and_is_remembered(visit: Visit, system: str) -> None:
    visitor = visit(theme=system)
    visitor.sign_in()
    visitor.settle()
    page = visitor.page

    def looks() -> tuple[str, str]:
        ground: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
        line: str = page.get_attribute('[data-tile="gmv_over_time"] .mark-line path', "stroke") or ""
        return ground, line

    first = looks()
    page.click("#theme")
    page.wait_for_function(
        """(old) => document.querySelector('[data-tile=gmv_over_time] .mark-line path')
            ?.getAttribute('stroke') !== old""",
        arg=first[1],
    )
    second = looks()
    assert first[0] != second[0]
    page.reload()
    visitor.settle()
    assert looks() == second
    page.click("#theme")
    page.reload()
    visitor.settle()
    assert looks() == first
    assert page.evaluate("localStorage.getItem('theme')") is None


def test_a_chart_has_a_table_with_the_same_numbers(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    tile = visitor.page.locator('[data-tile="gmv_over_time"]')
    summary = tile.locator(".chart").get_attribute("aria-label") or ""
    assert "30 points" in summary
    tile.get_by_role("button", name="Table").click()
    assert tile.locator("tbody tr").count() == 30
    newest = tile.locator("tbody tr").first.inner_text()
    assert "(partial)" in newest
    assert f"{visitor.site.marketplace.total('gmv', DayRange(TODAY, TODAY)):,}" in newest
    assert tile.locator(".chart").is_hidden()


@pytest.mark.slow
def test_the_pointer_names_the_bucket_under_it(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    box = visitor.page.locator('[data-tile="gmv_over_time"] .chart').bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 100)
    card = visitor.page.locator('[data-tile="gmv_over_time"] .pointed')
    expect(card).to_contain_text("18 Mar 2026 · partial")
    expect(card).to_contain_text("This period")
    visitor.page.mouse.move(5, 5)
    expect(card).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_nothing_is_wider_than_the_window(visit: Visit, width: int) -> None:
    visitor = visit(width=width)
    visitor.sign_in()
    visitor.open("/dashboards/admin?category=c2&vendor=v3&shipping_region=Ashanti")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    wide = visitor.page.eval_on_selector_all(
        "main .tile, .toolbar > *, .heading > *",
        """(all, width) => all.filter((each) => each.getBoundingClientRect().right > width + 1)
            .map((each) => each.className)""",
        width,
    )
    assert wide == []


@pytest.mark.slow
def test_a_table_that_is_wider_than_a_phone_says_so_and_keeps_its_names(visit: Visit) -> None:
    visitor = visit(width=390, height=844)
    visitor.sign_in()
    visitor.settle()
    box = visitor.page.locator('[data-tile="regions"] .scroll')
    name = box.locator("tbody th").first
    expect(box).to_have_attribute("data-more", "end")
    before = name.bounding_box()
    box.evaluate("(box) => box.scrollTo(box.scrollWidth, 0)")
    expect(box).to_have_attribute("data-more", "start")
    after = name.bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] == pytest.approx(before["x"], abs=1)


@pytest.mark.slow
def test_the_way_back_stays_in_view_below_the_fold(visit: Visit) -> None:
    visitor = visit(height=600)
    visitor.sign_in()
    visitor.settle()
    visitor.page.locator('[data-tile="regions"]').get_by_text("Ashanti").click()
    expect(visitor.page.locator("#trail")).to_contain_text("Region: Ashanti")
    assert visitor.page.evaluate("scrollY") > 0
    expect(visitor.page.locator("#trail >> text=Whole marketplace")).to_be_in_viewport()


@pytest.mark.slow
def test_a_column_of_money_has_one_form(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    for cells in ('[data-tile="top_vendors"] .amount', '[data-tile="best_sellers"] td.bar'):
        texts = visitor.page.locator(cells).all_inner_texts()
        assert len(texts) > 5
        assert [text for text in texts if not re.fullmatch(r"GH₵[\d,]+", text)] == []


@pytest.mark.slow
def test_a_chart_follows_the_size_of_its_window(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    for width in (820, 390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            """() => [...document.querySelectorAll('.chart')].every((box) => {
                const drawn = box.querySelector('svg')?.getBoundingClientRect();
                return drawn && Math.abs(drawn.width - box.clientWidth) <= 1
                    && Math.abs(drawn.height - box.clientHeight) <= 1;
            })"""
        )


@pytest.mark.slow
def test_a_finger_reads_a_chart_and_puts_it_away(visit: Visit) -> None:
    visitor = visit(width=390, height=844, has_touch=True)
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    card = page.locator('[data-tile="gmv_over_time"] .pointed')
    page.locator('[data-tile="gmv_over_time"] .chart').tap()
    expect(card).to_contain_text("This period")
    page.locator("h1").tap()
    expect(card).to_be_hidden()
