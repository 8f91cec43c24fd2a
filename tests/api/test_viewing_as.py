"""An admin who looks as a vendor is told, byte for byte, what the vendor is told, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from amalimart.web.site import create_site
from tests.api.described_routes import requests_of
from tests.api.shop_site import ORIGIN, Shop, opened_shop
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD

PAGE = "/api/v1/dashboards/vendor?range=custom&from=2024-01-01&to=2024-03-20"
ASKED = (
    PAGE,
    "/api/v1/query?metrics=item_gmv&by=product",
    "/api/v1/metrics",
    "/api/v1/dimensions/vendor/values",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("viewing")) as made:
        yield made


@pytest.fixture(scope="module")
def app(shop: Shop) -> FastAPI:
    return create_site(shop.services)


def signed_in(app: FastAPI, email: str = "admin@demo.test") -> TestClient:
    client = TestClient(app, follow_redirects=False, raise_server_exceptions=False, headers=ORIGIN)
    assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
    return client


@pytest.fixture
def admin(app: FastAPI) -> TestClient:
    return signed_in(app)


def view_as(client: TestClient, **form: str) -> int:
    return client.post("/view-as", data=form).status_code


@pytest.mark.parametrize("form", [{"email": "ama@shop.test"}, {"vendor_id": "vA"}])
def test_what_is_told_is_what_the_viewed_is_told(
    app: FastAPI, admin: TestClient, form: dict[str, str]
) -> None:
    theirs = signed_in(app, "ama@shop.test")
    own = {path: admin.get(path) for path in ASKED}
    assert own[PAGE].status_code == 404, "the admin's own pages do not hold it"
    assert view_as(admin, **form) == 303
    for path in ASKED:
        seen, told = admin.get(path), theirs.get(path)
        assert told.status_code == 200
        assert (seen.status_code, seen.content) == (200, told.content), path
        assert seen.headers.get("etag") == told.headers.get("etag"), path
        assert seen.content != own[path].content, path
    tag = theirs.get(PAGE).headers["etag"]
    assert admin.get(PAGE, headers={"If-None-Match": tag}).status_code == 304
    assert admin.get("/api/v1/dashboards/admin").status_code == 404
    assert admin.get("/users").status_code == 404
    assert admin.post("/view-as/end").headers["location"] == "/users"
    assert {path: admin.get(path).content for path in ASKED[1:]} == {
        path: own[path].content for path in ASKED[1:]
    }


def test_every_record_names_both(shop: Shop, admin: TestClient) -> None:
    view_as(admin, email="kofi@shop.test")
    before = len(shop.asked)
    admin.get(PAGE)
    admin.get(PAGE)
    admin.get("/api/v1/query?metrics=gmv")
    admin.get("/api/v1/query?metrics=item_gmv&format=csv")
    told = [(each.subject, each.role, each.viewed_by) for each in shop.asked[before:]]
    assert told == [("kofi@shop.test", "vendor", "admin@demo.test")] * 4
    assert shop.asked[before + 2].outcome.value == "denied"
    admin.post("/view-as/end")
    admin.get("/api/v1/query?metrics=gmv")
    assert (shop.asked[-1].subject, shop.asked[-1].viewed_by) == ("admin@demo.test", "")


def test_nothing_is_changed_meanwhile_by_any_route(app: FastAPI, admin: TestClient) -> None:
    view_as(admin, email="analyst@demo.test")
    tried = 0
    for asked in requests_of(app):
        if asked.method == "GET" or asked.address in {"/api/v1/query", "/api/v1/compatible"}:
            continue
        tried += 1
        response = admin.request(asked.method, asked.address, params=asked.query, json=asked.body)
        assert (response.status_code, response.json()["error"]["code"]) == (403, "denied"), asked.route
        assert "somebody else" in response.json()["error"]["what"]
    assert tried > 10
    assert view_as(admin, email="ama@shop.test") == 403


def test_a_long_question_is_answered_as_to_the_one_who_is_viewed(app: FastAPI, admin: TestClient) -> None:
    asked = {"metrics": ["item_gmv"], "by": ["vendor"]}
    before = admin.post("/api/v1/query", json=asked).content
    theirs = signed_in(app, "kofi@shop.test").post("/api/v1/query", json=asked)
    view_as(admin, email="kofi@shop.test")
    seen = admin.post("/api/v1/query", json=asked)
    assert (seen.status_code, seen.json()["rows"]) == (200, theirs.json()["rows"])
    assert seen.content != before
    assert admin.post("/api/v1/compatible", json={"metrics": ["item_gmv"]}).status_code == 200


def test_the_pages_say_it_with_a_way_back(admin: TestClient) -> None:
    assert "/view-as/end" not in admin.get("/dashboards/admin").text
    view_as(admin, email="ama@shop.test")
    for path in ("/dashboards/vendor", "/catalogue"):
        page = admin.get(path).text
        assert 'action="/view-as/end"' in page
        assert "You are viewing as" in page
    assert "Vous consultez" in admin.get("/catalogue", headers={"Accept-Language": "fr"}).text


@pytest.mark.parametrize("email", ["executive@demo.test", "analyst@demo.test", "ama@shop.test"])
def test_nobody_but_an_admin_looks_as_another(app: FastAPI, email: str) -> None:
    client = signed_in(app, email)
    assert view_as(client, email="kofi@shop.test") == 403
    assert view_as(client, vendor_id="vB") == 403
    assert client.get(f"{PAGE}&view_as=kofi@shop.test").status_code in {200, 400, 404}
    assert "vB" not in client.get("/dashboards/vendor").text
    stranger = TestClient(app, follow_redirects=False, headers=ORIGIN)
    response = stranger.post("/view-as", data={"email": "kofi@shop.test"})
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")


def test_no_foreign_page_makes_an_admin_look(admin: TestClient) -> None:
    response = admin.post("/view-as", data={"vendor_id": "vA"}, headers={"Origin": "https://evil.test"})
    assert response.status_code == 403
    assert admin.get(PAGE).status_code == 404


def test_looking_takes_nothing_from_the_rate_of_the_viewed(
    shop: Shop, admin: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(shop.services.rate, "take", taken.append)
    view_as(admin, email="ama@shop.test")
    admin.get("/api/v1/metrics")
    assert taken == ["admin@demo.test"]
