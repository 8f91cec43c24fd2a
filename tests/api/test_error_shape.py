from __future__ import annotations

import inspect
import logging
import re
from typing import Any

import pytest

from amalimart.api.services import AppServices
from amalimart.core import errors
from amalimart.core.errors import AmalimartError
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace

KEYS = {"code", "what", "where", "expected", "nearest", "next_step", "retryable"}
EVERY_ERROR = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, AmalimartError)
]


def shape(response: Any, status: int, code: str) -> dict[str, Any]:
    """The error of a response, after holding it against the one shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == KEYS
    assert body["error"]["code"] == code
    assert body["error"]["what"]
    error: dict[str, Any] = body["error"]
    return error


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_every_error_leaves_in_the_one_shape_with_its_status(
    admin: TestClient, marketplace: FakeMarketplace, kind: type[AmalimartError]
) -> None:
    marketplace.failing["gmv"] = kind("what", where="where", expected="that", nearest="this", next_step="do")
    response = admin.post("/api/v1/query", json={"metrics": ["gmv"]})
    error = shape(response, kind.http_status, kind.code)
    assert error["retryable"] is kind.retryable
    assert (error["where"], error["expected"]) == ("where", "that")
    assert (error["nearest"], error["next_step"]) == ("this", "do")


def test_an_unknown_address_and_a_wrong_verb(admin: TestClient) -> None:
    shape(admin.get("/api/v1/nothing"), 404, "not_found")
    refused = admin.delete("/api/v1/query")
    shape(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.metrics"),
        ({"metrics": []}, "body.metrics"),
        ({"metrics": ["gmv"], "grain": "fortnight"}, "body.grain"),
        ({"metrics": ["gmv"], "limit": 0}, "body.limit"),
        ({"metrics": ["gmv"], "from": "2024-13-01", "to": "2024-12-31"}, "body.from"),
        ({"metrics": ["gmv"], "metric": "gmv"}, "body.metric"),
        ({"metrics": ["gmv"], "filters": [{"dimension": "vendor", "values": []}]}, "body.filters.0.values"),
        (
            {"metrics": ["gmv"], "filters": [{"dimension": "v", "operator": "~", "values": ["x"]}]},
            "body.filters.0",
        ),
        ({"metrics": ["gmv"], "totals": "all"}, "body.totals"),
        ({"metrics": ["gmv"], "compare_with": "yesterday"}, "body.compare_with"),
        ({"metrics": ["gmv"], "compare_with": {"from": "2024-01-01"}}, "body.compare_with"),
        ({"metrics": ["gmv"], "top": {"count": 0, "dimension": "channel"}}, "body.top.count"),
        ({"metrics": ["gmv"], "top": 5}, "body.top"),
        ([], "body"),
        ("gmv", "body"),
    ],
)
def test_a_body_that_cannot_be_read_names_the_place(admin: TestClient, body: Any, where: str) -> None:
    error = shape(admin.post("/api/v1/query", json=body), 400, "query_invalid")
    assert str(error["where"]).startswith(where)


def test_a_body_that_is_no_json(admin: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    shape(admin.post("/api/v1/query", content=b'{"metrics": ["gmv"', headers=headers), 400, "query_invalid")


@pytest.mark.parametrize(
    "days",
    [
        {"from": "2024-02-01", "to": "2024-01-01"},
        {"from": "2024-02-01"},
        {"compare_with": {"from": "2024-02-01", "to": "2024-01-01"}},
    ],
)
def test_days_that_make_no_range(admin: TestClient, days: dict[str, Any]) -> None:
    shape(admin.post("/api/v1/query", json={"metrics": ["gmv"], **days}), 400, "invalid_filter")


def test_a_defect_is_logged_under_its_request_id_and_not_shown(
    admin: TestClient,
    services: AppServices,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret path /srv/private")

    monkeypatch.setattr(type(services.semantic), "metrics", broken)
    with caplog.at_level(logging.ERROR):
        response = admin.get("/api/v1/metrics")
    error = shape(response, 500, "internal")
    request_id = response.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", request_id)
    assert request_id in error["next_step"]
    assert request_id in caplog.text
    assert "the secret path" in caplog.text
    assert "secret" not in response.text
    assert "Traceback" not in response.text


def test_a_defect_on_a_page_is_a_page(
    admin: TestClient, services: AppServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret path")

    monkeypatch.setattr(type(services.dashboards), "home", broken)
    response = admin.get("/")
    assert response.status_code == 500
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["x-request-id"] in response.text
    assert "secret" not in response.text
