"""What the lake holds, and what of it has arrived since the release that is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from amalimart.lake.rows import Operation
from amalimart.warehouse.bronze import BronzeTable, create_bronze, take_news
from amalimart.warehouse.building import Fate
from amalimart.warehouse.graph import bronze_id
from amalimart.warehouse.releases.release_log import SourcePosition

_FOLLOWED = frozenset({Operation.UPSERT.value, Operation.DELETE.value})


@dataclass(frozen=True, slots=True)
class LakeState:
    """What the lake holds at one moment: each source's position, the tables, the source's time."""

    positions: Mapping[str, SourcePosition]
    tables: tuple[BronzeTable, ...]
    fresh_as_of: datetime | None


class Arrivals:
    """The bronze tables inside one transaction: read whole where asked for, else only what is new."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, lake: LakeState) -> None:
        self._cursor = cursor
        self._lake = lake
        self._tables = {bronze_id(table.view): table for table in lake.tables}
        self._whole: set[str] = set()

    def fates(self, built: Mapping[str, SourcePosition]) -> dict[str, Fate]:
        """Of every table that has news: whether they can be followed or it must be read anew."""
        found = {}
        for unique_id, table in self._tables.items():
            before = built.get(table.source)
            if before is None or before.log != self._lake.positions[table.source].log:
                found[unique_id] = Fate.REBUILT
            elif table.version > before.version:
                found[unique_id] = self._fate(table, before.version)
        return found

    def _fate(self, table: BronzeTable, after: int) -> Fate:
        if table.snapshot > after:
            return Fate.REBUILT
        operations = take_news(self._cursor, table, after)
        return Fate.CHANGED if operations <= _FOLLOWED else Fate.REBUILT

    def read_whole(self, unique_id: str) -> None:
        """Bring the view over all rows of a table up to date, once; other sources are left alone."""
        if unique_id in self._tables and unique_id not in self._whole:
            create_bronze(self._cursor, self._tables[unique_id])
            self._whole.add(unique_id)
