"""Usage and the guided start in a real browser: what is shown, what is to be typed, and when it goes away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from amalimart.api.ports.site import Step
from amalimart.core.operating import SnapshotProgress
from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS
from tests.web.fake_operating import FAILING, FOLLOWING, SILENT

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser


def opened(visitor: Visitor, path: str, name: str = "admin") -> Visitor:
    visitor.sign_in(name)
    visitor.page.goto(visitor.site.url + path)
    visitor.page.wait_for_selector('.reading[aria-busy="false"]')
    return visitor


def fresh(visitor: Visitor) -> None:
    """A project that has no source yet and no release."""
    visitor.site.operating.turn(sources=(), releases=())
    visitor.site.marketplace.release_id = None


def test_usage_says_who_asks_what_and_what_nobody_does(visit: Visit) -> None:
    visitor = opened(visit(), "/usage")
    page = visitor.page
    expect(page.locator("#summary .kpi").first).to_contain_text("17,258")
    metrics = page.locator("#metrics")
    expect(metrics.get_by_role("row").nth(1)).to_contain_text("admin 8,000")
    expect(metrics.get_by_role("row").nth(1)).to_contain_text("interface 500")
    metrics.locator("summary").click()
    expect(metrics.locator(".names")).to_contain_text("<b>unasked</b>")
    expect(page.locator("#boards")).to_contain_text("1 dashboard that nobody opened")
    expect(page.locator("#kept")).to_contain_text("96.2%")
    expect(page.locator("#slow tbody tr").first).to_contain_text("2.4 s")
    expect(page.locator("#refused tbody tr").first).to_contain_text("denied")
    expect(page.locator("#refused tbody tr").nth(1)).to_contain_text("unknown_name")
    expect(page.locator("#refused tbody tr").nth(2)).to_contain_text("Without names that are known")
    expect(page.locator("#refused tbody tr").nth(2)).to_contain_text("schedules")
    expect(page.locator("#kept tbody tr").nth(2)).to_contain_text("values of filters")
    assert "@demo.test" not in page.inner_text("#usage")


@pytest.mark.slow
def test_the_days_stand_in_the_address_and_a_week_without_questions_is_said_calmly(visit: Visit) -> None:
    visitor = opened(visit(), "/usage")
    visitor.page.get_by_label("7 days").check()
    expect(visitor.page.locator("#metrics")).to_contain_text("Nobody has asked anything yet")
    expect(visitor.page.locator("#refused")).to_contain_text("Everything got an answer")
    assert visitor.page.url.endswith("?days=7")
    visitor.page.go_back()
    expect(visitor.page.locator("#metrics")).to_contain_text("12,480")
    visitor.page.goto(f"{visitor.site.url}/usage?days=5000")
    expect(visitor.page.locator("#metrics")).to_contain_text("12,480")
    expect(visitor.page.get_by_label("30 days")).to_be_checked()


@pytest.mark.slow
def test_the_catalogue_says_how_often_a_metric_is_used_but_not_to_who_sees_own_rows(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in("admin")
    visitor.page.goto(f"{visitor.site.url}/catalogue/metrics/gmv")
    expect(visitor.page.locator("#entry")).to_contain_text("12,480 times in 30 days")
    vendor = visit()
    vendor.sign_in("vendor")
    vendor.page.goto(f"{vendor.site.url}/catalogue/metrics/gmv")
    expect(vendor.page.locator("#entry h2")).to_be_visible()
    expect(vendor.page.locator("#entry")).not_to_contain_text("in 30 days")


def test_a_fresh_project_leads_its_admin_from_step_to_step_and_then_out_of_the_way(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("503",)  # the dashboard that is left behind looks once more
    visitor.sign_in("admin")
    fresh(visitor)
    page = visitor.page
    page.goto(f"{visitor.site.url}/")
    page.wait_for_url("**/start")
    step = page.locator
    expect(step('[data-step="source"]')).to_contain_text("amalimart source add shop")
    expect(step('[data-step="load"]')).to_contain_text("waits for the step before")

    failing = replace(SILENT, state="failing", error="the password is wrong", next_step="correct it")
    visitor.site.operating.turn(sources=(failing,))
    expect(step('[data-step="source"] [role="alert"]')).to_contain_text("wholesale: The password is wrong.")

    reading = replace(SILENT, reading=SnapshotProgress(420_000, 1_000_000, "orders"))
    visitor.site.operating.turn(sources=(reading,))
    load = step('[data-step="load"]')
    expect(load).to_contain_text("wholesale: orders")
    expect(load).to_contain_text("42%")
    expect(load).to_contain_text("420,000 rows")
    expect(step('[data-step="source"]')).to_contain_text("done")

    visitor.site.operating.turn(sources=(FOLLOWING,))
    visitor.site.marketplace.steps = (Step("Building the first release: silver", 0.5),)
    expect(load).to_contain_text("Building the first release: silver")
    visitor.site.marketplace.steps = ()
    expect(load.get_by_role("alert")).to_contain_text("The first release is being built.")

    visitor.site.marketplace.release_id = 1
    expect(page.locator("#end")).to_contain_text("All is done")
    expect(load).to_contain_text("Release")
    page.get_by_role("link", name="To your dashboard").click()
    page.wait_for_url("**/dashboards/admin")
    expect(page.locator("#dashboards")).not_to_contain_text("Get started")
    page.goto(f"{visitor.site.url}/start")
    expect(page.locator("#steps .stage")).to_have_count(5)


@pytest.mark.slow
def test_a_table_that_stands_still_is_a_trouble_of_the_mapping(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in("admin")
    visitor.site.operating.turn(sources=(FAILING,))
    visitor.page.goto(f"{visitor.site.url}/start")
    mapping = visitor.page.locator('[data-step="mapping"]')
    expect(mapping.get_by_role("alert")).to_contain_text("partners.returns: The column reason is now INTEGER")
    expect(mapping.locator("code")).to_have_text("amalimart map check partners")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_usage_and_start(visit: Visit, width: int, theme: str) -> None:
    visitor = opened(visit(width=width, height=844, theme=theme), "/usage")
    visitor.page.locator("#metrics summary").click()
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
    reading = replace(SILENT, reading=SnapshotProgress(420_000, 1_000_000, "orders"))
    visitor.site.operating.turn(sources=(reading, FAILING), releases=())
    visitor.site.marketplace.release_id = None
    visitor.page.goto(f"{visitor.site.url}/start")
    expect(visitor.page.locator('[data-step="load"] progress')).to_be_visible()
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
