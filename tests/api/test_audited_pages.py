"""Who is shown a page is recorded, also where it was kept from another reader, and every export is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.shop_site import Shop, opened_shop

PAGE = "/api/v1/dashboards/admin?range=custom&from=2024-01-01&to=2024-03-20"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened_shop(tmp_path) as made:
        yield made


def kinds(shop: Shop) -> list[tuple[str, int | None]]:
    return [(each.kind, each.release_id) for each in shop.asked]


def test_a_kept_page_is_recorded_for_each_who_sees_it(shop: Shop) -> None:
    client = shop.client()
    tag = client.get(PAGE).headers["etag"]
    assert kinds(shop) == [("page", 1)]
    client.get(PAGE)
    assert kinds(shop) == [("page", 1), ("page", 1)]
    first, again = shop.asked
    assert again.shape == first.shape
    assert first.shape["values"] == ["category"], "the list of its filter goes out with the page"
    assert client.get(PAGE, headers={"If-None-Match": tag}).status_code == 304
    assert len(shop.asked) == 2, "nothing was told to who has it already"


def test_a_filtered_page_is_one_record_however_many_labels_it_shows(shop: Shop) -> None:
    address = f"{PAGE}&category=c1&vendor=vA"
    assert shop.client().get(address).status_code == 200
    assert kinds(shop) == [("page", 1)]
    assert {tuple(each[:2]) for each in shop.asked[0].shape["questions"][0]["filters"]} == {
        ("category", "="),
        ("vendor", "="),
    }


def test_an_export_is_recorded_before_its_rows(shop: Shop) -> None:
    client = shop.client()
    assert client.get("/api/v1/query?metrics=item_gmv&by=vendor&format=csv").status_code == 200
    assert kinds(shop) == [("export", 1)]
    assert client.get("/api/v1/query?metrics=no_such_metric&format=csv").status_code == 404
    assert [each.outcome.value for each in shop.asked] == ["answered", "refused"]
    assert shop.asked[1].shape == {"questions": [{"metrics": ["?"]}]}
