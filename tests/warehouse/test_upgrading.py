"""Hot files of other versions: older ones go on, newer ones are refused, unreadable ones are built again."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from amalimart.core.errors import NewerFormat, WarehouseError
from amalimart.warehouse.file.file_format import FORMAT
from amalimart.warehouse.file.hot_file import HotFile
from tests.warehouse.tiny_shop import Shop

# The tables of `meta` as they were before there were formats, with what a shop of two orders left in them.
FIRST_SCHEMA = """
create schema bronze; create schema staging; create schema silver; create schema gold; create schema meta;
create table meta.run_context (business_day date, business_now timestamp);
create table meta.releases (
    release_id bigint primary key, published_at timestamp not null, fresh_as_of timestamp,
    project_hash varchar not null, positions varchar not null, models_built integer not null,
    rows_built bigint not null
);
create table meta.check_results (
    check_name varchar primary key, release_id bigint not null, is_error boolean not null,
    failing_rows bigint not null
);
create table meta.blocked_builds (
    attempted_at timestamp not null, code varchar not null, what varchar not null, detail varchar
);
insert into meta.run_context values ('2026-03-09', '2026-03-09 12:00');
insert into meta.releases values
    (1, '2026-03-08 10:00', null, 'older', '{"shop": {"log": "x", "version": 1}}', 3, 9),
    (7, '2026-03-09 10:00', '2026-03-09 09:59', 'older', '{"shop": {"log": "x", "version": 2}}', 3, 9);
insert into meta.check_results values ('a_check_of_old', 7, false, 3);
insert into meta.blocked_builds values ('2026-03-09 11:00', 'check_failed', 'held back', 'a_check_of_old');
create table gold.fact_orders as select '1' as order_id, 10.5::decimal(18, 2) as total_amount, 'x' as status;
create table gold.forgotten as select 1 as one;
"""


def old_file(path: Path, more: str = "") -> None:
    with duckdb.connect() as engine:
        engine.execute(f"attach '{path}' as warehouse; use warehouse; {FIRST_SCHEMA}; {more}")


@pytest.fixture
def upgraded(shop: Shop) -> Shop:
    shop.hot_file.close()
    shop.hot_file.path.unlink()
    old_file(shop.hot_file.path)
    return shop


def test_a_file_of_the_first_version_serves_at_once_and_goes_on(upgraded: Shop) -> None:
    shop = upgraded
    shop.hot_file = HotFile(shop.hot_file.path, readable_folders=[shop.lake.root])
    shop.executor._hot_file = shop.hot_file
    published = shop.hot_file.latest_release()
    assert published is not None
    assert published.release_id == 7
    assert shop.query("select total_amount::varchar from gold.fact_orders") == [("10.50",)]
    assert shop.query("select format from meta.file_format") == [(FORMAT,)]
    shop.land(("1", "7", "2026-03-01", "5", "done", "", "sale"))
    report = shop.publish()
    assert report is not None
    assert report.release.release_id == 8
    assert shop.query("select total_amount::varchar, status from gold.fact_orders") == [("5.00", "COMPLETED")]
    assert shop.query("select release_id, published_at from meta.releases order by 1")[:2] == [
        (1, datetime(2026, 3, 8, 10)),  # noqa: DTZ001 - stored so
        (7, datetime(2026, 3, 9, 10)),  # noqa: DTZ001
    ]
    assert shop.query("select what from meta.blocked_builds") == [("held back",)]
    assert shop.query("select count(*) from meta.check_results where check_name = 'a_check_of_old'") == [(0,)]
    with pytest.raises(WarehouseError, match="forgotten does not exist"):
        shop.query("select * from gold.forgotten")


def test_it_may_be_opened_again_and_again(upgraded: Shop) -> None:
    for _ in range(3):
        HotFile(upgraded.hot_file.path, readable_folders=[]).close()
    with duckdb.connect(str(upgraded.hot_file.path), read_only=True) as engine:
        assert engine.execute("select format from meta.file_format").fetchall() == [(FORMAT,)]
        assert engine.execute("select count(*) from meta.releases").fetchall() == [(2,)]


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    old_file(path, "create table meta.file_format (format integer); insert into meta.file_format values (99)")
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(NewerFormat, match="has format 99") as refused:
            HotFile(path, readable_folders=[])
        assert refused.value.expected == f"format {FORMAT} or less"
    assert path.read_bytes() == before


def _with_storage_version(content: bytes, version: int) -> bytes:
    """The file as an engine that writes so would write it: version and checksum of the first block."""
    block = bytearray(content[:4096])
    block[12:20] = struct.pack("<Q", version)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", bytes(block[8:])):
        checksum ^= word * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    block[:8] = struct.pack("<Q", checksum)
    return bytes(block) + content[4096:]


def test_a_file_that_this_engine_cannot_read_is_set_aside_and_built_again(upgraded: Shop) -> None:
    shop = upgraded
    path = shop.hot_file.path
    same = path.read_bytes()
    (own_version,) = struct.unpack("<Q", same[12:20])
    assert _with_storage_version(same, own_version) == same  # the checksum is the engine's own
    path.write_bytes(_with_storage_version(same, 9999))
    shop.hot_file = HotFile(path, readable_folders=[shop.lake.root])
    shop.executor._hot_file = shop.hot_file
    assert shop.hot_file.latest_release() is None
    aside = path.with_name("warehouse.unreadable.duckdb")
    assert aside.read_bytes() == _with_storage_version(same, 9999)
    shop.land(("1", "7", "2026-03-01", "5", "done", "", "sale"))
    shop.publish()
    assert shop.query("select total_amount::varchar from gold.fact_orders") == [("5.00",)]


def test_a_file_that_is_no_warehouse_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match="not a valid DuckDB database file"):
        HotFile(path, readable_folders=[])
    assert path.read_bytes() == b"not a database" * 1000
