"""Nothing that can be sent to any route ends in a defect, changes a row, or shows what is another's."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

from tests.api.described_routes import Asked, requests_to
from tests.api.shop_site import Shop, opened_shop
from tests.web.asgi_client import TestClient

KEYS = {"code", "what", "where", "expected", "nearest", "next_step", "retryable"}
# Of engines that have no schedules, operations or sources to tell of, which this one has not.
NOT_THERE = {"engine_unavailable"}
CORPUS = (
    "' or '1'='1",
    "vA' union select vendor_name, 1, 1 from gold.dim_vendors --",
    '"; drop table gold.fact_orders; --',
    "../../../../etc/passwd",
    "\x00\x1b[31m\ud7ff\u202e",
    "%27%20or%201=1",
    "${7*7}{{7*7}}<script>alert(1)</script>",
    "read_csv('/etc/passwd')",
    "a" * 5_000,
    "-1e400",
    "NaN",
    "9" * 400,
    "2024-02-30",
    "\r\nSet-Cookie: owned=1",
    "$p0",
    "?",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("attacks")) as made:
        made.services.rate._per_second = made.services.rate._burst = 10**9
        yield made


@pytest.fixture(scope="module")
def admin(shop: Shop) -> TestClient:
    return shop.client()


@pytest.fixture(scope="module")
def vendor(shop: Shop) -> TestClient:
    return shop.client("ama@shop.test")


def held_against_the_shape(response: Any, what: object) -> None:
    if response.status_code < 400:
        assert response.status_code in {200, 304}, what
        return
    assert response.headers["content-type"] == "application/json", what
    error = response.json()["error"]
    assert set(error) == KEYS, what
    assert response.status_code < 500 or error["code"] in NOT_THERE, (what, error)


def send(client: TestClient, asked: Asked) -> Any:
    return client.request(asked.method, asked.address, params=asked.query, json=asked.body)


def contents(shop: Shop) -> str:
    with shop.file.records() as cursor:
        tables = cursor.execute(
            "select table_name from duckdb_tables() where schema_name = 'gold' order by 1"
        )
        names = [name for (name,) in tables.fetchall()]
        rows = [cursor.execute(f"select * from gold.{name} order by all").fetchall() for name in names]
    return hashlib.sha256(repr((names, rows)).encode()).hexdigest()


def attacked(client: TestClient, corpus: tuple[str, ...]) -> list[str]:
    """What was answered to each text of the corpus in each text's place of each route."""
    told = []
    for asked in requests_to(client):
        for place, name in asked.texts:
            for text in corpus:
                if "\ud7ff" in text and place == "path":
                    continue
                response = send(client, asked.with_text(place, name, text))
                held_against_the_shape(response, (asked.method, asked.route, place, name, text[:40]))
                assert "owned" not in response.headers.get("set-cookie", "")
                told.append(response.text)
    return told


def test_no_text_in_any_place_of_any_route_is_more_than_a_text(shop: Shop, vendor: TestClient) -> None:
    before = contents(shop)
    told = attacked(vendor, CORPUS[:3])
    assert len(told) > 150
    assert not any("Kofi" in text or "vB" in text for text in told)
    assert contents(shop) == before


@pytest.mark.slow
def test_no_text_of_the_corpus_is_more_than_a_text(shop: Shop, admin: TestClient, vendor: TestClient) -> None:
    before = contents(shop)
    told = attacked(vendor, CORPUS)
    assert not any("Kofi" in text or "vB" in text for text in told)
    attacked(admin, CORPUS)
    assert contents(shop) == before


def fuzzed(client: TestClient, examples: int) -> int:
    """How many requests made from the description of the interface were answered as described."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis  # noqa: PLC0415 - a second, which only the process that runs this need spend
    assert isinstance(client.app, FastAPI)
    sent = [0]
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]

        @settings(
            max_examples=examples,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=examples < 10,
        )
        @given(case=operation.as_strategy())
        def answered(case: Any) -> None:
            sent[0] += 1
            if "user_id" in (case.path_parameters or {}):  # or the admin who asks would be signed out
                case.path_parameters["user_id"] = max(case.path_parameters["user_id"], 1_000)
            body: dict[str, Any] = {} if not isinstance(case.body, dict | list | str) else {"json": case.body}
            response = client.request(case.method, case.formatted_path, params=case.query, **body)
            held_against_the_shape(response, (case.method, case.formatted_path, case.query, case.body))

        answered()
    return sent[0]


def test_requests_made_from_the_description_are_answered_as_described(shop: Shop, admin: TestClient) -> None:
    before = contents(shop)
    assert fuzzed(admin, 1) > 20
    assert contents(shop) == before


@pytest.mark.slow
def test_thousands_of_requests_made_from_the_description_find_no_defect(
    shop: Shop, admin: TestClient, vendor: TestClient
) -> None:
    before, examples = contents(shop), int(os.environ.get("AMALIMART_EXAMPLES", "20"))
    assert fuzzed(admin, examples) > 1_000
    assert fuzzed(vendor, examples) > 1_000
    assert contents(shop) == before


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/query/x", "/api/v2/query", "/api/v1/%00"])
def test_an_address_that_is_not_there_has_the_one_shape(admin: TestClient, path: str) -> None:
    response = admin.get(path)
    assert response.status_code == 404
    held_against_the_shape(response, path)


def test_a_wrong_verb_has_the_one_shape_on_every_route(admin: TestClient) -> None:
    for asked in requests_to(admin):
        response = admin.request("TRACE", asked.address)
        assert response.status_code in {404, 405}, asked
        held_against_the_shape(response, asked)
