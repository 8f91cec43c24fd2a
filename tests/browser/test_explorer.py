"""The explorer and boards in a real browser, over a real warehouse file and the packaged policies."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from amalimart.api.ports.coming_in import DemoAccount
from amalimart.web.site import create_site
from tests.api.shop_site import Shop, opened_shop
from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS
from tests.web.fake_lineage import FakeLineage
from tests.web.fake_marketplace import HOSTILE_VENDORS
from tests.web.fake_site import serving

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser

DAYS = "from=2024-01-01&to=2024-03-20"
BY_PRODUCT = f"/explore?metrics=total_revenue&by=product&{DAYS}"
PEOPLE = ("admin@demo.test", "analyst@demo.test", "ama@shop.test", "kofi@shop.test", "swift@shop.test")


@dataclass(frozen=True, slots=True)
class Bazaar:
    """A served shop."""

    url: str
    shop: Shop


@pytest.fixture(scope="module")
def bazaar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazaar]:
    folder = tmp_path_factory.mktemp("bazaar")
    with opened_shop(folder) as shop:
        shop.services.rate._per_second = shop.services.rate._burst = 10**9
        offered = tuple(DemoAccount(email, "own") for email in PEOPLE)
        services = replace(shop.services, demo_accounts=offered, lineage_desk=FakeLineage())
        with serving(create_site(services)) as url:
            yield Bazaar(url, shop)


@pytest.fixture
def site(bazaar: Bazaar) -> Bazaar:
    """The shop, with nothing kept."""
    with bazaar.shop.services.control.engine.begin() as connection:
        connection.execute(text("delete from saved_questions"))
    return bazaar


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
    link = page.locator("#ended a").get_attribute("href")
    assert link is not None
    assert "item_orders" in link


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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["swift", "analyst", "ama"])
def test_everybody_who_asks_explores_their_own(visit: Visit, name: str) -> None:
    metric = "parcel_count" if name == "swift" else "total_revenue"
    page = opened(visit(locale="fr-FR"), f"/explore?metrics={metric}&{DAYS}", name)
    expect(page.get_by_role("heading", level=1)).to_have_text("Explorer")
    answer = asked(page, {"metrics": [metric], "by": []})
    expect(page.locator("#result .value")).to_have_attribute("data-value", str(answer["rows"][0][0]))
    assert "explore." not in page.locator("body").inner_text()


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
