"""Whatever a shop, its people or its files call a thing: on every page it is text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.access.principal import Role
from amalimart.web.site import create_site
from tests.browser import test_vendor_pages, test_work_pages
from tests.web import fake_catalogue, fake_marketplace
from tests.web.fake_site import PASSWORD, make_services, serving

if TYPE_CHECKING:
    from tests.browser.conftest import Site, Visit, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Each would set window.owned, or leave an element behind, where it is taken for more than text.
CORPUS = (
    "<script>window.owned=1</script>",
    '"><img src=x onerror="window.owned=1">',
    "'><svg onload=window.owned=1>",
    "</script><script>window.owned=1</script>",
    "</title><iframe srcdoc='<script>parent.owned=1</script>'>",
    "<math><mtext></p><style><img src=x onerror=window.owned=1>",
    "`${window.owned=1}` {{constructor.constructor('window.owned=1')()}}",
    "javascript:window.owned=1",
    "<a href=javascript:window.owned=1 autofocus onfocus=window.owned=1>",
    "\u202e<b>bold</b>\u0000\u2028</style><input onfocus=window.owned=1 autofocus>",
)
PAGES = (
    "/dashboards/admin", "/dashboards/admin?vendor=v1&category=c2", "/dashboards/customers",
    "/dashboards/inventory", "/dashboards/operations", "/dashboards/executive", "/dashboards/support",
    "/dashboards/analyst", "/dashboards/admin/orders?product=p1", "/work", "/orders/o1", "/payouts",
    "/payouts/p1", "/scorecards/vendor?vendor=v2", "/explore?metrics=item_gmv&by=vendor",
    "/explore?metrics=gmv&grain=month", "/board", "/catalogue", "/catalogue/metrics/gmv",
    "/quality", "/releases", "/usage", "/users", "/status",
)  # fmt: skip
ELEMENTS = "main :is(img, iframe, script, math, [onload], [onerror], [onfocus], [href^='javascript:' i])"


def hostile(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Rows of which every text that no page looks up is of the corpus."""
    texts = cycle(CORPUS)
    kept = ("_id", "status", "currency", "payment_kind", "method")
    return {
        name: [
            {
                key: next(texts) if isinstance(value, str) and not key.endswith(kept) else value
                for key, value in row.items()
            }
            for row in listed
        ]
        for name, listed in rows.items()
    }


@pytest.fixture
def hostile_site(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A site on which every name is of the corpus; its one admin is, too."""
    number, made = count(), fake_catalogue.dimensions_of

    def called() -> str:
        at = next(number)
        return f"{CORPUS[at % len(CORPUS)]} {at}"

    vendors = tuple((key, called()) for key, _ in fake_catalogue.VENDORS)
    known = {
        name: replace(each, label=called(), members=tuple((key, called()) for key, _ in each.members))
        for name, each in made(vendors).items()
    }
    monkeypatch.setattr(fake_marketplace, "dimensions_of", lambda _: known)
    for name, metric in fake_catalogue.METRICS.items():
        monkeypatch.setitem(fake_catalogue.METRICS, name, replace(metric, label=called()))
    site.marketplace.vendors = vendors
    test_work_pages.fill(site)
    listed = dict(site.marketplace.listed)
    test_vendor_pages.fill(site)
    site.marketplace.listed = hostile(listed | site.marketplace.listed)
    own = make_services(tmp_path, site.marketplace)
    own.control.users.add("owner@shop.test", display_name=CORPUS[1], role=Role.ADMIN, password=PASSWORD)
    settings = replace(own.settings, marketplace_name=CORPUS[0])
    services = replace(site.services, control=own.control, settings=settings, demo_accounts=())
    services.pages.clear()
    with serving(create_site(services)) as url:
        yield url
    services.pages.clear()
    own.control.close()


def test_no_label_is_more_than_text_on_any_page(visit: Visit, hostile_site: str) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{hostile_site}/sign-in")
    page.fill("input[name=email]", "owner@shop.test")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboards/**")
    shown = ""
    for path in PAGES:
        page.goto(hostile_site + path)
        page.wait_for_load_state("networkidle")
        assert_harmless(visitor, path)
        shown += page.inner_text("body")
    for text in CORPUS[:9]:
        assert text in shown, text


def assert_harmless(visitor: Visitor, path: str) -> None:
    page = visitor.page
    assert page.evaluate("window.owned") is None, path
    assert page.locator(ELEMENTS).count() == 0, path
    assert visitor.complaints == [], path
