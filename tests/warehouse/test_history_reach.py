"""How far history reaches: over new snapshots while the lake keeps what they replaced; no personal data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from amalimart.lake.checkpoint import _read_replaced
from tests.warehouse.history_lab import START, HistoryLab, Told

MAPPING = """\
tables: {people: {key: [id]}, ranks: {key: [who]}, posts: {key: [mail]}, homes: {key: [id], optional: true}}
entities:
  users:
    table: people
    lookup: {rank: {table: ranks, match: {id: who}}}
    columns: {user_id: id, role: rank.role, full_name: name, is_verified: ok, created_at: at}
  vendors:
    table: people
    columns: {vendor_id: id, vendor_name: name, city: town, created_at: at}
  addresses:
    table: homes
    columns: {address_id: id, user_id: who, city: town}
  products:
    table: posts
    columns: {product_id: mail, product_name: town}
  vendor_applications:
    table: posts
    columns: {application_id: mail, business_email: mail}
"""
SCHEMAS = {
    "people": pa.schema(
        [("id", pa.int64()), ("name", pa.string()), ("ok", pa.bool_()), ("town", pa.string()),
         ("at", pa.timestamp("us"))]
    ),
    "ranks": pa.schema([("who", pa.int64()), ("role", pa.string())]),
    "homes": pa.schema([("id", pa.int64()), ("who", pa.int64()), ("town", pa.string())]),
    "posts": pa.schema([("mail", pa.string()), ("town", pa.string())]),
}  # fmt: skip
CREATED = datetime.fromisoformat("2020-01-01")
VENDORS = (
    "select vendor_id, version_number, city, is_current, was_deleted, is_from_snapshot, valid_from_position"
    " from gold.dim_vendors_history order by 1, 2"
)


def person(key: int, town: str, *, ok: bool = True) -> dict[str, Any]:
    return {"id": key, "name": "Ama Mensah", "ok": ok, "town": town, "at": CREATED}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[HistoryLab]:
    opened = HistoryLab(tmp_path, MAPPING, SCHEMAS)
    opened.snapshot(
        {
            "people": [person(1, "Accra"), person(2, "Tema")],
            "ranks": [{"who": 1, "role": "CUSTOMER"}],
            "posts": [{"mail": "ama@example.org", "town": "Accra"}],
        },
        START,
    )
    opened.publish()
    yield opened
    opened.close()


def hours(count: int) -> datetime:
    return START + timedelta(hours=count)


def test_a_new_snapshot_ends_and_begins_versions_as_changes_do(lab: HistoryLab) -> None:
    lab.land([Told("people", "upsert", person(1, "Kumasi"))], hours(1))
    lab.snapshot({"people": [person(1, "Kumasi"), person(3, "Ho")]}, hours(2))
    lab.publish()
    assert lab.rows(VENDORS) == [
        ("1", 1, "Accra", False, False, True, "snap 01 00:00"),
        ("1", 2, "Kumasi", True, False, False, "tx 01 01:00"),
        ("2", 1, "Tema", False, True, True, "snap 01 00:00"),
        ("3", 1, "Ho", True, False, True, "snap 01 02:00"),
    ]


def test_a_snapshot_without_rows_ends_every_version(lab: HistoryLab) -> None:
    lab.snapshot({"people": []}, hours(2))
    lab.publish()
    ended = lab.rows("select vendor_id, valid_to, was_deleted from gold.dim_vendors_history order by 1")
    moment = hours(3).replace(tzinfo=None)  # Lagos is an hour ahead
    assert ended == [("1", moment, True), ("2", moment, True)]


def test_only_a_first_snapshot_counts_from_the_start(lab: HistoryLab) -> None:
    """An address of a later snapshot was not there before, however empty the first one was."""
    lab.snapshot({"homes": []}, hours(1))
    lab.snapshot({"homes": [{"id": 7, "who": 1, "town": "Ho"}]}, hours(2))
    lab.publish()
    found = lab.rows(
        "select city, is_current from gold.dim_customers_history where customer_id = '1' order by known_from"
    )
    assert found == [("unknown", False), ("Ho", True)]


def test_history_that_the_lake_let_go_is_kept_until_all_is_built_anew(lab: HistoryLab) -> None:
    """What stands in the warehouse stays; a whole build knows only what the lake still holds."""
    lab.snapshot({"people": [person(1, "Kumasi")]}, hours(2))
    lab.publish()
    before = lab.rows(VENDORS)
    lab.clock.instant = hours(100)
    assert lab.lake.forget_history("shop", timedelta(hours=1)) == 1
    lab.lake.recover("shop")
    lab.land([Told("people", "upsert", person(3, "Ho"))], hours(101))
    lab.publish()
    new = [("3", 1, "Ho", True, False, False, "tx 05 05:00")]
    assert lab.rows(VENDORS) == before + new
    with lab.built_at_once() as fresh:
        assert lab.rows(VENDORS, fresh) == [("1", 1, "Kumasi", True, False, True, "snap 01 02:00"), *new]


def test_history_reaches_back_to_where_columns_can_be_read_as_today(lab: HistoryLab) -> None:
    """A column that was of another kind before the last snapshot cannot be read beside it."""
    types = [(field.name, pa.int64() if field.name == "town" else field.type) for field in SCHEMAS["people"]]
    lab.retype("people", pa.schema(types))
    lab.snapshot({"people": [person(1, "7") | {"town": 7}]}, hours(2))
    lab.publish()
    assert lab.rows(VENDORS) == [("1", 1, "7", True, False, True, "snap 01 02:00")]


def test_history_begins_after_files_of_which_an_old_checkpoint_kept_the_path_only(lab: HistoryLab) -> None:
    lab.snapshot({"people": [person(1, "Kumasi")]}, hours(2))
    lab.snapshot({"people": [person(1, "Ho")]}, hours(3))
    with lab.lake._log("shop").state() as state:
        oldest = min(state.retained["people"].items(), key=lambda kept: kept[1].by)
        state.retained["people"][oldest[0]] = _read_replaced(START.isoformat())
    lab.publish()
    assert [row[2] for row in lab.rows(VENDORS)] == ["Kumasi", "Ho"]


def test_names_are_not_kept_and_neither_is_a_table_keyed_by_personal_data(lab: HistoryLab) -> None:
    lab.publish()
    columns = lab.rows(
        "select table_name, column_name from information_schema.columns"
        " where table_name like 'row_versions_%' and column_name not like '\\_%' escape '\\' order by 1, 2"
    )
    assert columns == [
        ("row_versions_shop__people", "at"),
        ("row_versions_shop__people", "id"),
        ("row_versions_shop__people", "ok"),
        ("row_versions_shop__people", "town"),
    ]
    assert lab.rows("select distinct vendor_name from gold.dim_vendors_history") == [("unknown",)]


def test_what_a_lookup_tells_is_not_tracked(lab: HistoryLab) -> None:
    lab.land([Told("ranks", "upsert", {"who": 1, "role": "ADMIN"})], hours(1))
    lab.land([Told("people", "upsert", person(1, "Accra", ok=False))], hours(2))
    lab.publish()
    found = lab.rows(
        "select version_number, role, is_verified from gold.dim_customers_history"
        " where customer_id = '1' order by 1"
    )
    assert found == [(1, "UNKNOWN", True), (2, "UNKNOWN", False)]
