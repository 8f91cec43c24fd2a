"""Somebody is erased whose rows lie in an object store: as on a disk, and no object holds a byte of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from amalimart.config.project import SETTINGS_FILE
from amalimart.orchestrate.project.init import init_project
from tests.object_store import Bucket
from tests.orchestrate.people_shop import AMA, AMAS_ROW, CANARIES, MAPPING, PeopleShop, found_anywhere

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def shop(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PeopleShop]:
    monkeypatch.setenv("AMALIMART_SECRET_STORE", "test:test")
    home = tmp_path / "home"
    init_project(home)
    (home / "sources" / "shop.yml").write_text(MAPPING)
    settings = home / SETTINGS_FILE
    access = f"endpoint: {bucket.endpoint}, credentials: secret:STORE"
    settings.write_text(
        settings.read_text()
        + f"lake: {{prefix: s3://{bucket.name}/lake, {access}}}\n"
        + f"sources: {{shop: {{kind: files, mapping: shop, folder: {tmp_path}}}}}\n"
    )
    opened = PeopleShop(home)
    yield opened
    opened.close()


def left_in(bucket: Bucket) -> set[str]:
    """Every canary that an object holds, in its bytes or in the values of its rows."""
    found = set()
    for key in bucket.all_keys():
        content: bytes = bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read()
        rows = pq.read_table(io.BytesIO(content)).to_pylist() if key.endswith(".parquet") else ""
        for canary in CANARIES:
            if any(form.encode() in content for form in (canary, json.dumps(canary)[1:-1])):
                found.add(f"{key}: {canary}")
            if canary in str(rows):
                found.add(f"{key}: {canary}")
    return found


def left_of(shop: PeopleShop) -> list[str]:
    shop.close()
    try:
        return found_anywhere(shop.home)
    finally:
        shop.open()


def test_no_object_and_no_file_holds_the_person_and_nothing_brings_them_back(
    shop: PeopleShop, bucket: Bucket
) -> None:
    shop.live()
    shop.quote()
    before, objects = shop.totals(), set(bucket.all_keys())
    assert json.loads(before)["gmv"] == [["152.50"]]
    in_store = {each.rpartition(": ")[2] for each in left_in(bucket)}
    assert {CANARIES[0], CANARIES[1], CANARIES[3], CANARIES[5], CANARIES[8]} <= in_store

    told = shop.erased().result
    assert told is not None
    assert told["files_quoting"] == []
    assert shop.totals() == before
    assert left_in(bucket) == set()
    assert left_of(shop) == []
    assert set(bucket.all_keys()) != objects, "the files of the lake are others"
    assert shop.desk.plan(AMA).lake == ()

    shop.snapshot()
    shop.change("users", AMAS_ROW, seals=True)
    shop.change("support_tickets", ("t9", AMA, None, CANARIES[5], "OPEN", "2026-03-02"))
    shop.loop.refresh_once()
    assert shop.loop.last_error is None
    assert shop.rows("select count(*) from staging.stg_support_tickets where ticket_id = 't9'") == [(1,)]
    assert left_in(bucket) == set()
    assert left_of(shop) == []
