"""What the explorer shows: answers, their files and receipts, hostile labels, and what went wrong."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser.explorer.explorer_page import (
    BY_PRODUCT,
    DAYS,
    Bazaar,
    asked,
    cells,
    number,
    opened,
    settled,
)
from tests.web.fake_catalogue import HOSTILE_VENDORS

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_files_hold_what_the_interface_answers_and_the_picture_is_one(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit(), BY_PRODUCT)
    answer = asked(page, {"metrics": ["total_revenue"], "by": ["product"]})

    def file(name: str) -> bytes:
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path.read_bytes()

    rows = list(csv.reader(io.StringIO(file("CSV").decode("utf-8-sig"))))
    assert [[row[0], Decimal(row[2])] for row in rows[1:]] == [
        [row[0], Decimal(row[2])] for row in answer["rows"]
    ]
    book = openpyxl.load_workbook(io.BytesIO(file("Excel")))["Answer"]
    assert [Decimal(str(row[2])) for row in book.iter_rows(min_row=2, values_only=True)] == [
        Decimal(row[2]).normalize() for row in answer["rows"]
    ]
    picture = file("Picture")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) > 5_000


@pytest.mark.slow
def test_a_receipt_says_what_the_number_is_and_only_to_some_the_sql(visit: Visit) -> None:
    page = opened(visit(), f"{BY_PRODUCT}&chart=table&filter=order_status~not+in~CANCELLED")
    page.locator("#result td.number").first.click()
    panel = page.get_by_role("dialog")
    for part in ("Item GMV", "Sum of quantity times unit price", "finance", "#1", "CANCELLED", "select"):
        expect(panel).to_contain_text(re.compile(re.escape(part), re.IGNORECASE))
    shown = panel.locator(".receipt-number b").inner_text()
    assert number(shown) == number(cells(page)[0][1])
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    ama = opened(visit(), f"/explore?metrics=total_revenue,item_orders&{DAYS}", "ama")
    ama.locator(".explorer-card button").last.click()
    panel = ama.get_by_role("dialog")
    expect(panel).to_contain_text("You see your own rows only")
    assert "select" not in panel.inner_text().lower()
    assert panel.locator(".receipt-number b").inner_text() == str(
        asked(ama, {"metrics": ["item_orders"], "by": []})["rows"][0][0]
    )


@pytest.mark.slow
def test_a_slow_question_can_be_stopped_and_asked_again(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, f"/explore?metrics=gmv&{DAYS}")
    page.route("**/api/v1/query", lambda _route: None)
    page.locator('.field-name[data-name="order_count"]').click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#result")).to_contain_text("You stopped this question")
    page.unroute("**/api/v1/query")
    page.get_by_role("button", name="Ask again").click()
    settled(page)
    assert page.locator("#result .value").count() == 2


@pytest.mark.slow
def test_a_failed_question_and_an_ended_session_say_so_in_place(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("500", "401")
    page = opened(visitor, f"/explore?metrics=gmv&{DAYS}")
    failure = {"code": "internal", "what": "Something went wrong on our side.", "next_step": "try again"}
    failed = json.dumps({"error": failure})
    page.route("**/api/v1/query", lambda route: route.fulfill(status=500, body=failed))
    page.locator('.field-name[data-name="order_count"]').click()
    expect(page.locator("#result")).to_contain_text("Something went wrong on our side")
    page.unroute("**/api/v1/query")
    page.get_by_role("button", name="Ask again").click()
    settled(page)
    page.context.clear_cookies()
    page.locator('.field-name[data-name="item_orders"]').click()
    expect(page.locator("#ended")).to_contain_text("Your session has ended")
    page.locator('.field-name[data-name="completed_orders"]').click()
    page.wait_for_url("**completed_orders**")
    page.locator("#ended a").focus()
    link = page.locator("#ended a").get_attribute("href")
    assert link is not None
    assert "item_orders" in link
    assert "completed_orders" in link, "what was chosen after the session had ended"


@pytest.mark.slow
def test_hostile_and_long_labels_and_money_below_zero_are_shown_as_they_are(
    visit: Visit, bazaar: Bazaar
) -> None:
    labels = [label for _, label in HOSTILE_VENDORS]
    said = labels[0].replace("'", "''")
    bazaar.shop.publish(
        f"update gold.dim_products set product_name = '{said}' where product_id = 'p1';"
        f"update gold.dim_products set product_name = '{labels[2]}' where product_id = 'p2';"
        f"update gold.dim_products set product_name = '{labels[3]}' where product_id = 'p3';"
        "update gold.fact_order_items set item_amount = -item_amount where product_id = 'p3'",
        ["gold.dim_products", "gold.fact_order_items"],
    )
    visitor = visit(width=390, height=844)
    page = opened(visitor, BY_PRODUCT)
    assert "owned" not in page.title()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.goto(f"{visitor.site.url}{BY_PRODUCT}&chart=table")
    settled(page)
    shown = page.locator("#result tbody th").all_inner_texts()
    assert {labels[0], labels[2], labels[3]} <= set(shown)
    assert any(value.startswith("-") for row in cells(page) for value in row[1:])
    page.goto(f"{visitor.site.url}{BY_PRODUCT}&filter=product~in~p1~p2~p3")
    settled(page)
    expect(page.locator('[data-shelf="filters"]')).to_contain_text("<script>")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
