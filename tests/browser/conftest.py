"""A real browser against a site on the fake marketplace: seconds, not minutes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from amalimart.api.services import AppServices
from amalimart.web.site import create_site
from tests.web.fake_lineage import FakeGlossary, FakeLineage
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_operating import FakeOperating, FakeSchedules
from tests.web.fake_policies import POLICIES
from tests.web.fake_quality import FakeBook, FakeIncidents, FakeQuality
from tests.web.fake_site import make_services, serving
from tests.web.fake_usage import FakeUsage


@dataclass(slots=True)
class House:
    """What admins answer for."""

    quality: FakeQuality
    incidents: FakeIncidents
    book: FakeBook


@dataclass(slots=True)
class Site:
    """The served site, and the marketplace behind it to turn by hand."""

    url: str
    marketplace: FakeMarketplace
    operating: FakeOperating
    schedules: FakeSchedules
    house: House
    services: AppServices


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    marketplace = FakeMarketplace()
    operating, schedules = FakeOperating(), FakeSchedules()
    services = make_services(folder, marketplace, cache=folder)
    house = House(FakeQuality(), FakeIncidents(), FakeBook())
    services = dataclasses.replace(
        services,
        operating=operating,
        schedules=schedules,
        lineage_desk=FakeLineage(),
        glossary=FakeGlossary(),
        release_book=house.book,
        quality=house.quality,
        incidents=house.incidents,
        policies=lambda: POLICIES,
        usage=FakeUsage(),
    )
    with serving(create_site(services)) as url:
        yield Site(url, marketplace, operating, schedules, house, services)
    services.control.close()


@pytest.fixture
def site(served: Site) -> Site:
    """The site with its marketplace as new, published just now."""
    fresh = FakeMarketplace(published_at=datetime.now(UTC))
    for each in dataclasses.fields(FakeMarketplace):
        setattr(served.marketplace, each.name, getattr(fresh, each.name))
    served.operating.state, served.schedules.jobs = FakeOperating().state, FakeSchedules().jobs
    fresh_house = (FakeQuality(), FakeIncidents(), FakeBook())
    for now, new in zip(
        (served.house.quality, served.house.incidents, served.house.book), fresh_house, strict=True
    ):
        now.__dict__.update(new.__dict__)
    # The releases of the marketplace as new are earlier ones: what was kept of later ones would outlive it.
    served.services.pages.clear()
    return served


@dataclass(slots=True)
class Visitor:
    """One browser window. Whatever the console said is held against the test at its end."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def sign_in(self, name: str = "admin") -> None:
        self.page.goto(f"{self.site.url}/sign-in")
        self.page.click(f'button[value^="{name}@"]')
        self.page.wait_for_url("**/dashboards/**")

    def open(self, path: str) -> None:
        """Open a dashboard and wait until its tiles stand, charts drawn."""
        self.page.goto(self.site.url + path)
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_selector('#tiles[aria-busy="false"]:not([data-waiting])')
        self.page.wait_for_function(
            """() => [...document.querySelectorAll('[data-type="trend"][data-status="ok"] .chart')]
                .every((chart) => chart.dataset.drawn)"""
        )

    def text(self, tile: str) -> str:
        return self.page.inner_text(f'[data-tile="{tile}"]')

    def value(self, tile: str) -> str:
        return self.page.inner_text(f'[data-tile="{tile}"] .value')


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """Opens windows: visit(width=390, height=844, theme="dark")."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def open_window(width: int = 1440, height: int = 900, theme: str = "light", **options: object) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(10_000)
        visitor = Visitor(context.new_page(), site)
        visitor.page.on(
            "console",
            lambda message: (
                visitor.complaints.append(message.text) if message.type in {"error", "warning"} else None
            ),
        )
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        contexts.append(context)
        visitors.append(visitor)
        return visitor

    yield open_window
    said = [
        complaint
        for visitor in visitors
        for complaint in visitor.complaints
        if not any(expected in complaint for expected in visitor.expected)
    ]
    for context in contexts:
        context.close()
    assert said == []
