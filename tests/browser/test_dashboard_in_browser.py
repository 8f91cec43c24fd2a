from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Request, Route, expect

from amalimart.core.calendar import DayRange
from tests.web.fake_catalogue import HOSTILE_VENDORS
from tests.web.fake_marketplace import TODAY

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

MONTH = DayRange(TODAY - timedelta(days=29), TODAY)


def test_every_persona_signs_in_by_one_click_and_sees_each_tile_filled(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("401",)  # of a page that asked for news when its person signed out
    for name in ("admin", "executive", "vendor", "support", "delivery", "analyst"):
        visitor.sign_in(name)
        visitor.settle()
        assert visitor.page.url.endswith(f"/dashboards/{name}")
        states = visitor.page.eval_on_selector_all(
            "[data-tile]", "tiles => tiles.map((tile) => tile.dataset.status)"
        )
        assert set(states) == {"ok"}, name
        expect(visitor.page.locator(".skeleton")).to_have_count(0)
        assert visitor.page.locator("[data-type=trend] .chart svg").count() >= 1
        visitor.page.click("[aria-label='Sign out']")
        visitor.page.wait_for_url("**/sign-in")


def test_the_numbers_are_those_of_the_interface(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    market = visitor.site.marketplace
    exact = visitor.page.get_attribute('[data-tile="gmv"] .value', "title") or ""
    assert re.sub(r"[^\d.]", "", exact) == str(market.total("gmv", MONTH))
    assert visitor.value("orders") == f"{market.total('order_count', MONTH):,}"
    now, before = market.total("order_count", MONTH), market.total("order_count", MONTH.preceding())
    assert f"{abs(now - before) / before * 100:.1f}%" in visitor.text("orders")
    first = visitor.page.inner_text('[data-tile="top_vendors"] .row .name')
    assert (
        first
        == max(
            market.vendors,
            key=lambda each: market.total("item_gmv", DayRange(TODAY.replace(day=1), TODAY), each[0]),
        )[1]
    )


def test_more_cancellations_are_bad_news_and_more_sales_good(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    market = visitor.site.marketplace
    for tile, metric, is_good_up in (("gmv", "gmv", True), ("return_rate", "return_rate", False)):
        rose = market.total(metric, MONTH) > market.total(metric, MONTH.preceding())
        expected = "good" if rose == is_good_up else "bad"
        assert expected in (visitor.page.get_attribute(f'[data-tile="{tile}"] .change', "class") or "")


def test_a_category_filters_the_page_without_reload_and_back_undoes_it(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    before = visitor.value("gmv")
    page.evaluate("window.stillHere = true")
    requests: list[str] = []
    # What the page asks again by itself, to stay live, carries the tag of the answer it has.
    page.on(
        "request", lambda said: requests.append(said.url) if "if-none-match" not in said.headers else None
    )
    expect(page.locator('select[name="category"] option')).to_have_count(6)
    page.select_option('select[name="category"]', label="Electronics")
    expect(page.locator('[data-tile="gmv"] .tile-title')).to_have_text("Item GMV")
    assert "category=c2" in page.url
    assert len([url for url in requests if "category=c2" in url]) == 1
    assert "Item money" in visitor.text("gmv")
    assert "Category: Electronics" in page.inner_text("#trail")
    page.go_back()
    expect(page.locator('[data-tile="gmv"] .value')).to_have_text(before)
    assert page.input_value('select[name="category"]') == ""
    assert page.inner_text("#trail") == ""
    assert page.evaluate("window.stillHere") is True


@pytest.mark.slow
def test_an_answer_slower_than_the_pace_of_news_is_waited_for(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    asked: list[Request] = []
    page.on("request", lambda said: asked.append(said) if "category=c2" in said.url else None)

    def slowly(route: Route) -> None:
        page.wait_for_timeout(2500)  # the page of this site asks for news every second
        route.continue_()

    expect(page.locator('select[name="category"] option')).to_have_count(6)
    page.route("**/dashboards/admin?*category=c2*", slowly)
    page.select_option('select[name="category"]', label="Electronics")
    expect(page.locator('[data-tile="gmv"] .tile-title')).to_have_text("Item GMV")
    assert len([said for said in asked if "if-none-match" not in said.headers]) == 1
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.slow
def test_a_vendor_is_drilled_into_by_keyboard_and_left_by_the_trail(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    row = page.locator('[data-tile="top_vendors"] a.row', has_text="Kente House")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator('[data-tile="top_vendors"] .tile-title')).to_have_text("Top products of the vendor")
    assert "vendor=v2" in page.url
    assert "Vendor: Kente House" in page.inner_text("#trail")
    assert page.locator('[data-tile="top_vendors"] a[data-state-link]').count() == 0
    page.click("#trail >> text=Whole marketplace")
    expect(page.locator('[data-tile="top_vendors"] .tile-title')).to_have_text("Top vendors by item GMV")
    assert "vendor" not in page.url
    page.go_back()
    expect(page.locator("#trail")).to_contain_text("Kente House")


def test_a_region_leads_to_its_cities(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    visitor.page.click('[data-tile="regions"] >> text=Ashanti')
    expect(visitor.page.locator('[data-tile="regions"] .tile-title')).to_have_text("Cities of the region")
    expect(visitor.page.locator('[data-tile="regions"] tbody tr').first).to_contain_text("Ta")
    assert "shipping_region=Ashanti" in visitor.page.url


def test_an_address_restores_the_whole_state(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.open("/dashboards/admin?range=custom&from=2026-01-05&to=2026-02-01&grain=week&vendor=v3")
    page = visitor.page
    assert page.input_value('select[name="range"]') == "custom"
    assert page.input_value('input[name="from"]') == "2026-01-05"
    assert page.is_checked('input[name="grain"][value="week"]')
    assert "5 Jan" in page.inner_text("#period")
    assert "Accra Electronics" in page.inner_text("#trail")
    shown = page.get_attribute('[data-tile="gmv"] .value', "data-value")
    days = DayRange(TODAY.replace(month=1, day=5), TODAY.replace(month=2, day=1))
    assert shown == str(visitor.site.marketplace.total("item_gmv", days, "v3"))


@pytest.mark.slow
def test_range_and_grain_are_chosen_by_keyboard(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    page.select_option('select[name="range"]', "last_12_months")
    expect(page.locator('input[name="grain"][value="month"]')).to_be_checked()
    page.locator('input[name="grain"][value="month"]').focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**grain=week**")
    visitor.settle()
    expect(page.locator('[data-tile="gmv_over_time"] .legend')).to_contain_text("Partial week")


def test_a_new_release_changes_the_numbers_in_place(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    before = visitor.value("orders")
    page.evaluate("window.stillHere = document.querySelector('[data-tile=gmv_over_time] svg')")
    page.locator('[data-tile="regions"] a').nth(2).focus()
    visitor.site.marketplace.publish()
    expect(page.locator("#tiles")).to_have_attribute("data-release", "2")
    assert visitor.value("orders") != before
    assert "Live" in page.inner_text("#live")
    assert page.evaluate("document.contains(window.stillHere)")
    assert page.evaluate("document.activeElement.closest('[data-tile]').dataset.tile") == "regions"


def test_an_engine_that_goes_away_is_said_and_comes_back(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("ERR_INTERNET_DISCONNECTED",)
    visitor.sign_in()
    visitor.settle()
    shown = visitor.value("gmv")
    visitor.page.context.set_offline(True)
    expect(visitor.page.locator("#live-text")).to_contain_text("not reachable")
    assert visitor.value("gmv") == shown
    visitor.page.context.set_offline(False)
    expect(visitor.page.locator("#live-text")).to_contain_text("Live")


def test_the_first_release_is_waited_for_and_then_shown(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("503",)
    visitor.site.marketplace.release_id = None
    visitor.sign_in("executive")
    expect(visitor.page.locator("#message")).to_contain_text("Preparing the first numbers")
    expect(visitor.page.locator("#message")).to_contain_text("Building the models")
    expect(visitor.page.locator("#message")).to_contain_text("40 %")
    visitor.site.marketplace.publish()
    visitor.settle()
    expect(visitor.page.locator("#message")).to_be_hidden()
    assert visitor.value("gmv").startswith("GH")


def test_an_ended_session_says_so_in_place_and_leads_back_to_the_same_page(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("401",)
    visitor.sign_in()
    visitor.open("/dashboards/admin?range=this_year")
    visitor.page.context.clear_cookies()
    expect(visitor.page.locator("#ended")).to_contain_text("Your session has ended.")
    assert visitor.value("gmv").startswith("GH")
    visitor.page.get_by_role("link", name="Sign in again").click()
    visitor.page.click('button[value="admin@demo.test"]')
    visitor.settle()
    assert visitor.page.url.endswith("/dashboards/admin?range=this_year")


def test_missing_data_and_impossible_addresses_are_said_in_place(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("400",)
    visitor.site.marketplace.unavailable = frozenset({"cod_share", "gmv"})
    visitor.sign_in()
    visitor.settle()
    assert "the source has no such data" in visitor.text("cod_share")
    assert "the source has no such data" in visitor.text("gmv_over_time")
    assert visitor.value("orders")
    visitor.page.goto(f"{visitor.site.url}/dashboards/admin?rnge=this_year")
    expect(visitor.page.locator("#message")).to_contain_text("no filter 'rnge'")
    expect(visitor.page.locator("#message")).to_contain_text("Nearest: range")
    visitor.page.click("text=Show the page without filters")
    visitor.settle()
    assert visitor.value("orders")


def test_the_numbers_are_asked_for_once_and_before_the_scripts_are_there(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    page = visitor.page
    asked: list[str] = []

    def note(said: Request) -> None:
        if "if-none-match" not in said.headers:
            asked.append(said.url.removeprefix(visitor.site.url))

    page.on("request", note)
    visitor.open("/dashboards/admin?range=last_7_days&vendor=v2")
    assert asked.count("/api/v1/dashboards/admin?range=last_7_days&vendor=v2") == 1
    # Scripts that never come show that nobody waits for them to ask.
    page.route("**/js/tiles.js", lambda route: route.abort())
    asked.clear()
    page.goto(f"{visitor.site.url}/dashboards/admin")
    page.wait_for_load_state("load")
    assert "/api/v1/dashboards/admin" in asked
    visitor.expected = ("net::ERR_FAILED",)


def test_a_column_that_cannot_be_answered_leaves_the_rest_of_its_table(visit: Visit) -> None:
    visitor = visit()
    visitor.site.marketplace.unavailable = frozenset({"item_gmv", "total_units_sold"})
    visitor.sign_in()
    visitor.settle()
    table = visitor.page.locator('[data-tile="best_sellers"]')
    heads = table.locator("thead th.number").all_inner_texts()
    assert [head.lower() for head in heads] == ["orders"]
    first = table.locator("tbody tr").first
    most = max(
        int(row["value"])
        for row in visitor.page.evaluate(
            """async () => {
              const { tiles } = await (await fetch("/api/v1/dashboards/admin")).json();
              const tile = tiles.find((each) => each.id === "best_sellers");
              const at = tile.columns.findIndex((each) => each.kind === "metric");
              return tile.rows.map((row) => ({ value: row[at] }));
            }"""
        )
    )
    assert first.locator("td").inner_text().replace(",", "") == str(most)
    expect(table.locator(".note")).to_contain_text("“Item GMV” is not shown: ")
    expect(table.locator(".note")).to_contain_text("“Units” is not shown: Units sold is not available")
    visitor.site.marketplace.unavailable = frozenset({"item_gmv", "total_units_sold", "item_orders"})
    visitor.site.marketplace.publish()
    expect(table.locator(".calm")).to_contain_text("the source has no such data")


@pytest.mark.slow
def test_hostile_labels_are_text_and_still_drill(visit: Visit) -> None:
    visitor = visit()
    visitor.site.marketplace.vendors = HOSTILE_VENDORS
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    names = page.eval_on_selector_all(
        '[data-tile="top_vendors"] .name', "all => all.map((each) => each.textContent)"
    )
    assert sorted(names) == sorted(text for _, text in HOSTILE_VENDORS)
    for key, text in HOSTILE_VENDORS:
        page.locator('[data-tile="top_vendors"] .row').filter(has=page.get_by_title(text, exact=True)).click()
        expect(page.locator("#trail .chip bdi")).to_have_text(text)
        assert page.evaluate("new URLSearchParams(location.search).get('vendor')") == key
        page.go_back()
        expect(page.locator("#trail")).to_be_empty()
    assert page.locator("main img, main script").count() == 0
    assert "owned" not in page.title()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
def test_a_slow_answer_is_said_and_comes(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    visitor.page.route("**/api/v1/dashboards/admin?range=this_year", lambda _route: None)
    visitor.page.locator("select[name=range]").select_option("this_year")
    expect(visitor.page.locator("#message")).to_contain_text("longer than usual")
    assert visitor.value("gmv").startswith("GH")
    visitor.page.unroute_all(behavior="ignoreErrors")
    visitor.page.locator("select[name=range]").select_option("last_7_days")
    visitor.settle()
    expect(visitor.page.locator("#message")).to_be_hidden()


@pytest.mark.slow
def test_an_error_is_said_in_the_language_of_the_reader(visit: Visit) -> None:
    visitor = visit(locale="fr-FR")
    visitor.expected = ("400", "404")
    visitor.sign_in()
    visitor.page.goto(f"{visitor.site.url}/dashboards/admin?rnge=this_year")
    expect(visitor.page.locator("#message h2")).to_have_text(
        "La demande ne peut pas être satisfaite telle quelle."
    )
    expect(visitor.page.locator("#message [lang=en]")).to_contain_text("no filter 'rnge'")
    visitor.page.goto(f"{visitor.site.url}/dashboards/none")
    expect(visitor.page.locator("h1")).to_have_text("Il n'y a rien ici.")
