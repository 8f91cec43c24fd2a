"""The explorer in a real browser: questions are built on its shelves, and follow new releases."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.api.shop_site import Shop
from tests.browser.explorer.explorer_page import DAYS, asked, cells, number, opened, settled, shelf, tab_to
from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_a_question_is_built_by_the_keyboard_alone(visit: Visit) -> None:
    page = opened(visit(), "/explore")
    expect(page.locator("#result")).to_contain_text("Choose a metric to begin")
    for add, sought, field in (
        ('[data-shelf="metrics"] .shelf-add', "Item GMV", "total_revenue"),
        ('[data-shelf="by"] .shelf-add', "order status", "order_status"),
        ('[data-shelf="by"] .shelf-add', "vendor", "vendor"),
    ):
        tab_to(page, add)
        page.keyboard.press("Enter")
        page.keyboard.type(sought)
        tab_to(page, f'.field-name[data-name="{field}"]')
        page.keyboard.press("Enter")
        settled(page)
    tab_to(page, "[name=range]")
    page.keyboard.type("All days")
    settled(page)
    tab_to(page, '#drawings input[value="heat"], #drawings input:checked')
    while page.evaluate("document.activeElement.value") != "table":
        page.keyboard.press("ArrowRight")
    settled(page)
    assert shelf(page, "by") == ["Order status", "Vendor"]
    tab_to(page, '[data-chip="vendor"] .chip-name')
    page.keyboard.press("ArrowLeft")
    settled(page)
    assert shelf(page, "by") == ["Vendor", "Order status"]
    assert page.evaluate("document.activeElement.innerText") == "Vendor"
    told = page.evaluate(
        """async () => (await fetch('/api/v1/query?metrics=total_revenue&by=vendor,order_status')).json()"""
    )
    assert [[row[1].lower(), row[2].lower(), Decimal(row[3])] for row in told["rows"]] == [
        [row[0].lower(), row[1].lower(), number(row[2])] for row in cells(page)
    ]
    page.keyboard.press("Delete")
    settled(page)
    assert shelf(page, "by") == ["Order status"]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_in_the_explorer(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    page = opened(visitor, f"/explore?metrics=gmv&grain=week&compare=previous_period&{DAYS}")
    assert violations(visitor) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator('[data-shelf="filters"] .shelf-add').click()
    if width < 1100:
        expect(page.get_by_role("dialog", name="Fields")).to_be_visible()
    assert violations(visitor) == []
    page.goto(
        f"{visitor.site.url}/explore?metrics=total_revenue&by=vendor,order_status&totals=subtotals&{DAYS}&chart=table"
    )
    settled(page)
    assert violations(visitor) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.slow
def test_fields_are_dragged_onto_the_shelves_and_moved_on_them(visit: Visit) -> None:
    page = opened(visit(), f"/explore?{DAYS}")
    field = '.field-name[data-name="{}"]'.format
    page.locator(field("total_revenue")).drag_to(page.locator('[data-shelf="metrics"]'))
    settled(page)
    page.locator(field("item_orders")).drag_to(page.locator('[data-shelf="metrics"]'))
    settled(page)
    page.get_by_role("radio", name="Dimensions").check()
    page.locator(field("vendor")).drag_to(page.locator('[data-shelf="by"]'))
    settled(page)
    page.locator(field("month")).drag_to(page.locator('[data-shelf="by"]'))
    settled(page)
    assert (shelf(page, "metrics"), shelf(page, "by")) == (
        ["Item GMV", "Orders with items"],
        ["Month", "Vendor"],
    )
    page.locator('[data-chip="item_orders"]').drag_to(
        page.locator('[data-chip="total_revenue"]'), target_position={"x": 4, "y": 8}
    )
    settled(page)
    assert shelf(page, "metrics") == ["Orders with items", "Item GMV"]
    assert "metrics=item_orders%2Ctotal_revenue&by=vendor&grain=month" in page.url
    # A metric does not fit on the shelf of groups, nor a dimension on that of metrics.
    page.locator(field("category")).drag_to(page.locator('[data-shelf="metrics"]'))
    assert len(shelf(page, "metrics")) == 2
    page.locator(field("order_status")).drag_to(page.locator('[data-shelf="filters"]'))
    page.get_by_role("checkbox", name="Completed").check()
    page.get_by_role("button", name="Apply").click()
    settled(page)
    expect(page.locator('[data-shelf="filters"]')).to_contain_text("Order status: Completed")
    page.go_back()
    settled(page)
    assert shelf(page, "filters") == []


@pytest.mark.slow
def test_what_does_not_fit_is_pale_and_says_why(visit: Visit) -> None:
    page = opened(visit(), f"/explore?metrics=gmv&{DAYS}")
    page.get_by_role("radio", name="Dimensions").check()
    vendor = page.locator('.field-name[data-name="vendor"]')
    expect(vendor).to_have_attribute("aria-disabled", "true")
    vendor.click(force=True)
    expect(page.locator("#why")).to_contain_text("cannot be grouped or filtered by vendor")
    assert shelf(page, "by") == []
    told = page.evaluate(
        """async () => (await fetch('/api/v1/compatible', { method: 'POST', body: '{"metrics":["gmv"]}',
            headers: { 'Content-Type': 'application/json' } })).json()"""
    )
    pale = page.locator('.field-name.of-dimension[aria-disabled="true"]')
    assert pale.count() == sum(each["refusal"] is not None for each in told["dimensions"])


@pytest.mark.slow
def test_days_and_what_they_are_compared_with_are_chosen_beside_the_shelves(visit: Visit) -> None:
    page = opened(visit(), "/explore?metrics=total_revenue&by=product&chart=table")
    for name, value in (("range", "custom"), ("compare", "custom"), ("totals", "total"), ("top", "3")):
        page.locator(f"#settings [name={name}]").select_option(value)
        settled(page)
    for name, value in (
        ("from", "2024-01-01"),
        ("compared_from", "2023-01-01"),
        ("compared_to", "2023-03-20"),
    ):
        page.locator(f"#settings [name={name}]").fill(value)
        settled(page)
    body = {
        "metrics": ["total_revenue"],
        "by": ["product"],
        "compare_with": {"from": "2023-01-01", "to": "2023-03-20"},
        "changes": True,
        "totals": "total",
        "top": {"count": 3, "dimension": "product"},
    }
    answer = asked(page, body)
    place = [each["name"] for each in answer["columns"]].index("total_revenue__previous")
    assert [number(row[2]) for row in cells(page)] == [Decimal(row[place]) for row in answer["rows"]]
    page.locator("#settings [name=range]").select_option("all")
    settled(page)
    assert "compare=" not in page.url
    expect(page.locator("#settings [name=compare]")).to_be_disabled()


@pytest.mark.slow
def test_explorer_and_board_follow_a_new_release_in_place(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, f"/explore?metrics=total_revenue&{DAYS}")
    shop: Shop = visitor.site.shop  # type: ignore[attr-defined]
    before = Decimal(page.locator("#result .value").get_attribute("data-value") or "")
    made = page.evaluate(
        """async (question) => {
          const headers = { "Content-Type": "application/json" };
          const body = JSON.stringify({ name: "Revenue", question });
          const { id } = await (await fetch("/api/v1/questions", { method: "POST", headers, body })).json();
          const board = JSON.stringify({ questions: [id] });
          return (await fetch("/api/v1/board", { method: "PUT", headers, body: board })).status;
        }""",
        {"metrics": ["total_revenue"], "from": "2024-01-01", "to": "2024-03-20"},
    )
    assert made == 200
    board = page.context.new_page()
    board.goto(f"{visitor.site.url}/board")
    expect(board.locator("#board .value")).to_have_attribute("data-value", str(before))
    items = ["gold.fact_order_items"]
    try:
        page.bring_to_front()
        shop.publish(
            "update gold.fact_order_items set item_amount = item_amount + 7 where order_item_id = 'i1'", items
        )
        expect(page.locator("#result .value")).to_have_attribute("data-value", str(before + 7))
        expect(page.locator("#about-answer")).to_contain_text(f"release {shop.release_id}")
        board.bring_to_front()
        expect(board.locator("#board .value")).to_have_attribute("data-value", str(before + 7))
        expect(board.locator("#board-said")).to_contain_text(f"release {shop.release_id}")
    finally:
        shop.publish(
            "update gold.fact_order_items set item_amount = item_amount - 7 where order_item_id = 'i1'", items
        )
    expect(board.locator("#board .value")).to_have_attribute("data-value", str(before))
    # Of a release that changed nothing here only its number is new: what is drawn stays the same element.
    board.evaluate("document.querySelector('#board .value').dataset.kept = 'yes'")
    shop.publish("update gold.fact_reviews set rating = 4 where review_id = 'w3'", ["gold.fact_reviews"])
    expect(board.locator("#board-said")).to_contain_text(f"release {shop.release_id}")
    assert board.locator("#board .value").get_attribute("data-kept") == "yes"
