"""Drops in an object store: the same rules, and what a network and a policy can do to them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.core import object_store
from amalimart.core.clock import SystemClock
from amalimart.core.errors import BrokenFile, DiskFull, SourceRefused, SourceUnreachable
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources import FileDropSource, ingest_once
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.s3 import S3Access, S3Prefix
from tests.object_store import BadNetwork, Bucket, Fault, free_port
from tests.sources.dropped_files import ORDERS, one, orders

if TYPE_CHECKING:
    from tests.sources.conftest import Mappings, ReadingLake


@pytest.fixture(autouse=True)
def no_credentials_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


Open = Callable[..., FileDropSource]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def mapping(mappings: Mappings) -> SourceMapping:
    return mappings.write(ORDERS)


@pytest.fixture
def opened(bucket: Bucket, lake: ReadingLake, scratch: Path) -> Iterator[Open]:
    bucket.put("shop/tags.csv", "id,name\n1,a\n")
    sources: list[FileDropSource] = []

    def open_it(endpoint: str = bucket.endpoint, prefix: str = "shop", **access: str) -> FileDropSource:
        given = S3Access(endpoint_url=endpoint, **({"key_id": "test", "secret_key": "test"} | access))
        store = S3Prefix(f"s3://{bucket.name}/{prefix}", given, scratch)
        sources.append(FileDropSource(store, Ledger(lake, "shop"), SystemClock()))
        return sources[-1]

    yield open_it
    for source in sources:
        source.close()


def landed(lake: ReadingLake) -> list[tuple[object, object]]:
    return [(row["id"], row["total"]) for row in lake.rows("orders")]


def ingest(lake: ReadingLake, source: FileDropSource, mapping: SourceMapping) -> int:
    commits = 0
    while ingest_once(lake, "shop", source, mapping) is not None:
        commits += 1
    return commits


def test_a_prefix_is_a_place_like_a_folder(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping, scratch: Path
) -> None:
    table = pa.table({"id": ["3"], "at": ["2026-01-03"], "total": [7.5]})
    parquet = BytesIO()
    pq.write_table(table, parquet)
    bucket.put("shop/orders/3.parquet", parquet.getvalue())
    bucket.put("shop/orders/1.csv", one(1))
    bucket.put("shop/orders/2.csv.gz", pa.Codec("gzip").compress(one(2).encode(), asbytes=True))
    bucket.put("shop/orders/", b"")
    bucket.put("shop/orders/_SUCCESS", b"")
    bucket.put("shop-of-another/orders/9.csv", one(9))
    source = opened()
    assert ingest(lake, source, mapping) == 1
    assert landed(lake) == [("1", "5"), ("2", "5"), ("3", 7.5)]
    assert lake.rows("orders")[0]["_position"].split("#")[0] == "orders/1.csv"
    assert ingest(lake, source, mapping) == 0
    bucket.put("shop/orders/1-again.csv", one(1))
    bucket.put("shop/orders/4.csv", one(4))
    bucket.remove("shop/orders/1.csv")
    bucket.put("shop/tags.csv", "id,name\n2,b\n")
    assert ingest(lake, opened(), mapping) == 2
    assert [row[0] for row in landed(lake)] == ["1", "2", "3", "4"]
    assert lake.column("tags", "id") == ["2"]
    assert list(scratch.iterdir()) == []


def test_a_whole_bucket_and_names_with_odd_characters(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping
) -> None:
    bucket.put("tags.csv", "id,name\n1,a\n")
    bucket.put("orders/é +%20&=?.csv", one(1))
    bucket.put("orders/two  spaces.csv", one(2))
    ingest(lake, opened(prefix=""), mapping)
    assert landed(lake) == [("2", "5"), ("1", "5")]


def test_a_listing_comes_page_by_page(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "PAGE_OBJECTS", 7)
    for number in range(30):
        bucket.put(f"shop/orders/{number:02}.csv", one(number))
    ingest(lake, opened(), mapping)
    assert landed(lake) == [(str(number), "5") for number in range(30)]


def test_what_is_known_is_not_fetched_again_by_a_fresh_process(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping, bad_network: BadNetwork
) -> None:
    for number in range(5):
        bucket.put(f"shop/orders/{number}.csv", one(number))
    ingest(lake, opened(), mapping)
    assert ingest(lake, opened(bad_network.endpoint), mapping) == 0
    asked = [path for method, path in bad_network.requests if method == "GET" and "list-type" not in path]
    assert asked == [f"/{bucket.name}/shop/tags.csv"], "the header of the table of one file, and nothing else"


def test_credentials_may_come_from_the_environment(
    bucket: Bucket,
    lake: ReadingLake,
    scratch: Path,
    mapping: SourceMapping,
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del opened
    bucket.put("shop/orders/1.csv", one(1))
    store = S3Prefix(f"s3://{bucket.name}/shop", S3Access(endpoint_url=bucket.endpoint), scratch)
    source = FileDropSource(store, Ledger(lake, "shop"), SystemClock())
    with pytest.raises(SourceRefused, match="cannot be asked") as caught:
        ingest(lake, source, mapping)
    assert "AWS_ACCESS_KEY_ID" in (caught.value.next_step or "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    source.close()
    ingest(lake, source, mapping)
    source.close()
    assert landed(lake) == [("1", "5")]


def of_orders(method: str, path: str) -> bool:
    return method == "GET" and "/orders/" in path


def test_a_network_cut_in_mid_file_takes_nothing_of_it_and_is_met_again_later(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping, bad_network: BadNetwork
) -> None:
    bucket.put("shop/orders/0.csv", one(0))
    ingest(lake, opened(), mapping)
    many = orders(*((number, "2026-01-01", 5) for number in range(1, 30_000)))
    bucket.put("shop/orders/1.csv", one(1, 1))
    bucket.put("shop/orders/2.csv", many)
    bad_network.faults = [
        Fault(lambda method, path: of_orders(method, path) and "2.csv" in path, cut_at=100_000)
    ]
    source = opened(bad_network.endpoint)
    with pytest.raises(SourceUnreachable) as caught:
        ingest(lake, source, mapping)
    assert caught.value.where == f"s3://{bucket.name}/shop/orders/2.csv"
    assert caught.value.retryable
    assert [row for row in landed(lake) if row[1] == "5"] == [("0", "5")], (
        "nothing of the file that broke off"
    )
    bad_network.faults = []
    ingest(lake, source, mapping)
    assert len(landed(lake)) == 30_001
    assert landed(lake)[:2] == [("0", "5"), ("1", "1")]


def test_a_connection_that_breaks_off_now_and_then_is_not_even_noticed(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping, bad_network: BadNetwork
) -> None:
    bucket.put("shop/orders/1.csv", orders(*((number, "2026-01-01", 5) for number in range(30_000))))
    bad_network.faults = [Fault(of_orders, times=2, cut_at=50_000)]
    ingest(lake, opened(bad_network.endpoint), mapping)
    assert len(landed(lake)) == 30_000


def test_403_on_the_bucket_is_refused_and_on_one_object_keeps_its_table_waiting(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping, bad_network: BadNetwork
) -> None:
    bucket.put("shop/orders/1.csv", one(1))
    bad_network.faults = [Fault(lambda _method, path: "list-type" in path, status=403)]
    source = opened(bad_network.endpoint)
    with pytest.raises(SourceRefused, match="refuses") as caught:
        ingest(lake, source, mapping)
    assert caught.value.where == f"s3://{bucket.name}/shop/"
    bad_network.faults = []
    ingest(lake, source, mapping)
    bucket.put("shop/orders/2.csv", one(2))
    bucket.put("shop/tags.csv", "id,name\n7,g\n")
    bad_network.faults = [Fault(lambda _method, path: "/2.csv" in path, status=403)]
    ingest(lake, source, mapping)
    assert landed(lake) == [("1", "5")]
    assert lake.column("tags", "id") == ["7"]
    error = source.set_aside()["orders"]
    assert isinstance(error, SourceRefused)
    assert error.where == f"s3://{bucket.name}/shop/orders/2.csv"
    bad_network.faults = []
    ingest(lake, source, mapping)
    assert [row[0] for row in landed(lake)] == ["1", "2"], "a right that is given needs no new file"


def test_404_of_the_bucket_and_of_an_object_that_was_there_a_moment_ago(
    bucket: Bucket,
    lake: ReadingLake,
    opened: Open,
    mapping: SourceMapping,
    bad_network: BadNetwork,
    scratch: Path,
) -> None:
    nowhere = S3Prefix(
        "s3://no-such-bucket-here/shop", S3Access("test", "test", None, bucket.endpoint), scratch
    )
    source = FileDropSource(nowhere, Ledger(lake, "shop"), SystemClock())
    with pytest.raises(SourceUnreachable, match="no bucket 'no-such-bucket-here'"):
        ingest(lake, source, mapping)
    source.close()
    bucket.put("shop/orders/1.csv", one(1))
    ingest(lake, opened(), mapping)
    bucket.put("shop/orders/2.csv", one(2))
    bucket.put("shop/orders/3.csv", one(3))
    gone = Fault(lambda _method, path: "/2.csv" in path, status=404, code="NoSuchKey")
    bad_network.faults = [gone]
    ingest(lake, opened(bad_network.endpoint), mapping)
    assert [row[0] for row in landed(lake)] == ["1", "3"], "another look will show it, if it is there"


def test_an_object_replaced_between_listing_and_reading_is_left_for_the_next_look(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping
) -> None:
    bucket.put("shop/orders/1.csv", one(1))
    ingest(lake, opened(), mapping)
    bucket.put("shop/orders/2.csv", one(2, 1))
    source = opened()
    source.catalog()
    bucket.put("shop/orders/2.csv", one(2, 2))
    assert source.poll(mapping, None, lambda _: None, since=lake.latest("shop").position) is None  # type: ignore[arg-type, union-attr]
    error = source.set_aside()["orders"]
    assert isinstance(error, BrokenFile)
    assert "changed while it was read" in error.what
    last = time.monotonic() + 90
    while len(landed(lake)) < 2 and time.monotonic() < last:  # a store that lists slowly is listed less often
        ingest(lake, source, mapping)
    assert landed(lake) == [("1", "5"), ("2", "2")]


def test_a_server_that_is_not_there(lake: ReadingLake, opened: Open, mapping: SourceMapping) -> None:
    with pytest.raises(SourceUnreachable, match="does not answer") as caught:
        ingest(lake, opened(f"http://127.0.0.1:{free_port()}"), mapping)
    assert caught.value.retryable


def test_a_secret_key_is_in_no_error(lake: ReadingLake, opened: Open, mapping: SourceMapping) -> None:
    source = opened(f"http://127.0.0.1:{free_port()}", secret_key="hunter2-hunter2")
    with pytest.raises(SourceUnreachable) as caught:
        ingest(lake, source, mapping)
    assert "hunter2" not in repr(caught.value.as_dict())
    assert "hunter2" not in repr(S3Access("id", "hunter2"))


def test_no_room_for_the_download_is_said_as_such(
    bucket: Bucket, lake: ReadingLake, mapping: SourceMapping
) -> None:
    """/dev/full is a disk without a free byte; a folder on it cannot be had, so its file stands in."""
    bucket.put("shop/tags.csv", "id,name\n1,a\n")
    bucket.put("shop/orders/1.csv", one(1))

    class NoRoom(S3Prefix):
        def _copy(self) -> object:  # type: ignore[override]
            return Path("/dev/full").open("wb+", buffering=0)

    store = NoRoom(f"s3://{bucket.name}/shop", S3Access("test", "test", None, bucket.endpoint), Path("/dev"))
    source = FileDropSource(store, Ledger(lake, "shop"), SystemClock())
    with pytest.raises(DiskFull, match="downloading"):
        ingest(lake, source, mapping)
    source.close()
    assert lake.latest("shop") is None


def test_the_time_of_a_file_is_the_store_s(
    bucket: Bucket, lake: ReadingLake, opened: Open, mapping: SourceMapping
) -> None:
    bucket.put("shop/orders/1.csv", one(1))
    before = datetime.now(UTC)
    ingest(lake, opened(), mapping)
    fresh = lake.latest("shop").fresh_as_of  # type: ignore[union-attr]
    assert fresh is not None
    assert abs((fresh - before).total_seconds()) < 60
    assert lake.rows("orders")[0]["_committed_at"] <= fresh
