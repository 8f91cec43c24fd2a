"""Whatever happens to a shop, its history equals a fold in Python, and following equals building anew.

The oracle takes one change after the other, looks at what the dimensions say afterwards, and notes a
version where that differs. It knows nothing of row versions, spans or orders.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.warehouse.history_lab import HISTORIES, START, HistoryLab, Told

MAPPING = """\
tables: {people: {key: [id]}, places: {key: [id]}, articles: {key: [id]}, shelves: {key: [article, section]}}
entities:
  users:
    table: people
    columns: {user_id: id, role: kind, is_verified: ok, full_name: name, created_at: at}
  addresses:
    table: places
    columns: {address_id: id, user_id: who, city: city, is_default: main, created_at: at}
  vendors:
    table: people
    where: {kind: [VENDOR]}
    columns: {vendor_id: id, vendor_name: nick, created_at: at}
  products:
    table: articles
    columns:
      product_id: id
      vendor_id: seller
      price: price
      currency: {constant: GHS}
      status: state
      stock_quantity: stock
      created_at: at
  product_categories:
    table: shelves
    columns: {product_id: article, category_id: section, is_primary: main}
"""
_MOMENT = pa.timestamp("us")
SCHEMAS = {
    "people": pa.schema(
        [("id", pa.int64()), ("kind", pa.string()), ("ok", pa.bool_()), ("name", pa.string()),
         ("nick", pa.string()), ("at", _MOMENT)]
    ),
    "places": pa.schema(
        [("id", pa.int64()), ("who", pa.int64()), ("city", pa.string()), ("main", pa.bool_()),
         ("at", _MOMENT)]
    ),
    "articles": pa.schema(
        [("id", pa.int64()), ("seller", pa.int64()), ("price", pa.decimal128(18, 2)),
         ("state", pa.string()), ("stock", pa.int64()), ("at", _MOMENT)]
    ),
    "shelves": pa.schema([("article", pa.int64()), ("section", pa.int64()), ("main", pa.bool_())]),
}  # fmt: skip
KEYS = {"people": ("id",), "places": ("id",), "articles": ("id",), "shelves": ("article", "section")}
CELLS: dict[str, list[Any]] = {
    "id": [1, 2, 10, None],
    "who": [1, 1, 2, None],
    "kind": ["CUSTOMER", "VENDOR", "VENDOR", "odd", None],
    "ok": [True, False, None],
    "name": ["Ama", "Kofi"],
    "nick": ["Adinkra", " Kente ", None],
    "city": ["Accra", "Tema", None],
    "main": [True, False, None],
    "seller": [1, 2, None],
    "price": [Decimal("1.00"), Decimal("2.50"), None],
    "state": ["ACTIVE", "DRAFT"],
    "stock": [1, 2, 3],
    "article": [1, 2],
    "section": [9, 10],
    "at": [datetime.fromisoformat("2020-05-01 10:00"), datetime.fromisoformat("2026-03-01 12:00"), None],
}


def rows_of(table: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: st.sampled_from(CELLS[name]) for name in SCHEMAS[table].names})


def change(table: str, operation: str) -> st.SearchStrategy[Told]:
    if operation == "truncate":
        return st.just(Told(table, operation))
    if operation == "delete":
        return rows_of(table).map(lambda row: Told(table, operation, {key: row[key] for key in KEYS[table]}))
    others = [name for name in SCHEMAS[table].names if name not in KEYS[table]]
    untold = st.one_of(st.just(()), st.lists(st.sampled_from(others), unique=True).map(tuple))
    return st.builds(
        lambda row, unchanged: Told(table, operation, row | dict.fromkeys(unchanged), unchanged),
        rows_of(table),
        untold,
    )


OPERATIONS = st.sampled_from(["upsert"] * 8 + ["delete"] * 3 + ["truncate"])
CHANGES = st.lists(
    st.tuples(st.sampled_from(sorted(SCHEMAS)), OPERATIONS).flatmap(lambda told: change(*told)),
    min_size=1,
    max_size=6,
)
SNAPSHOT = st.dictionaries(st.sampled_from(sorted(SCHEMAS)), st.just(None), min_size=1).flatmap(
    lambda tables: st.fixed_dictionaries({table: st.lists(rows_of(table), max_size=4) for table in tables})
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("land"), CHANGES),
        st.tuples(st.just("land"), CHANGES),
        st.tuples(st.just("land in files"), CHANGES),
        st.tuples(st.just("snapshot"), SNAPSHOT),
        st.tuples(st.just("clock"), st.sampled_from([-3, 30])),
        st.sampled_from([("again", None), ("seal", None), ("compact", None)]),
        st.just(("publish", None)),
        st.just(("publish", None)),
    ),
    min_size=4,
    max_size=16,
)
EVERYTHING = st.fixed_dictionaries({table: st.lists(rows_of(table), max_size=4) for table in SCHEMAS})


# The other reading: one change after the other, in Python.

Row = dict[str, Any]
DAWN = datetime.fromisoformat("0001-01-01")
Key = tuple[Any, ...]


@dataclass
class Timeline:
    """What was so of one key of one dimension, so far."""

    versions: list[list[Any]] = field(default_factory=list)
    standing: tuple[Any, ...] | None = None
    known: datetime = DAWN


class Oracle:
    """Tables as the changes leave them, and the versions of each dimension."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Row]] = {table: {} for table in SCHEMAS}
        self.lines: dict[tuple[str, str], Timeline] = {}

    def snapshot(self, tables: Mapping[str, Iterable[Row]], at: datetime) -> None:
        for table, rows in tables.items():
            self.tables[table] = {self._key(table, row): dict(row) for row in rows}
            self.tables[table] = {key: row for key, row in self.tables[table].items() if None not in key}
        self._look(at, f"snap {at:%d %H:%M}", is_snapshot=True)

    def land(self, changes: Iterable[Told], at: datetime) -> None:
        for told in changes:
            rows, key = self.tables[told.table], self._key(told.table, told.values)
            if told.operation == "truncate":
                rows.clear()
            elif None in key:
                continue
            elif told.operation == "delete":
                rows.pop(key, None)
            else:
                before = rows.get(key, {})
                rows[key] = dict(told.values) | {name: before.get(name) for name in told.unchanged}
            self._look(at, f"tx {at:%d %H:%M}", is_snapshot=False)

    @staticmethod
    def _key(table: str, row: Mapping[str, Any]) -> Key:
        return tuple(row.get(name) for name in KEYS[table])

    def _look(self, at: datetime, position: str, *, is_snapshot: bool) -> None:
        now = at.replace(tzinfo=None) + timedelta(hours=1)
        states = self._states()
        for key in {*states, *self.lines}:
            line = self.lines.setdefault(key, Timeline())
            state, created = states.get(key, (None, None))
            if state == line.standing:
                continue
            line.known = max(line.known, now)
            if line.standing is not None:
                line.versions[-1][1] = line.known
                line.versions[-1][2:4] = [False, state is None]
                line.versions[-1][7] = position
            line.standing = state
            if state is not None:
                is_first = not line.versions and is_snapshot and created and created < line.known
                begun = created if is_first else line.known
                line.versions.append(
                    [begun, None, True, False, is_snapshot, line.known, position, None, *state]
                )

    def _states(self) -> dict[tuple[str, str], tuple[tuple[Any, ...], datetime | None]]:
        found: dict[tuple[str, str], tuple[tuple[Any, ...], datetime | None]] = {}
        people, places = self.tables["people"], self.tables["places"]
        for row in people.values():
            created = row["at"] and row["at"] + timedelta(hours=1)
            role = row["kind"] if row["kind"] in {"CUSTOMER", "VENDOR"} else "UNKNOWN"
            found["dim_customers_history", str(row["id"])] = (
                (role, "UNKNOWN", "UNKNOWN", bool(row["ok"]), False, _city(places, row["id"]),
                 "unknown", "unknown"),
                created,
            )  # fmt: skip
            if row["kind"] == "VENDOR":
                found["dim_vendors_history", str(row["id"])] = (
                    ((row["nick"] or "unknown").strip(), "UNKNOWN", "unknown", "unknown", "unknown", None),
                    created,
                )
        for row in self.tables["articles"].values():
            seller = None if row["seller"] is None else str(row["seller"])
            section = _section(self.tables["shelves"], row["id"])
            found["dim_products_history", str(row["id"])] = (
                (seller, section, None, None, row["price"], "GHS", row["state"] or "UNKNOWN",
                 row["state"] == "ACTIVE"),
                row["at"] and row["at"] + timedelta(hours=1),
            )  # fmt: skip
        return found

    def versions(self, history: str) -> list[tuple[Any, ...]]:
        return sorted(
            (key, number, *version)
            for (name, key), line in self.lines.items()
            if name == history
            for number, version in enumerate(line.versions, 1)
        )


def _city(places: Mapping[Key, Row], user: int) -> str:
    own = [row for row in places.values() if row["who"] == user]
    if not own:
        return "unknown"
    lives_at = max(own, key=lambda row: (bool(row["main"]), row["at"] or DAWN, row["id"]))
    return str(lives_at["city"] or "unknown")


def _section(shelves: Mapping[Key, Row], article: int) -> str | None:
    own = [row for row in shelves.values() if row["article"] == article]
    return str(min(own, key=lambda row: (not row["main"], row["section"]))["section"]) if own else None


def hold(everything: dict[str, list[Row]], steps: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        lab = HistoryLab(Path(folder), MAPPING, SCHEMAS)
        try:
            told = _play(lab, everything, steps)
            _compare(lab, told)
        finally:
            lab.close()


def _play(lab: HistoryLab, everything: dict[str, list[Row]], steps: list[tuple[str, Any]]) -> Oracle:
    oracle, now, last = Oracle(), START, [Told("people", "delete", {"id": 99})]
    lab.snapshot(everything, now)
    oracle.snapshot(everything, now)
    lab.publish()
    for operation, given_step in steps:
        now += timedelta(hours=1)
        match operation:
            case "land" | "land in files":
                last = given_step
                lab.land(last, now, in_journal=operation == "land")
                oracle.land(last, now)
            case "again":
                lab.land(last, now)
                oracle.land(last, now)
            case "snapshot":
                lab.snapshot(given_step, now)
                oracle.snapshot(given_step, now)
            case "clock":
                now += timedelta(hours=given_step)
            case "seal":
                with lab.lake.writer("shop") as writer:
                    writer.seal()
            case "compact":
                lab.lake.compact("shop", small_below=1 << 20)
                lab.lake.recover("shop")  # without a grace period: the old files are gone
            case "publish":
                lab.publish()
    lab.publish()
    return oracle


def _compare(lab: HistoryLab, oracle: Oracle) -> None:
    for name in HISTORIES:
        assert _told_alike(lab.rows(f"select * from gold.{name}")) == _told_alike(oracle.versions(name)), name
    step_by_step = lab.contents()
    with lab.built_at_once() as fresh:
        at_once = lab.contents(fresh)
    assert len(step_by_step) > len(HISTORIES)
    assert step_by_step == at_once


def _told_alike(versions: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """In one order; a snapshot without rows has a moment and no position."""
    told = (
        tuple(None if isinstance(value, str) and value.startswith("snap ") else value for value in version)
        for version in versions
    )
    return sorted(told, key=repr)


PLAIN = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=4, suppress_health_check=PLAIN, derandomize=True, phases=[Phase.generate])
@given(everything=EVERYTHING, steps=STEPS)
def test_history_equals_a_fold_in_python(
    everything: dict[str, list[Row]], steps: list[tuple[str, Any]]
) -> None:
    hold(everything, steps)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "12")), suppress_health_check=PLAIN)
@given(everything=EVERYTHING, steps=STEPS)
def test_history_equals_a_fold_in_python_in_many_ways(
    everything: dict[str, list[Row]], steps: list[tuple[str, Any]]
) -> None:
    hold(everything, steps)
