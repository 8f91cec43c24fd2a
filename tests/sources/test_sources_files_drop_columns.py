"""What the files of one table may hold: added and missing columns, types that widen, compressed text."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.errors import BrokenFile, SourceMismatch
from amalimart.lake import Lake
from tests.sources.dropped_files import ORDERS, WITH_BUYER, Shop, one, orders, shop

if TYPE_CHECKING:
    from tests.sources.conftest import Mappings

__all__ = ["shop"]


def test_columns_may_be_added_and_stand_in_any_order(shop: Shop) -> None:
    shop.drop("orders/1.csv", one(1))
    shop.ingest()
    shop.drop("orders/2.csv", orders((6, "new", 2, "x", "2026-01-02"), header="total,state,id,more,at"))
    assert shop.ingest() == 1
    assert shop.landed("id", "at", "total", "state") == [
        ("1", "2026-01-01", "5", None),
        ("2", "2026-01-02", "6", "new"),
    ]
    assert shop.landed("_batch") == [(1,), (2,)], "what was taken before is not read again for it"
    assert shop.position()["drops"]["orders"]["columns"]["more"] == "text"


def test_a_column_that_goes_missing_again_is_an_error_unless_it_is_optional(shop: Shop) -> None:
    shop.drop("orders/1.csv", orders((1, "2026-01-01", 5, "new"), header="id,at,total,state"))
    shop.ingest()
    shop.drop("orders/2.csv", one(2))
    shop.ingest()
    assert shop.landed("id", "state") == [("1", "new"), ("2", None)]
    shop.drop("orders/3.csv", orders((3, "2026-01-01", 5), header="id,at,totl"))
    kept = shop.source()
    shop.ingest(kept)
    error = kept.set_aside()["orders"]
    assert isinstance(error, SourceMismatch)
    assert (error.nearest, error.where) == ("totl", str(shop.folder / "orders/3.csv"))
    assert len(shop.landed()) == 2


def test_a_secret_column_of_a_drop_reaches_no_file(shop: Shop) -> None:
    shop.drop("orders/1.csv", orders((1, "2026-01-01", 5, "canary"), header="id,at,total,token"))
    shop.parquet("orders/2.parquet", id=[2], at=["2026-01-01"], total=[1.5], token=["canary"])
    shop.ingest()
    assert len(shop.landed()) == 2
    assert b"canary" not in shop.lake.everything()


def test_csv_and_parquet_of_one_table_land_each_as_it_is(shop: Shop) -> None:
    shop.drop("orders/1.csv", orders(("007", "2026-01-01", "5.10")))
    shop.parquet("orders/2.parquet", id=[8], at=[datetime(2026, 1, 2, tzinfo=UTC)], total=[5.25])
    shop.drop("orders/3.csv", one(9))
    shop.ingest()
    assert shop.landed("id", "total") == [("007", "5.10"), (8, 5.25), ("9", "5")]


def decimal(precision: int, scale: int, *values: str) -> pa.Array:
    return pa.array(values).cast(pa.decimal128(precision, scale))


@pytest.mark.parametrize(
    ("first", "second", "landed"),
    [
        (pa.array([1], pa.int32()), pa.array([2**40], pa.int64()), "int64"),
        (pa.array([2**40], pa.int64()), pa.array([1], pa.int32()), "int64"),
        (pa.array([1], pa.uint32()), pa.array([-1], pa.int8()), "int64"),
        (pa.array([1], pa.float32()), pa.array([0.1], pa.float64()), "double"),
        (pa.array([1], pa.int64()), pa.array([2.0, None]), "int64"),
        (pa.array([1], pa.int64()), pa.array([2.5]), "double"),
        (pa.array([1.5]), pa.array([2], pa.int64()), "double"),
        (decimal(10, 2, "1.25"), decimal(12, 4, "1.2345"), "decimal128(12, 4)"),
        (decimal(12, 4, "1.2345"), decimal(10, 2, "1.25"), "decimal128(12, 4)"),
        (pa.array([1], pa.int32()), decimal(10, 2, "1.25"), "decimal128(12, 2)"),
        (pa.array([None], pa.null()), pa.array([2], pa.int32()), "int32"),
        (pa.array(["1"], pa.string()), pa.array(["2"], pa.large_string()), "string"),
        (pa.array(["1"]).dictionary_encode(), pa.array(["2"]), "string"),
    ],
)
def test_a_type_may_widen_over_the_files_of_a_table(
    shop: Shop, first: pa.Array, second: pa.Array, landed: str
) -> None:
    for name, values in (("1", first), ("2", second)):
        ids = [f"{name}-{number}" for number in range(len(values))]
        shop.parquet(f"orders/{name}.parquet", id=ids, at=["2026-01-01"] * len(ids), total=values)
        shop.ingest()
    newest = shop.lake.live_files("shop")["orders"].files[-1]
    assert {column.name: column.type for column in newest.columns}["total"] == landed
    assert [total for (total,) in shop.landed("total")] == [*first.to_pylist(), *second.to_pylist()]


NAIVE = pa.array(["2026-01-01T00:00:00"]).cast(pa.timestamp("us"))


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("total", pa.array([1]), pa.array(["1"])),
        ("total", pa.array(["1"]), pa.array([1])),
        ("state", pa.array([True]), pa.array([1])),
        ("total", pa.array([1.5]), pa.array([2**60 + 1])),
        ("total", pa.array([1.5]), decimal(10, 2, "1.25")),
        ("total", decimal(38, 0, "1"), decimal(38, 10, "1")),
        ("at", NAIVE, NAIVE.cast(pa.timestamp("us", tz="UTC"))),
        ("at", NAIVE, NAIVE.cast(pa.date32())),
    ],
)
def test_a_type_that_changes_is_an_error_that_names_the_column(
    shop: Shop, column: str, first: pa.Array, second: pa.Array
) -> None:
    row: dict[str, Any] = {"id": ["1"], "at": ["2026-01-01"], "total": [1], "state": ["new"]}
    shop.parquet("orders/1.parquet", **{**row, column: first})
    kept = shop.source()
    shop.ingest(kept)
    assert len(shop.landed()) == 1
    file = shop.parquet("orders/2.parquet", **{**row, "id": ["2"], column: second})
    shop.ingest(kept)
    error = kept.set_aside()["orders"]
    assert isinstance(error, SourceMismatch)
    assert repr(column) in error.what
    assert error.where == str(file)
    assert len(shop.landed()) == 1


@pytest.mark.parametrize("ending", [".csv.gz", ".CSV.GZ", ".csv.zst"])
def test_compressed_csv(shop: Shop, ending: str) -> None:
    text = orders(*((number, "2026-01-01", 5) for number in range(1000))).encode()
    packed = gzip.compress(text) if "gz" in ending.lower() else pa.Codec("zstd").compress(text, asbytes=True)
    shop.drop(f"orders/1{ending}", packed)
    (shop.folder / "tags.csv").unlink()
    names = b"id,name\n1,z\n"
    shop.drop(
        f"tags{ending}", pa.Codec("gzip" if "gz" in ending.lower() else "zstd").compress(names, asbytes=True)
    )
    shop.ingest()
    assert len(shop.landed()) == 1000
    assert shop.lake.column("tags", "name") == ["z"]


def test_compressed_csv_that_is_cut_off_or_none(shop: Shop) -> None:
    text = orders(*((number, "2026-01-01", number * 7919 % 100_003) for number in range(9000)))
    packed = gzip.compress(text.encode())
    shop.drop("orders/0.csv", one(1))
    shop.ingest()
    for number, content in enumerate((packed[: len(packed) // 2], packed[:-9], b"id,at,total\n1,2,3\n")):
        kept = shop.source()
        file = shop.drop("orders/1.csv.gz", content)
        shop.ingest(kept)
        error = kept.set_aside()["orders"]
        assert isinstance(error, BrokenFile), number
        assert (error.where or "").startswith(str(file))
    two_members = gzip.compress(one(2).encode()) + gzip.compress(b"3,2026-01-01,6\n")
    shop.drop("orders/1.csv.gz", two_members)
    shop.ingest()
    assert shop.landed("id") == [("1",), ("2",), ("3",)]


def test_a_line_in_a_compressed_file_is_named(shop: Shop) -> None:
    shop.drop("orders/1.csv.gz", gzip.compress(orders((1, "2026-01-01", 5), (2, "x")).encode()))
    kept = shop.source()
    shop.ingest(kept)
    assert (kept.set_aside()["orders"].where or "").endswith("1.csv.gz:3")


def test_a_column_mapped_later_is_read_from_every_file_and_rows_of_files_gone_are_kept(
    shop: Shop, mappings: Mappings
) -> None:
    header = "id,at,total,buyer"
    shop.drop("orders/1.csv", orders((1, "2026-01-01", 1, 11), (2, "2026-01-01", 1, 12), header=header))
    shop.drop("orders/2.csv", orders((1, "2026-01-01", 2, 21), header=header))
    shop.ingest()
    shop.drop("orders/3.csv", orders((2, "2026-01-01", 3, 32), header=header))
    shop.ingest()
    (shop.folder / "orders" / "2.csv").unlink()
    shop.mapping = mappings.write(WITH_BUYER)
    assert shop.ingest() == 1
    assert shop.landed("id", "total", "buyer") == [
        ("1", "1", "11"),
        ("2", "1", "12"),
        ("1", "2", None),
        ("2", "3", "32"),
    ]
    assert [row["_position"].split("#")[0] for row in shop.lake.rows("orders")] == [
        "orders/1.csv", "orders/1.csv", "orders/2.csv", "orders/3.csv",
    ]  # fmt: skip
    assert shop.ingest() == 0
    shop.drop("orders/4.csv", orders((1, "2026-01-01", 2, 21), header=header))
    assert shop.ingest() == 0, "the content of 2.csv is known although the file is gone"


def test_a_column_called_secret_later_leaves_the_lake_with_its_files(shop: Shop, mappings: Mappings) -> None:
    header = "id,at,total,buyer"
    shop.mapping = mappings.write(WITH_BUYER)
    shop.drop("orders/1.csv", orders((1, "2026-01-01", 1, "canary"), header=header))
    shop.drop("orders/2.csv", orders((2, "2026-01-01", 2, "canary"), header=header))
    shop.ingest()
    (shop.folder / "orders" / "1.csv").unlink()
    shop.mapping = mappings.write(ORDERS.replace("secret: [token]", "secret: [token, buyer]"))
    shop.ingest()
    assert shop.landed() == [("1", "1"), ("2", "2")]
    later = FixedClock(datetime(2026, 1, 2, tzinfo=UTC))
    Lake(shop.lake.root, later).recover("shop")
    assert b"canary" not in shop.lake.everything()


def test_a_file_without_rows_is_taken_too(shop: Shop) -> None:
    shop.drop("orders/1.csv", "id,at,total\n")
    assert shop.ingest() == 1
    assert shop.landed() == []
    shop.drop("orders/2.csv", "at,id,total\n")
    assert shop.ingest() == 1
    assert shop.ingest() == 0


def test_a_float_without_value_in_a_drop_is_null_and_counted(shop: Shop) -> None:
    shop.parquet("orders/1.parquet", id=["1", "2"], at=["2026-01-01"] * 2, total=[1.5, float("nan")])
    shop.ingest()
    assert shop.landed("total") == [(1.5,), (None,)]
    assert shop.position()["replaced"] == {"orders": {"total": 1}}
