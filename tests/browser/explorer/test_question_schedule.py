"""The schedule of a saved question in a real browser, over a real warehouse file and packaged policies."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from amalimart.access.principal import Principal, Role
from amalimart.api.ports.coming_in import DemoAccount
from amalimart.control.question_schedules import Wish
from amalimart.control.saved_questions import Draft, Sharing
from amalimart.core.question_files import FileForm
from amalimart.core.recurrence import recurrence
from amalimart.web.site import create_site
from tests.api.scheduled_shop import ScheduledShop, march, scheduled_shop
from tests.browser.explorer.explorer_page import settled, tab_to
from tests.browser.test_accessibility import violations
from tests.web.fake_lineage import FakeLineage
from tests.web.fake_site import serving

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser

AMA = Principal("ama@shop.test", Role.VENDOR, vendor_ids=frozenset({"vA"}))
ASKED = {"metrics": ["total_revenue"], "by": ["product"], "from": "2024-01-01", "to": "2024-03-20"}


@dataclass(frozen=True, slots=True)
class Served:
    """A served shop whose questions can be scheduled."""

    url: str
    scheduled: ScheduledShop


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with scheduled_shop(tmp_path) as scheduled:
        services = replace(
            scheduled.services, demo_accounts=(DemoAccount(AMA.subject, "own"),), lineage_desk=FakeLineage()
        )
        with serving(create_site(services)) as url:
            yield Served(url, scheduled)


PHONE = {"width": 390, "height": 844, "theme": "dark"}
DESK = {"width": 1280, "height": 844, "theme": "light"}


def question(site: Served) -> str:
    draft = Draft('<img src=x onerror="alert(1)"> Sales', Sharing.PRIVATE, ASKED)
    return site.scheduled.services.control.saved_questions.add(draft, AMA).question_id


def opened(visitor: Visitor, question_id: str) -> Page:
    page = visitor.page
    page.goto(f"{visitor.site.url}/explore?saved={question_id}")
    settled(page)
    return page


@pytest.mark.parametrize("view", [DESK, pytest.param(PHONE, marks=pytest.mark.slow)], ids=["desk", "phone"])
def test_a_question_is_scheduled_by_the_keyboard(visit: Visit, site: Served, view: dict[str, Any]) -> None:
    visitor = visit(**view)
    visitor.sign_in("ama")
    visitor.page.goto(f"{site.url}/explore")
    visitor.page.wait_for_selector('#explorer[aria-busy="false"]')
    expect(visitor.page.locator("#schedule")).to_be_hidden()
    page = opened(visitor, question(site))
    tab_to(page, "#schedule")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.schedule")
    expect(dialog).to_contain_text("Not scheduled")
    expect(dialog).to_contain_text('<img src=x onerror="alert(1)"> Sales')
    assert violations(visitor) == []
    tab_to(page, "[name=every]")
    page.keyboard.type("On days")
    tab_to(page, '[name=weekdays][value="thursday"]')
    page.keyboard.press("Space")
    tab_to(page, "[name=at]")
    page.locator("[name=at]").fill("07:30")
    tab_to(page, "[name=format]")
    page.keyboard.type("CSV")
    tab_to(page, ".schedule [type=submit]")
    page.keyboard.press("Enter")
    expect(dialog.locator("[role=status]")).to_have_text("It is scheduled.")
    assert page.evaluate("document.activeElement.type") == "submit"
    expect(dialog.locator(".schedule-now")).to_contain_text("21 Mar, 07:30")
    (kept,) = site.scheduled.services.control.question_schedules.all()
    assert (kept.wish.recurrence.cron, kept.wish.form.value) == ("30 7 * * 1,4", "csv")
    page.locator("[name=weekdays]:checked").first.uncheck()
    page.locator("[name=weekdays]:checked").first.uncheck()
    visitor.expected = ("400",)
    page.click(".schedule [type=submit]")
    expect(dialog.locator("[role=status]")).to_contain_text("A week needs its days.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("view", [pytest.param(DESK, marks=pytest.mark.slow), PHONE], ids=["desk", "phone"])
def test_what_came_of_it_is_downloaded_refused_paused_and_removed(
    visit: Visit, site: Served, view: dict[str, Any]
) -> None:
    scheduled, question_id = site.scheduled, question(site)
    control = scheduled.services.control
    wish = Wish(recurrence("week", "07:30", ["monday", "thursday"]), FileForm.CSV, "en")
    control.question_schedules.put(question_id, wish, AMA)
    scheduled.run_at(march(21, 7, 30))
    visitor = visit(**view)
    visitor.sign_in("ama")
    page = opened(visitor, question_id)
    page.click("#schedule")
    dialog = page.locator("dialog.schedule")
    run = dialog.locator(".schedule-runs li").first
    expect(run).to_contain_text(f"release {scheduled.shop.release_id}")
    with page.expect_download() as download:
        run.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith("-Sales.csv")
    found = list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))
    told = page.evaluate(
        """async (asked) => (await fetch('/api/v1/query', { method: 'POST', body: JSON.stringify(asked),
            headers: { 'Content-Type': 'application/json' } })).json()""",
        ASKED,
    )
    assert [row[:2] for row in found[1:]] == [row[:2] for row in told["rows"]]

    scheduled.clock.instant = march(21, 7, 45)
    dialog.get_by_role("button", name="Answer now").click()
    expect(run).to_contain_text("Waits for its turn")
    expect(dialog.locator("[role=status]")).to_contain_text("It is being answered.")
    scheduled.run_at(march(21, 8))
    expect(run).to_contain_text("Answered")
    expect(dialog.locator(".schedule-runs li")).to_have_count(2)
    expect(dialog.locator(".schedule-form + [role=status]")).to_be_empty()

    dialog.get_by_role("button", name="Pause").click()
    expect(dialog.locator(".schedule-now")).to_have_text("Paused")
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.locator(".schedule-now")).to_contain_text("25 Mar, 07:30")
    control.users.update(AMA.subject, role=Role.SUPPORT, vendor_ids=[])
    scheduled.run_at(march(25))
    control.users.update(AMA.subject, role=Role.VENDOR, vendor_ids=["vA"])
    page.keyboard.press("Escape")
    page.click("#schedule")
    expect(run).to_contain_text("Not answered")
    assert violations(visitor) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    dialog.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog.locator(".schedule-now")).to_have_text("Not scheduled")
    assert scheduled.kept() == []


@pytest.mark.slow
def test_the_panel_speaks_french(visit: Visit, site: Served) -> None:
    visitor = visit(locale="fr-FR")
    visitor.page.goto(f"{site.url}/sign-in")
    visitor.page.click('button[value^="ama@"]')
    visitor.page.wait_for_url("**/dashboards/**")
    page = opened(visitor, question(site))
    page.get_by_role("button", name="Questions enregistrées").click()
    page.locator(".library").get_by_role("button", name="Planifier").click()
    dialog = page.locator("dialog.schedule")
    expect(dialog).to_contain_text("Non planifiée")
    expect(dialog.locator("[name=language]")).to_have_value("fr")
    expect(dialog.locator(".schedule-days")).to_contain_text("lun")
    assert violations(visitor) == []
