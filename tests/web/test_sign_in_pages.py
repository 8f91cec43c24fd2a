from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from amalimart.api.identity import COOKIE
from amalimart.api.services import AppServices
from amalimart.web.signing_in import own_address
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD
from tests.web.site_fixtures import ORIGIN


def test_the_demo_accounts_are_one_click_each(stranger: TestClient) -> None:
    text = stranger.get("/sign-in").text
    for name in ("admin", "executive", "vendor", "support", "delivery", "analyst"):
        assert f'value="{name}@demo.test"' in text
    response = stranger.post("/sign-in/demo", data={"email": "vendor@demo.test"}, headers=ORIGIN)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert stranger.get("/").headers["location"] == "/dashboards/vendor"


def test_a_user_who_is_not_offered_cannot_be_clicked_into(
    stranger: TestClient, services: AppServices
) -> None:
    services.control.users.add(
        "owner@shop.test", display_name="Owner", role=services.control.users.list()[0].role, password=PASSWORD
    )
    for email in ("owner@shop.test", "nobody@demo.test", ""):
        response = stranger.post("/sign-in/demo", data={"email": email}, headers=ORIGIN)
        assert response.status_code == 404
        assert COOKIE not in stranger.cookies


def test_a_disabled_demo_user_is_neither_offered_nor_opened(
    stranger: TestClient, services: AppServices
) -> None:
    services.control.users.update("vendor@demo.test", enabled=False)
    assert "vendor@demo.test" not in stranger.get("/sign-in").text
    response = stranger.post("/sign-in/demo", data={"email": "vendor@demo.test"}, headers=ORIGIN)
    assert response.status_code == 404


def test_a_wrong_password_is_said_calmly_and_keeps_the_address(stranger: TestClient) -> None:
    form = {"email": '"><script>x</script>@demo.test', "password": "wrong", "following": "/dashboards/admin"}
    response = stranger.post("/sign-in", data=form, headers=ORIGIN)
    assert response.status_code == 401
    assert "is not right" in response.text
    assert "<script>x" not in response.text
    assert 'value="/dashboards/admin"' in response.text
    assert "wrong" not in response.text.replace("wrong-", "")


def test_too_many_attempts_are_told_to_wait(stranger: TestClient) -> None:
    form = {"email": "admin@demo.test", "password": "not-the-password"}
    for _ in range(5):
        stranger.post("/sign-in", data=form, headers=ORIGIN)
    response = stranger.post("/sign-in", data={**form, "password": PASSWORD}, headers=ORIGIN)
    assert response.status_code == 401
    assert "Too many attempts" in response.text
    assert "10 seconds" in response.text


def test_who_is_sent_to_sign_in_comes_back_to_where_they_were(stranger: TestClient) -> None:
    asked = "/dashboards/admin?range=this_year&category=c%201"
    sent = stranger.get(asked).headers["location"]
    following = parse_qs(urlsplit(sent).query)["following"][0]
    assert following == asked
    page = stranger.get(sent).text
    assert "range=this_year&amp;category=c%201" in page
    form = {"email": "admin@demo.test", "password": PASSWORD, "following": following}
    assert stranger.post("/sign-in", data=form, headers=ORIGIN).headers["location"] == asked


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "javascript:alert(1)",
        "evil",
        "",
        "/\t/evil.test",
        "/\n/evil.test",
        "/sign-out",
        "/api/v1/query",
        " //evil.test",
        "http:///evil.test",
        "/x\r\nSet-Cookie: a=b",
    ],
)
def test_the_way_back_never_leaves_the_site(address: str) -> None:
    assert own_address(address) == "/"


@pytest.mark.parametrize("address", ["/", "/dashboards/admin", "/dashboards/admin?a=b&c=d", "/x?next=//evil"])
def test_the_way_back_may_be_any_page(address: str) -> None:
    assert own_address(address) == address


def test_pages_that_name_someone_are_not_kept(admin: TestClient, stranger: TestClient) -> None:
    for response in (admin.get("/dashboards/admin"), stranger.get("/sign-in"), admin.get("/nothing")):
        assert response.headers["cache-control"] == "no-store"


def test_a_page_that_does_not_exist_is_a_page(signed_in: Callable[[str], TestClient]) -> None:
    client = signed_in("admin")
    response = client.get("/dashboards/admni")
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "Did you mean" in response.text
    assert "admin" in response.text


def test_a_hostile_name_is_text(services: AppServices, admin: TestClient) -> None:
    services.control.users.update("admin@demo.test", display_name="</span><script>boo()</script>")
    page = admin.get("/dashboards/admin").text
    assert "<script>boo" not in page
    assert "&lt;script&gt;boo" in page
