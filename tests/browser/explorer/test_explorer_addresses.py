"""An address of the explorer holds the whole question, whoever opens it and whatever was typed into it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.explorer.explorer_page import BY_PRODUCT, DAYS, asked, cells, number, opened, settled

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_shared_question_gives_each_reader_their_own_numbers_or_none(visit: Visit) -> None:
    filters = "filter=product~in~p1~p2"
    ama = opened(visit(), f"{BY_PRODUCT}&{filters}&chart=table", "ama")
    own = cells(ama)
    ama.get_by_role("button", name="Save", exact=True).click()
    ama.get_by_role("textbox", name="Name").fill("<img src=x onerror=document.title='owned'> متجر")
    ama.get_by_text("Everybody", exact=True).click()
    ama.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(ama.locator("#message")).to_contain_text("Saved")
    kept = re.search(r"saved=(\w+)", ama.url)
    assert kept is not None
    assert "owned" not in ama.title()
    admin = opened(visit(), f"/explore?saved={kept[1]}")
    expect(admin.locator("#saved-name")).to_contain_text("<img src=x")
    body = {
        "metrics": ["total_revenue"],
        "by": ["product"],
        "filters": [{"dimension": "product", "operator": "in", "values": ["p1", "p2"]}],
    }
    answer = asked(admin, body)
    assert [[row[1], Decimal(row[2])] for row in answer["rows"]] == [
        [row[0], number(row[1])] for row in cells(admin)
    ]
    assert cells(admin) != own
    other = visit()
    other.expected = ("404",)
    kofi = opened(other, f"/explore?saved={kept[1]}", "kofi")
    expect(kofi.locator("#result")).to_contain_text("This question is not there for you")
    assert "onerror" not in kofi.content()
    kofi.get_by_role("button", name="Saved questions").click()
    expect(kofi.get_by_role("dialog")).to_contain_text("Nothing is saved yet")


@pytest.mark.slow
def test_the_address_holds_everything_and_back_goes_back(visit: Visit) -> None:
    path = (
        "/explore?metrics=total_revenue%2Citem_orders&by=vendor%2Corder_status&from=2024-01-01&to=2024-03-20"
        "&filter=product%7Ein%7Ep1%7Ep2%7Ep3&compare=same_period_last_year&totals=total&top=1%7Evendor&sort=-item_orders&chart=table"
    )
    visitor = visit()
    page = opened(visitor, path)
    shown = cells(page)
    body = {
        "metrics": ["total_revenue", "item_orders"],
        "by": ["vendor", "order_status"],
        "filters": [{"dimension": "product", "operator": "in", "values": ["p1", "p2", "p3"]}],
        "compare_with": "same_period_last_year",
        "changes": True,
        "totals": "total",
        "top": {"count": 1, "dimension": "vendor"},
        "order_by": "-item_orders",
    }
    answer = asked(page, body)
    names = [each["name"] for each in answer["columns"]]
    place = names.index("item_orders")
    heads = page.locator("#result thead th").all_inner_texts()
    at = next(n for n, each in enumerate(heads) if each.startswith("Orders with items"))
    assert [number(row[at]) for row in shown] == [Decimal(row[place]) for row in answer["rows"]]
    assert [row[0] for row in shown][-1] == "Total"
    assert "All others" in [row[0] for row in shown]
    page.locator("#result thead").get_by_role("button", name="Item GMV", exact=True).click()
    settled(page)
    assert "sort=-total_revenue" in page.url
    page.reload()
    settled(page)
    assert "sort=-total_revenue" in page.url
    page.go_back()
    settled(page)
    assert page.url.endswith(path)
    assert cells(page) == shown


@pytest.mark.slow
def test_addresses_edited_by_hand_are_answered_calmly(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("400", "403", "404", "422")
    page = opened(
        visitor, f"/explore?metrics=total_revenu&{DAYS}&range=never&filter=nonsense&chart=pie&evil=1"
    )
    expect(page.locator("#message")).to_contain_text("means nothing here")
    for odd in ("range=never", "filter=nonsense", "chart=pie", "evil"):
        expect(page.locator("#message")).to_contain_text(odd)
    result = page.locator("#result")
    expect(result).to_contain_text("total_revenu")
    page.get_by_role("button", name="Use Item GMV instead").click()
    settled(page)
    expect(result.locator(".value")).to_be_visible()
    for path, said in (
        (f"/explore?metrics=gmv&by=vendor&{DAYS}", "cannot be grouped or filtered by vendor"),
        (f"/explore?metrics=gmv&by=nothing&{DAYS}", "nothing"),
        (
            "/explore?metrics=total_revenue&by=product&from=2199-01-01&to=2199-02-01",
            "Nothing in this period",
        ),
        (f"/explore?metrics=gmv&filter=order_status~%3E~1&{DAYS}", "has no order"),
        (f"/explore?metrics=gmv&filter=order_status~%3D~ZZZ&{DAYS}", "is not a value of order_status"),
        ("/explore?metrics=gmv&grain=day&from=1990-01-01&to=2199-12-31", "fill every day"),
        ("/explore?saved=0123456789abcdef", "not there for you"),
    ):
        page.goto(visitor.site.url + path)
        settled(page)
        expect(result).to_contain_text(said)
        assert page.locator("#result .skeleton:visible").count() == 0
    page.goto(f"{visitor.site.url}/explore?metrics=gmv&by=vendor&{DAYS}")
    settled(page)
    page.get_by_role("button", name="instead of").click()
    settled(page)
    expect(result.locator(".chart")).to_be_visible()


@pytest.mark.slow
def test_a_metric_that_the_role_may_not_see_is_refused_in_its_place(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("400", "403")
    page = opened(visitor, f"/explore?metrics=gmv&{DAYS}", "ama")
    expect(page.locator("#result [role=alert]")).to_be_visible()
    assert page.locator('.field-name[data-name="gmv"]').count() == 0
    page.locator('.field-name[data-name="total_revenue"]').click()
    page.get_by_role("button", name="Remove gmv").first.click()
    settled(page)
    expect(page.locator("#result .value")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["swift", "analyst", "ama"])
def test_everybody_who_asks_explores_their_own(visit: Visit, name: str) -> None:
    metric = "parcel_count" if name == "swift" else "total_revenue"
    page = opened(visit(locale="fr-FR"), f"/explore?metrics={metric}&{DAYS}", name)
    expect(page.get_by_role("heading", level=1)).to_have_text("Explorer")
    answer = asked(page, {"metrics": [metric], "by": []})
    expect(page.locator("#result .value")).to_have_attribute("data-value", str(answer["rows"][0][0]))
    assert "explore." not in page.locator("body").inner_text()
