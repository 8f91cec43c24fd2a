"""The status page in a real browser: for admins alone, and calm where there is little to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS
from tests.web.fake_operating import BLOCKED, COMPACTING, FAILING, FOLLOWING, SILENT

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser


def opened(visitor: Visitor) -> Visitor:
    visitor.sign_in()
    visitor.page.goto(f"{visitor.site.url}/status")
    visitor.page.wait_for_selector('#status[aria-busy="false"]')
    return visitor


def text(visitor: Visitor, part: str) -> str:
    return visitor.page.inner_text(f"#{part}")


def test_an_admin_goes_there_by_the_side_bar_and_sees_each_part_of_the_house(visit: Visit) -> None:
    visitor = visit()
    visitor.site.operating.turn(sources=(FOLLOWING, FAILING, SILENT), blocked=BLOCKED, operation=COMPACTING)
    visitor.sign_in()
    visitor.page.get_by_role("link", name="Status").click()
    visitor.page.wait_for_selector('#status[aria-busy="false"]')
    assert "#981" in text(visitor, "summary")
    assert "1 of 3" in text(visitor, "summary")
    engine = text(visitor, "engine")
    assert "Build 7 is held back." in engine
    assert "orders_have_buyers: 3 rows" in engine
    assert "A compact of the warehouse is under way: copying the tables" in engine
    assert "someone@shop.test" not in visitor.page.content()
    sources = text(visitor, "sources")
    assert "returns: the column reason is now INTEGER, and was TEXT" in sources
    assert "The folder cannot be read." in sources
    assert "This source has committed nothing yet." in sources
    assert "journal sealed" in sources
    assert "470 ms" in text(visitor, "releases")
    schedules = text(visitor, "schedules")
    assert "<b>3 rows</b> break orders_have_buyers." in schedules
    assert "off: it is disabled" in schedules
    assert "bytes 1.9 GB" in schedules


@pytest.mark.slow
def test_what_happens_shows_by_itself_and_nothing_is_sent_while_nothing_does(visit: Visit) -> None:
    visitor = opened(visit())
    answers: list[int] = []
    visitor.page.on(
        "response", lambda said: answers.append(said.status) if said.url.endswith("/detail") else None
    )
    visitor.page.wait_for_timeout(1500)
    assert answers
    assert set(answers) == {304}
    visitor.site.operating.turn(sources=(FAILING,))
    visitor.page.wait_for_selector("#sources .state.bad")
    assert 200 in answers


def test_it_is_calm_where_there_is_nothing_yet(visit: Visit) -> None:
    visitor = visit(width=390, height=844)
    visitor.site.operating.turn(sources=(), releases=())
    visitor.site.schedules.jobs = ()
    opened(visitor)
    assert "This project has no source yet." in text(visitor, "sources")
    assert "No release has been published yet." in text(visitor, "releases")
    assert "This engine runs no schedules." in text(visitor, "schedules")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    assert violations(visitor) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vendor", "analyst"])
def test_for_anybody_else_there_is_no_such_page(visit: Visit, name: str) -> None:
    visitor = visit()
    visitor.expected = ("404", "403")
    visitor.sign_in(name)
    assert visitor.page.get_by_role("link", name="Status").count() == 0
    answer = visitor.page.goto(f"{visitor.site.url}/status")
    assert answer is not None
    assert answer.status == 404
    assert visitor.page.request.get(f"{visitor.site.url}/api/v1/status/detail").status == 403


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_the_status_page(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, theme=theme)
    visitor.site.operating.turn(sources=(FOLLOWING, FAILING, SILENT), blocked=BLOCKED, operation=COMPACTING)
    opened(visitor)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
    assert violations(visitor) == []
