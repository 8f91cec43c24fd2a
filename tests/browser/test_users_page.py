"""Users and policies in a real browser: adding, disabling, and looking at pages as somebody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser


def opened(visitor: Visitor) -> Visitor:
    visitor.sign_in()
    visitor.page.goto(f"{visitor.site.url}/users")
    visitor.page.wait_for_selector('#users[aria-busy="false"]')
    expect(visitor.page.locator("details.policy")).to_have_count(3)
    return visitor


def added(visitor: Visitor, email: str, role: str, ids: str = "") -> str:
    """Add a person by the dialog; returns the password that is shown."""
    visitor.page.get_by_role("button", name="Add a user").click()
    dialog = visitor.page.locator("dialog")
    dialog.get_by_label("E-mail address").fill(email)
    dialog.get_by_label("Name to show").fill("<b>New</b> Person")
    dialog.get_by_label("role").select_option(role)
    if ids:
        dialog.get_by_label("vendor ids").fill(ids)
    dialog.get_by_role("button", name="Add a user").click()
    secret = visitor.page.locator(".secret code")
    expect(secret).to_have_text(re.compile(r"\w{5}(-\w{5}){3}"))
    password = secret.inner_text()
    visitor.page.get_by_role("button", name="Close").click()
    return password


def test_a_user_who_was_added_signs_in_and_is_out_at_the_next_request_when_disabled(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("400",)
    opened(visitor)
    visitor.page.get_by_role("button", name="Add a user").click()
    dialog = visitor.page.locator("dialog")
    dialog.get_by_label("E-mail address").fill("new@example.com")
    dialog.get_by_label("role").select_option("vendor")
    dialog.get_by_role("button", name="Add a user").click()
    expect(dialog).to_contain_text("would see nothing")
    dialog.get_by_role("button", name="Cancel").click()
    password = added(visitor, "new@example.com", "vendor", "v1, v2")
    row = visitor.page.locator("#people tr", has_text="new@example.com")
    expect(row).to_contain_text("<b>New</b> Person")
    expect(row).to_contain_text("v1, v2")

    theirs = visit()
    theirs.expected = ("401",)
    theirs.page.goto(f"{theirs.site.url}/sign-in")
    theirs.page.click("summary")
    theirs.page.fill('input[name="email"][type="email"]', "new@example.com")
    theirs.page.fill('input[type="password"]', password)
    theirs.page.get_by_role("button", name="Sign in").click()
    theirs.page.wait_for_url("**/dashboards/vendor")
    theirs.settle()

    visitor.page.reload()
    visitor.page.locator("#people").get_by_role("button", name="<b>New</b> Person", exact=True).click()
    dialog = visitor.page.locator("dialog")
    expect(dialog).to_contain_text("Session since")
    dialog.get_by_role("button", name="Disable").click()
    dialog.get_by_role("button", name="Disable: press again").click()
    expect(row).to_contain_text("disabled")
    theirs.page.reload()
    expect(theirs.page).to_have_url(re.compile("/sign-in"))


@pytest.mark.slow
def test_the_last_admin_is_told_why_it_stays(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("409",)
    opened(visitor)
    visitor.page.locator("#people").get_by_role("button", name="Efua Mensah").click()
    dialog = visitor.page.locator("dialog")
    dialog.get_by_label("role").select_option("analyst")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("This is the last admin")


@pytest.mark.slow
def test_an_admin_looks_as_a_vendor_sees_its_numbers_and_goes_back(visit: Visit) -> None:
    visitor = opened(visit())
    visitor.page.get_by_role("button", name="View as Ama Serwaa").click()
    visitor.page.wait_for_url("**/dashboards/vendor")
    visitor.settle()
    banner = visitor.page.get_by_role("complementary", name="Viewing as somebody else")
    expect(banner).to_contain_text("You are viewing as Ama Serwaa")
    seen = {tile: visitor.value(tile) for tile in tiles(visitor)}
    assert violations(visitor) == []

    theirs = visit()
    theirs.sign_in("vendor")
    theirs.settle()
    told = theirs.page.evaluate("fetch('/api/v1/dashboards/vendor').then((answer) => answer.json())")
    assert visitor.page.evaluate("fetch('/api/v1/dashboards/vendor').then((answer) => answer.json())") == told
    assert seen == {tile: theirs.value(tile) for tile in tiles(theirs)}
    expect(theirs.page.locator(".viewing")).to_have_count(0)

    refused = visitor.page.evaluate(
        "fetch('/api/v1/board', {method: 'PUT', headers: {'Content-Type': 'application/json'},"
        " body: '{\"questions\": []}'}).then((answer) => answer.status)"
    )
    assert refused == 403
    visitor.expected = ("403",)
    banner.get_by_role("button", name="Back to your own pages").click()
    expect(visitor.page.locator("h1")).to_have_text("Users and policies")
    expect(visitor.page.locator(".viewing")).to_have_count(0)


def tiles(visitor: Visitor) -> list[str]:
    found: list[str] = visitor.page.evaluate(
        "[...document.querySelectorAll('.kpi')].filter((tile) => tile.querySelector('.value'))"
        ".map((tile) => tile.dataset.tile)"
    )
    assert found
    return found


@pytest.mark.slow
def test_a_role_says_in_words_what_it_may_see(visit: Visit) -> None:
    visitor = opened(visit())
    policy = visitor.page.locator("details.policy", has_text="Sells; sees its own")
    policy.locator("summary").click()
    expect(policy).to_contain_text("rows whose vendor_id is among the vendor ids of the account")
    expect(policy).to_contain_text("rows whose order_id occurs in order_items as this role sees it")
    expect(policy).to_contain_text("customer_id, phone")
    visitor.page.get_by_role("searchbox", name="Find a person").fill("nobody like that")
    expect(visitor.page.locator("#people")).to_contain_text("Nobody here matches that")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_users_and_their_dialogs(visit: Visit, width: int, theme: str) -> None:
    visitor = opened(visit(width=width, height=844, theme=theme))
    visitor.page.locator("details.policy summary").nth(1).click()
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
    visitor.page.locator("#people").get_by_role("button", name="Ama Serwaa", exact=True).click()
    assert violations(visitor) == []
