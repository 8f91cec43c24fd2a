"""A folder of drops and the lake it is ingested into, for tests of tables of many files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.core.clock import Clock, FixedClock
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources import FileDropSource, ingest_once
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.local import LocalFolder

if TYPE_CHECKING:
    from tests.sources.conftest import Mappings, ReadingLake


LONG_AGO = FixedClock(datetime(2020, 1, 1, tzinfo=UTC))
"""To it, no file has been touched within the last second."""


ORDERS = """
tables: {orders: {secret: [token]}, tags: {}}
entities:
  orders:
    table: orders
    columns:
      order_id: id
      order_date: at
      total_amount: total
      currency: {constant: GHS}
      status: {from: state, optional: true, values: {new: PENDING}}
  tags: {table: tags, columns: {tag_id: id, tag_name: name}}
"""


WITH_BUYER = ORDERS.replace("order_id: id", "order_id: id\n      customer_id: {from: buyer, optional: true}")


@dataclass
class Shop:
    """A folder of drops and the lake it is ingested into. A new source for each look, unless kept."""

    folder: Path
    lake: ReadingLake
    mapping: SourceMapping
    clock: Clock = LONG_AGO

    def source(self) -> FileDropSource:
        return FileDropSource(LocalFolder(self.folder), Ledger(self.lake, "shop"), self.clock)

    def drop(self, path: str, text: str | bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def parquet(self, path: str, **columns: Any) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), file)
        return file

    def ingest(self, source: FileDropSource | None = None) -> int:
        """Ingest until there is nothing new; returns the number of commits."""
        source = source or self.source()
        commits = 0
        while ingest_once(self.lake, "shop", source, self.mapping) is not None:
            commits += 1
            assert commits < 50
        return commits

    def landed(self, *columns: str) -> list[tuple[Any, ...]]:
        return [
            tuple(row.get(column) for column in columns or ("id", "total"))
            for row in self.lake.rows("orders")
        ]

    def position(self) -> dict[str, Any]:
        latest = self.lake.latest("shop")
        assert latest is not None
        return dict(latest.position)


@pytest.fixture
def shop(tmp_path: Path, lake: ReadingLake, mappings: Mappings) -> Shop:
    folder = tmp_path / "drop"
    folder.mkdir()
    made = Shop(folder, lake, mappings.write(ORDERS))
    made.drop("tags.csv", "id,name\n1,a\n")
    return made


def orders(*rows: tuple[Any, ...], header: str = "id,at,total") -> str:
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def one(number: int, total: object = 5) -> str:
    return orders((number, "2026-01-01", total))
