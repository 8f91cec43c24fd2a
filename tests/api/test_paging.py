"""A list in parts is the list, whatever the size of the parts and whatever is added meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.api.paging import Part
from amalimart.core.errors import InvalidFilter
from tests.api.shop_site import Shop, opened_shop
from tests.web.asgi_client import TestClient

KEYS = st.lists(st.text(max_size=5) | st.integers(), unique_by=repr, max_size=30)


@given(keys=KEYS, limit=st.integers(1, 8))
def test_the_parts_are_the_list(keys: list[Any], limit: int) -> None:
    given_so_far: list[Any] = []
    after: str | None = None
    for _ in range(len(keys) + 1):
        part, after = Part(limit, after).of(lambda most: keys[:most], lambda each: each, lambda each: each)
        assert len(part) <= limit
        given_so_far += part
        if after is None:
            break
    assert given_so_far == keys


def test_what_comes_before_moves_nothing() -> None:
    newest = [5, 4, 3, 2, 1]
    first, after = Part(2).of(lambda most: newest[:most], lambda each: each, lambda each: each)
    newest = [7, 6, *newest]
    second, _ = Part(2, after).of(lambda most: newest[:most], lambda each: each, lambda each: each)
    assert (first, second) == ([5, 4], [3, 2])


@given(token=st.text(max_size=30))
def test_a_made_up_place_is_refused(token: str) -> None:
    with pytest.raises(InvalidFilter):
        Part(2, token).of(lambda _: ["a"], lambda each: [each], lambda each: each)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with opened_shop(tmp_path_factory.mktemp("paging")) as shop:
        yield Shop.client(shop)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/metrics", "metrics"),
        ("/dimensions", "dimensions"),
        ("/dimensions/product/values", "values"),
        ("/catalog", "entries"),
        ("/catalog?search=return&kind=metric", "entries"),
    ],
)
def test_every_list_of_names_can_be_followed(client: TestClient, path: str, name: str) -> None:
    joined = "&" if "?" in path else "?"
    whole = client.get(f"/api/v1{path}").json()
    assert whole["next"] is None
    assert len(whole[name]) >= 2
    size = len(whole[name]) // 2 + 1
    first = client.get(f"/api/v1{path}{joined}limit={size}").json()
    second = client.get(f"/api/v1{path}{joined}limit={size}&after={first['next']}").json()
    assert first[name] + second[name] == whole[name]
    assert second["next"] is None
    assert client.get(f"/api/v1{path}{joined}after=bm90aGluZw").json()["error"]["code"] == "invalid_filter"


def test_the_catalog_holds_what_the_reader_may_ask_and_open(client: TestClient) -> None:
    entries = client.get("/api/v1/catalog").json()["entries"]
    by_kind = {
        kind: {each["name"] for each in entries if each["kind"] == kind} for kind in ("metric", "dashboard")
    }
    assert by_kind["metric"] == {each["name"] for each in client.get("/api/v1/metrics").json()["metrics"]}
    shown = client.get("/api/v1/dashboards").json()["dashboards"]
    assert by_kind["dashboard"] == {each["name"] for each in shown}
    found = client.get("/api/v1/catalog?search=GROSS").json()["entries"]
    assert all("gross" in str(each).lower() for each in found)


def test_lineage_is_for_operators_and_analysts(client: TestClient) -> None:
    assert client.get("/api/v1/lineage/gmv").json()["error"]["code"] == "not_available"
