"""What stands on a dashboard beside its numbers, and what of it goes on paper."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from amalimart.api.dashboards.reloading import ReloadingDashboards
from amalimart.web.site import create_site
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import make_services, serving

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

# How bright what is painted is, from 0 to 1: of a colour as the browser gives it.
BRIGHTNESS = """(element, property) => {
  const paint = document.createElement('canvas').getContext('2d');
  paint.fillStyle = getComputedStyle(element)[property];
  paint.fillRect(0, 0, 1, 1);
  const [red, green, blue] = paint.getImageData(0, 0, 1, 1).data;
  return (0.3 * red + 0.59 * green + 0.11 * blue) / 255;
}"""
PAGE = """
title: Desk
description: For those at the desk.
roles: [admin]
tiles:
  - {id: orders, type: kpi, title: Orders, metric: order_count}
"""


def test_words_stand_in_paragraphs_with_their_links_in_the_language_of_the_reader(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.open("/dashboards/customers")
    tile = visitor.page.locator('[data-tile="told_apart"]')
    expect(tile.locator("p")).to_have_count(2)
    expect(tile.locator("p").first).to_contain_text("Champions have ordered five times")
    expect(tile.get_by_role("link")).to_have_attribute("href", "/catalogue/dimensions/customer_segment")
    visitor.page.click(".language button")
    visitor.settle()
    expect(tile.locator("h2")).to_have_text("Comment les segments se distinguent")
    expect(tile.locator("p").first).to_contain_text("Les champions ont commandé")


def test_what_is_printed_is_dark_on_white_and_nothing_of_it_is_hidden(visit: Visit) -> None:
    visitor = visit(width=718, height=1046, theme="dark")  # a sheet of A4 within its margins
    visitor.sign_in()
    visitor.open("/dashboards/admin?category=c1")
    page = visitor.page
    page.emulate_media(media="print", color_scheme="dark")
    for control in (".side", "#toolbar select", ".segments", "#theme", "#trail .chip a"):
        assert not any(each.is_visible() for each in page.locator(control).all()), control
    for told in ("#period", "#trail .chip", '[data-tile="gmv"] .value', '[data-tile="top_vendors"] .name'):
        expect(page.locator(told).first).to_be_visible()
    assert page.locator("body").evaluate(BRIGHTNESS, "backgroundColor") > 0.9
    for said in ("h1", '[data-tile="gmv"] .value', '[data-tile="top_vendors"] .name', "#trail .chip"):
        assert page.locator(said).first.evaluate(BRIGHTNESS, "color") < 0.5, said
    axis = page.locator('[data-type="trend"] .chart svg text').first
    assert axis.evaluate(BRIGHTNESS, "fill") < 0.6
    cut_off = """all => all.filter((each) => each.scrollHeight > each.clientHeight + 1
      || each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)"""
    cut = "#tiles .scroll, .kpi .value, .kpi .change"
    assert page.eval_on_selector_all(cut, cut_off) == []
    visitor.open("/dashboards/admin")
    assert page.eval_on_selector_all(cut, cut_off) == []
    assert page.eval_on_selector_all(
        "#tiles .scroll", "all => all.every((each) => getComputedStyle(each).maskImage === 'none')"
    )


def test_a_mistake_in_a_dashboard_file_is_told_to_the_admin_over_the_last_good_page(
    visit: Visit, tmp_path: Path
) -> None:
    files = tmp_path / "dashboards"
    files.mkdir()
    (files / "desk.yml").write_text(PAGE, encoding="utf-8")
    dashboards = ReloadingDashboards(files, lambda _: None, clock=itertools.count(step=60).__next__)
    services = make_services(tmp_path, FakeMarketplace())
    visitor = visit()
    with serving(create_site(dataclasses.replace(services, dashboards=dashboards))) as url:
        visitor.site = dataclasses.replace(visitor.site, url=url)
        visitor.sign_in()
        visitor.open("/dashboards/desk")
        expect(visitor.page.locator(".notes")).to_have_count(0)
        (files / "desk.yml").write_text(PAGE.replace("type: kpi", "type: kpy"), encoding="utf-8")
        visitor.open("/dashboards/desk")
        notes = visitor.page.locator(".notes")
        expect(notes).to_contain_text("A dashboard file has a mistake, so the last good ones are shown")
        expect(notes).to_contain_text("desk.yml:6")
        expect(visitor.page.locator('[data-tile="orders"]')).to_have_attribute("data-status", "ok")
        visitor.page.goto("about:blank")
    services.control.close()
