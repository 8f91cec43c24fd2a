"""Whatever changes a source tells, staging and its accounts equal a fold of them in plain Python."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amalimart.warehouse.staging.entity_sql import SAME_BATCH, SAME_KEY
from tests.warehouse.staging_lab import Change, Lab, Landed, mapping_of

MAPPING = """\
tables:
  sales: {key: [shop, number]}
  shops: {key: [id], optional: true}
entities:
  order_items:
    table: sales
    where: {kind: {not: [gift]}}
    lookup:
      places: {table: shops, match: {shop: id}}
    columns:
      order_item_id: {join: [shop, number], with: "-"}
      vendor_id: places.owner
      quantity: count
      unit_price: {sql: "cast(price as decimal(18, 2)) * 2"}
      currency: {constant: GHS}
      status: {from: kind, values: {done: COMPLETED, open: PENDING}, default: UNKNOWN}
  users:
    table: sales
    where: {buyer: {empty: false}}
    deduplicate: {keep: latest, by: moment}
    columns: {user_id: buyer, full_name: note}
  vendors:
    table: sales
    where: "buyer is not null and number > 1"
    deduplicate: {keep: first, by: moment}
    columns: {vendor_id: buyer, vendor_name: note}
  tags:
    table: shops
    columns: {tag_id: id, tag_name: owner}
"""
TABLES = {
    "sales": {
        "shop": "varchar", "number": "int64", "count": "int64", "price": "varchar", "kind": "varchar",
        "buyer": "varchar", "note": "varchar", "moment": "int64",
    },
    "shops": {"id": "varchar", "owner": "varchar"},
}  # fmt: skip
KEYS = {"sales": ("shop", "number"), "shops": ("id",)}
CELLS: dict[str, list[Any]] = {
    "shop": ["a", "a ", "b-", "-", None],
    "number": [1, 2, 3, None],
    "count": [1, 2, None],
    "price": ["5", "2.5", "cheap", None],
    "kind": ["done", "Open", "gift", "odd", None],
    "buyer": ["x", "y", " x", None],
    "note": ["one", "two", None],
    "moment": [1, 2, 3, None],
    "id": ["a", "a ", "b-", None],
    "owner": ["v", "w", None],
}


def change(table: str, operation: str) -> st.SearchStrategy[Change]:
    cells = {column: st.sampled_from(CELLS[column]) for column in TABLES[table]}
    if operation == "truncate":
        return st.just(Change(operation))
    if operation == "delete":
        keys = {column: cells[column] for column in KEYS[table]}
        return st.fixed_dictionaries(keys).map(lambda values: Change(operation, values))
    rows = st.fixed_dictionaries(cells)
    if operation == "snapshot":
        return rows.map(lambda values: Change(operation, values))
    others = [column for column in TABLES[table] if column not in KEYS[table]]
    untold = st.one_of(st.just(()), st.lists(st.sampled_from(others), unique=True).map(tuple))
    return st.builds(
        lambda values, unchanged: Change(operation, values | dict.fromkeys(unchanged), unchanged=unchanged),
        rows,
        untold,
    )


def history(table: str) -> st.SearchStrategy[list[Change]]:
    """A snapshot, and what happened after: as the live files of a table are."""
    operations = st.sampled_from(["upsert"] * 6 + ["delete"] * 3 + ["truncate"])
    changes = operations.flatmap(lambda operation: change(table, operation))
    later = st.lists(st.tuples(st.integers(0, 1), changes), max_size=12)

    def numbered(snapshot: list[Change], told: list[tuple[int, Change]]) -> list[Change]:
        rows, batch = list(snapshot), 1
        for step, one in told:
            batch += step
            rows.append(Change(one.operation, one.values, batch, one.unchanged))
        return rows

    return st.builds(numbered, st.lists(change(table, "snapshot"), max_size=6), later)


# The other reading: one row after the other, in Python.


@dataclass
class Row:
    values: dict[str, Any]
    batch: int
    sequence: int
    operation: str
    untold: set[str] = field(default_factory=set)
    doubled: bool = False


class Folded:
    """A table as its changes leave it. A change is in `rows`, or a deletion, or superseded."""

    def __init__(self, table: str, changes: Sequence[Change]) -> None:
        self.rows: list[Row] = []
        self.landed = len(changes)
        self.deletions = sum(told.operation in {"delete", "truncate"} for told in changes)
        for sequence, told in enumerate(changes, 1):
            self._apply(KEYS[table], told, sequence)

    def _apply(self, columns: tuple[str, ...], told: Change, sequence: int) -> None:
        if told.operation == "truncate":
            self.rows = []
            return
        key = tuple(told.values.get(column) for column in columns)
        if None in key:
            if told.operation != "delete":
                self.rows.append(Row(dict(told.values), told.batch, sequence, told.operation))
            return
        before = [row for row in self.rows if tuple(row.values[column] for column in columns) == key]
        if told.operation == "delete":
            self.rows = [row for row in self.rows if row not in before]
            return
        now = Row(dict(told.values), told.batch, sequence, told.operation)
        standing = next((row for row in before if not row.doubled), None)
        for column in told.unchanged:
            if standing is None or column in standing.untold:
                now.untold.add(column)
            else:
                now.values[column] = standing.values[column]
        if told.operation == "snapshot":
            for row in before:
                row.doubled = True
        else:
            self.rows = [row for row in self.rows if row not in before]
        self.rows.append(now)


Staged = tuple[Any, ...]
Account = tuple[int, ...]


def trimmed(text: str | None) -> str | None:
    return None if text is None else text.strip(" ") or None


def account(folded: Folded, *, filtered: int, staged: Sequence[tuple[str | None, str | None]]) -> Account:
    accepted = sum(reason is None for reason, _ in staged)
    quarantined = len(staged) - accepted
    repaired = sum(reason is None and repairs is not None for reason, repairs in staged)
    rest = folded.deletions + filtered + accepted + quarantined
    return (folded.landed, folded.landed - rest, folded.deletions, filtered, accepted, quarantined, repaired)


def order_items(sales: Folded, shops: Folded) -> tuple[list[Staged], Account]:
    owners: dict[str, str | None] = {}
    for row in sorted(shops.rows, key=lambda row: (row.batch, row.sequence)):
        if not row.doubled and (shop := trimmed(row.values["id"])) is not None:
            owners[shop] = trimmed(row.values["owner"])
    wanted = [row for row in sales.rows if row.values["kind"] != "gift"]
    ids = {id(row): joined(row) for row in wanted}
    standing = {}
    for row in wanted:
        if not row.doubled and ids[id(row)] is not None:
            standing[ids[id(row)]] = row  # rows are in the order they came: the last one stands
    found: list[Staged] = []
    for row in wanted:
        key, values = ids[id(row)], row.values
        price = None if values["price"] in {None, "cheap"} else Decimal(str(values["price"])) * 2
        reasons = [
            (row.doubled, SAME_BATCH),
            (key is not None and standing.get(key) is not row, SAME_KEY),
            (key is None, "order_item_id is missing"),
            (values["count"] is None, "quantity is missing"),
            (price is None, "unit_price is missing"),
        ]
        reason = next((reason for holds, reason in reasons if holds), None)
        status = {"done": "COMPLETED", "Open": "PENDING"}.get(values["kind"], "UNKNOWN")
        odd = ["status was not mapped and became UNKNOWN"] if values["kind"] == "odd" else []
        untold = row.untold & {"count", "price", "kind"}
        repairs = ["the source did not repeat " + ", ".join(sorted(untold))] if untold else []
        owner = owners.get(trimmed(values["shop"]) or "")
        repaired = "; ".join(repairs + odd) or None
        found.append((key, owner, values["count"], price, status, reason, repaired, row.batch, row.sequence))
    filtered = len(sales.rows) - len(wanted)
    return found, account(sales, filtered=filtered, staged=[(row[5], row[6]) for row in found])


def joined(row: Row) -> str | None:
    shop, number = trimmed(row.values["shop"]), row.values["number"]
    if shop is None or number is None:
        return None
    return shop.replace("-", "\\-") + "-" + str(number)


def one_per_buyer(sales: Folded, wanted: Sequence[Row], *, latest: bool) -> tuple[list[Staged], Account]:
    def rank(row: Row) -> tuple[Any, ...]:
        moment = row.values["moment"]
        told = moment is not None
        return (told, (moment if latest else -moment) if told else 0, row.batch, row.sequence)

    groups: dict[str, list[Row]] = {}
    for row in wanted:
        if not row.doubled:
            groups.setdefault(str(trimmed(row.values["buyer"])), []).append(row)
    chosen = [max(rows, key=rank) for rows in groups.values()]
    used = {"buyer", "note", "moment"} | (set() if latest else {"number"})
    found: list[Staged] = []
    for row in [row for row in wanted if row.doubled] + chosen:
        untold = row.untold & used
        repairs = "the source did not repeat " + ", ".join(sorted(untold)) if untold else None
        reason = SAME_BATCH if row.doubled else None
        buyer = trimmed(row.values["buyer"])
        found.append((buyer, row.values["note"], reason, repairs, row.batch, row.sequence))
    filtered = len(sales.rows) - len(wanted)
    return found, account(sales, filtered=filtered, staged=[(row[2], row[3]) for row in found])


def hold(sales: Sequence[Change], shops: Sequence[Change]) -> None:
    with tempfile.TemporaryDirectory(prefix="staging-") as folder:
        mapping = mapping_of(Path(folder), MAPPING)
        lab = Lab(Path(folder), {"shop": Landed(mapping, TABLES, {"sales": sales, "shops": shops})})
        try:
            compare(lab, Folded("sales", sales), Folded("shops", shops))
        finally:
            lab.close()


def compare(lab: Lab, sales: Folded, shops: Folded) -> None:
    accounts = lab.accounts()
    buyers = [row for row in sales.rows if trimmed(row.values["buyer"])]
    beyond_one = [row for row in buyers if row.values["number"] is not None and row.values["number"] > 1]
    expected: Mapping[str, tuple[str, tuple[list[Staged], Account]]] = {
        "order_items": (
            "order_item_id, vendor_id, quantity, unit_price, status, _rejected, _repairs",
            order_items(sales, shops),
        ),
        "users": ("user_id, full_name, _rejected, _repairs", one_per_buyer(sales, buyers, latest=True)),
        "vendors": (
            "vendor_id, vendor_name, _rejected, _repairs",
            one_per_buyer(sales, beyond_one, latest=False),
        ),
    }
    for entity, (columns, (rows, counts)) in expected.items():
        found = lab.rows(f"select {columns}, _batch, _sequence from stg_{entity}")
        assert Counter(found) == Counter(rows), entity
        assert accounts[entity, "shop", 1] == counts, entity
    landed, *buckets, _ = accounts["tags", "shop", 1]
    assert landed == sum(buckets) == shops.landed


SALE = {column: cells[0] for column, cells in CELLS.items() if column in TABLES["sales"]}
GONE_AND_BACK = [
    Change("snapshot", SALE),
    Change("delete", {"shop": "a", "number": 1}, 2),
    Change("upsert", SALE | {"note": None, "price": None}, 2, ("note", "price")),
]


@settings(max_examples=40, derandomize=True)
@example(sales=GONE_AND_BACK, shops=[])
@given(sales=history("sales"), shops=history("shops"))
def test_staging_equals_a_fold_in_python(sales: list[Change], shops: list[Change]) -> None:
    hold(sales, shops)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "80")))
@given(sales=history("sales"), shops=history("shops"))
def test_staging_equals_a_fold_in_python_in_many_ways(sales: list[Change], shops: list[Change]) -> None:
    hold(sales, shops)
