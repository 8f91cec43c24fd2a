"""What the models read is exactly what is committed, in files and in the journal."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from amalimart.lake import ChangedRows, CommitKind, Operation, Transaction
from amalimart.warehouse.lake_view import lake_state, landed_source
from tests.warehouse.tiny_shop import NOW, Shop


def journal(shop: Shop, *rows: tuple[str | None, ...], operation: Operation = Operation.UPSERT) -> None:
    schema = pa.schema([(name, pa.string()) for name in shop.columns])
    batch = pa.RecordBatch.from_pylist([dict(zip(shop.columns, row, strict=True)) for row in rows], schema)
    count = len(rows)
    with shop.lake.writer("shop") as writer:
        change = ChangedRows(
            "orders",
            batch,
            [operation] * count,
            range(1, count + 1),
            [Transaction("0/1", NOW)] * count,
            [()] * count,
        )
        writer.append([change], {"lsn": "0/1"}, NOW)


def order(number: int, total: str, state: str = "done") -> tuple[str | None, ...]:
    return (str(number), "b1", "2026-03-01 10:00:00", total, state, "no", "sale")


def orders(shop: Shop) -> list[tuple[object, ...]]:
    return shop.query("select order_id, total_amount from gold.fact_orders order by 1")


def test_a_batch_in_the_journal_is_in_the_next_release_and_sealing_needs_none(shop: Shop) -> None:
    shop.land(order(1, "10.00"))
    assert shop.publish() is not None
    journal(shop, order(1, "11.00"), order(2, "5.50"))
    assert shop.publish() is not None
    assert orders(shop) == [("1", Decimal("11.00")), ("2", Decimal("5.50"))]
    with shop.lake.writer("shop") as writer:
        writer.seal()
    assert shop.publish() is None, "a seal brings no row"
    journal(shop, order(2, "6.00"))
    assert shop.publish() is not None
    assert orders(shop) == [("1", Decimal("11.00")), ("2", Decimal("6.00"))]
    journal(shop, order(1, ""), operation=Operation.DELETE)
    assert shop.publish() is not None
    assert orders(shop) == [("2", Decimal("6.00"))]


def test_a_position_without_rows_publishes_nothing(shop: Shop) -> None:
    shop.land(order(1, "10.00"))
    shop.publish()
    with shop.lake.writer("shop") as writer:
        writer.append([], {"lsn": "0/2"}, NOW)
    assert shop.publish() is None


def test_a_table_that_is_only_in_the_journal_so_far_is_read(shop: Shop) -> None:
    journal(shop, order(1, "10.00"))
    shop.publish()
    assert orders(shop) == [("1", Decimal("10.00"))]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((pa.int32(), pa.int64()), "int64"),
        ((pa.int64(), pa.int16()), "int64"),
        ((pa.float32(), pa.float64()), "double"),
        ((pa.decimal128(10, 2), pa.decimal128(12, 4)), "decimal128(12, 4)"),
        ((pa.decimal128(38, 0), pa.decimal128(12, 4)), "varchar"),
        ((pa.int64(), pa.string()), "varchar"),
        ((pa.timestamp("us"), pa.date32()), "varchar"),
    ],
)
def test_a_column_that_changed_its_type_is_read_as_the_type_that_holds_both(
    shop: Shop, kinds: tuple[pa.DataType, pa.DataType], expected: str
) -> None:
    for kind in kinds:
        schema = pa.schema([("id", pa.string()), ("total", kind)])
        row = pa.RecordBatch.from_arrays([pa.array(["1"]), pa.nulls(1, kind)], schema=schema)
        with shop.lake.begin("shop", CommitKind.CHANGES) as writer:
            writer.write("orders", [row], Operation.UPSERT, schema=schema)
            writer.commit({}, NOW)
    landed = landed_source(shop.lake, "shop", shop.mapping)
    assert landed.tables["orders"]["total"] == expected
    (table,) = lake_state(shop.lake, {"shop": shop.mapping}).tables
    assert bool(any(files.as_text for files in table.rows_of(0).files)) is (expected == "varchar")


def test_types_that_differ_between_files_and_journal_are_read_together(shop: Shop) -> None:
    shop.land(order(1, "10.00"))
    schema = pa.schema([("id", pa.int64()), ("total", pa.decimal128(10, 2)), ("kind", pa.string())])
    batch = pa.RecordBatch.from_pylist([{"id": 2, "total": Decimal("3.25"), "kind": "sale"}], schema)
    with shop.lake.writer("shop") as writer:
        transaction = Transaction("0/1", NOW)
        writer.append([ChangedRows("orders", batch, [Operation.UPSERT], [1], [transaction], [()])], {}, NOW)
    shop.publish()
    staged = shop.query("select order_id, total_amount from staging.stg_orders order by 1")
    assert staged == [("1", Decimal("10.00")), ("2", Decimal("3.25"))]
