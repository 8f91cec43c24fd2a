from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.api.app import create_app
from amalimart.api.ports.site import Figures
from amalimart.api.services import AppServices
from amalimart.observe.work import current_work
from amalimart.web.site import create_site
from tests.observe.recorded import Recorded, recorded
from tests.web.asgi_client import TestClient

TOKEN = "t0ken-of-the-figures"
ORIGIN = {"Origin": "http://testserver"}
OPERATOR = Principal("local operator", Role.ADMIN)


@pytest.fixture
def engine() -> Iterator[Recorded]:
    with recorded() as seen:
        yield seen


def site(services: AppServices, figures: Figures | None) -> TestClient:
    return TestClient(
        create_site(replace(services, figures=figures)), follow_redirects=False, raise_server_exceptions=False
    )


def told() -> str:
    return "amalimart_release_id 7.0\n"


@pytest.mark.parametrize(
    ("figures", "header", "status"),
    [
        (Figures(told, TOKEN), f"Bearer {TOKEN}", 200),
        (Figures(told, TOKEN), f"bearer  {TOKEN}", 200),
        (Figures(told, TOKEN), None, 401),
        (Figures(told, TOKEN), "", 401),
        (Figures(told, TOKEN), "Bearer", 401),
        (Figures(told, TOKEN), "Bearer wrong", 401),
        (Figures(told, TOKEN), f"Basic {TOKEN}", 401),
        (Figures(told, TOKEN), TOKEN, 401),
        (Figures(told, TOKEN), "Bearer \xe9\xff", 401),
        (Figures(told, None), "Bearer ", 401),
        (Figures(told, None), "Bearer None", 401),
        (Figures(told, ""), "Bearer ", 401),
        (Figures(told, None, is_open=True), None, 200),
        (None, f"Bearer {TOKEN}", 401),
    ],
)
def test_over_the_network_the_figures_need_the_token_or_are_open(
    services: AppServices, figures: Figures | None, header: str | None, status: int
) -> None:
    headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
    response = site(services, figures).get("/metrics", headers=headers)
    assert response.status_code == status
    if status == 200:
        assert response.text == told()
        assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert response.headers["cache-control"] == "no-store"
    else:
        assert response.json()["error"]["code"] == "not_signed_in"
        assert TOKEN not in response.text


def test_no_session_opens_them_not_even_an_admins(
    services: AppServices, signed_in: Callable[[str], TestClient]
) -> None:
    cookies = signed_in("admin").cookies
    client = site(services, Figures(told, TOKEN))
    client.cookies = cookies
    assert client.get("/api/v1/metrics").status_code == 200
    assert client.get("/metrics").status_code == 401


def test_on_the_local_socket_they_are_open(services: AppServices) -> None:
    app = create_app(replace(services, figures=Figures(told, TOKEN)), local_operator=OPERATOR)
    assert TestClient(app).get("/metrics").text == told()
    nothing = TestClient(create_app(services, local_operator=OPERATOR)).get("/metrics")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (503, "engine_unavailable")


def test_the_token_is_in_no_words_about_the_figures() -> None:
    assert TOKEN not in repr(Figures(told, TOKEN))


def test_a_request_is_counted_by_its_door_and_traced_by_its_route(
    engine: Recorded, admin: TestClient, services: AppServices
) -> None:
    admin.get("/api/v1/dimensions/vendor/values", params={"search": "Kofi and Sons"})
    admin.get("/dashboards/admin")
    admin.get("/api/v1/dashboards/admin")
    admin.get("/nowhere/Kofi")
    TestClient(create_app(services, local_operator=OPERATOR)).get("/api/v1/status")
    name = "amalimart_request_seconds_count"
    assert engine.value(name, door="api", outcome="answered") == 1
    assert engine.value(name, door="page", outcome="answered") == 3  # signing in is one
    assert engine.value(name, door="page", outcome="refused") == 1
    assert engine.value(name, door="socket", outcome="answered") == 1
    routes = [(span.attributes or {})["http.route"] for span in engine.named("request")]
    assert routes[1:] == [
        "/api/v1/dimensions/{name}/values",
        "/dashboards/{name}",
        "/api/v1/dashboards/{name}",
        "none",
        "/api/v1/status",
    ]
    assert "Kofi" not in engine.everything()


def test_the_id_of_an_answer_is_that_of_its_lines_in_the_log(
    admin: TestClient, services: AppServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def noted(*_: object) -> list[object]:
        logging.getLogger("test").info("inside")
        seen.append(current_work().run_id)
        return []

    monkeypatch.setattr(type(services.semantic), "metrics", noted)
    response = admin.get("/api/v1/metrics")
    assert seen == [response.headers["x-request-id"]]


def test_an_open_page_that_is_still_true_is_a_hit(engine: Recorded, admin: TestClient) -> None:
    first = admin.get("/api/v1/dashboards/admin")
    again = admin.get("/api/v1/dashboards/admin", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    name = "amalimart_cache_lookups_total"
    assert engine.value(name, cache="page", result="miss") == 1
    assert engine.value(name, cache="page", result="hit") == 1


def test_refused_readers_and_wrong_passwords_are_counted_without_their_names(
    engine: Recorded, stranger: TestClient, signed_in: Callable[[str], TestClient]
) -> None:
    form = {"email": "kofi@canary.test", "password": "not the one"}
    assert stranger.post("/sign-in", data=form, headers=ORIGIN).status_code == 401
    stranger.get("/api/v1/metrics")
    signed_in("vendor").get("/api/v1/dashboards/admin")
    assert engine.value("amalimart_sign_in_failures_total") == 1
    assert engine.value("amalimart_policy_denials_total", reason="not_signed_in") == 1
    assert engine.value("amalimart_policy_denials_total", reason="not_found") == 1
    assert "canary" not in engine.everything()


def test_open_sessions_are_those_that_have_not_ended(
    services: AppServices, signed_in: Callable[[str], TestClient]
) -> None:
    assert services.control.sessions.count_open() == 0
    first, _ = signed_in("admin"), signed_in("vendor")
    assert services.control.sessions.count_open() == 2
    first.post("/sign-out")
    assert services.control.sessions.count_open() == 1
