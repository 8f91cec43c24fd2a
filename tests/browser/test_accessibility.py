from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.views import VIEWS

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(visitor: Visitor) -> list[str]:
    """What axe holds against the page: rule and place. Run by the debugger, so the policy stays."""
    visitor.page.evaluate(AXE)
    result: dict[str, Any] = visitor.page.evaluate(
        "(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })", RULES
    )
    assert result["passes"], "axe looked at nothing"
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    visitor.page.goto(f"{visitor.site.url}/sign-in")
    visitor.page.click("summary")
    assert violations(visitor) == []
    visitor.sign_in()
    visitor.settle()
    assert violations(visitor) == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_a_filtered_page_with_gaps(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    visitor.site.marketplace.unavailable = frozenset({"products_sold"})
    visitor.sign_in()
    visitor.open("/dashboards/admin?category=c2&vendor=v3&range=custom&from=2026-01-01&to=2026-03-01")
    assert visitor.page.locator('[data-status="left_out"]').count() == 1
    visitor.page.locator('[data-tile="gmv_over_time"]').get_by_role("button", name="Table").click()
    assert violations(visitor) == []


def test_the_skip_link_is_first_and_leads_to_the_numbers(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.className") == "skip"
    visitor.page.keyboard.press("Enter")
    assert visitor.page.evaluate("document.activeElement.id") == "main"


def test_every_control_is_reached_by_tab_and_shows_it(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    reached = set()
    for _ in range(120):
        visitor.page.keyboard.press("Tab")
        here = visitor.page.evaluate(
            """() => {
                const at = document.activeElement;
                const shown = at.matches('.segments input') ? at.nextElementSibling : at;
                return { tag: at.tagName, name: at.name || at.id || at.className || at.tagName,
                         tile: at.closest('[data-tile]')?.dataset.tile,
                         outline: getComputedStyle(shown).outlineStyle };
            }"""
        )
        if here["tag"] == "BODY":
            continue
        assert here["outline"] != "none" or here["name"] == "main", here
        reached.add(here["tile"] or here["name"])
    assert {
        "theme",
        "range",
        "grain",
        "category",
        "gmv_over_time",
        "payment_kind",
        "top_vendors",
        "regions",
    } <= reached
