"""The generated rows themselves, before any database: repeatable, exact in number, of the right shape."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from functools import cache

import numpy as np
import pytest

from amalimart.demo.copy_binary import encoded
from amalimart.demo.generator import marketplace as marketplace_room
from amalimart.demo.generator.dirt import DEFECTS
from amalimart.demo.generator.marketplace import Marketplace
from amalimart.demo.generator.rows import DAY, NONE, Kind, scrambled
from amalimart.demo.generator.scenario import Scenario
from amalimart.demo.generator.seasons import orders_per_day

TODAY = date(2025, 6, 16)


def _digests(scenario: Scenario) -> dict[str, str]:
    hashes: dict[str, hashlib._Hash] = {}
    for rows in Marketplace(scenario).tables():
        digest = hashes.setdefault(rows.table, hashlib.sha256())
        for block in encoded(rows):
            digest.update(block)
    return {table: digest.hexdigest() for table, digest in hashes.items()}


@cache
def _days(orders: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return orders_per_day(Scenario(orders, seed, TODAY))


def test_the_same_seed_gives_the_same_bytes_in_every_table() -> None:
    assert _digests(Scenario(600, 5, TODAY)) == _digests(Scenario(600, 5, TODAY))


def test_another_seed_gives_other_people_goods_and_orders() -> None:
    one, other = _digests(Scenario(600, 5, TODAY)), _digests(Scenario(600, 6, TODAY))
    assert one.keys() == other.keys()
    assert all(
        one[table] != other[table] for table in ("users", "products", "orders", "payments", "web_visits")
    )
    assert one["countries"] == other["countries"]


@pytest.mark.parametrize("orders", [50, 777, 20_000])
def test_the_days_share_out_exactly_the_orders_asked_for(orders: int) -> None:
    assert _days(orders, 3).sum() == orders
    assert _days(orders, 3).min() >= 0


def test_fewer_than_fifty_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 50"):
        Scenario(49, 1, TODAY)


def test_chunks_of_time_do_not_change_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marketplace_room, "CHUNK_ORDERS", 150)
    ids: dict[str, list[int]] = {}
    parts: Counter[str] = Counter()
    for rows in Marketplace(Scenario(900, 5, TODAY)).tables():
        first = next(iter(rows.columns.values()))
        ids.setdefault(rows.table, []).extend(first.values.tolist())
        parts[rows.table] += 1
    assert parts["orders"] >= 5
    assert ids["orders"] == list(range(1, 901))
    assert all(len(set(found)) == len(found) for found in ids.values())


def test_nothing_that_is_told_lies_after_the_history_ends() -> None:
    scenario = Scenario(800, 5, TODAY)
    promises_and_plans = {"promised_at"}
    for rows in Marketplace(scenario).tables():
        for name, column in rows.columns.items():
            if column.kind is Kind.INSTANT and name not in promises_and_plans:
                known = column.values[column.values != NONE]
                assert known.size == 0 or known.max() < scenario.end, f"{rows.table}.{name}"


def test_demand_grows_and_follows_weekday_and_campaigns() -> None:
    days = _days(60_000, 3)
    scenario = Scenario(60_000, 3, TODAY)
    weekday = (np.arange(730) + scenario.first_day + 3) % 7
    assert days[365:].sum() > 1.25 * days[:365].sum()
    assert days[weekday == 5].mean() > 1.2 * days[weekday == 6].mean()
    black = slice(
        _offset(scenario, date(2024, 11, 20)),
        _offset(scenario, date(2024, 12, 1)),
    )
    before = slice(_offset(scenario, date(2024, 11, 2)), _offset(scenario, date(2024, 11, 19)))
    assert days[black].mean() > 1.5 * days[before].mean()


def _offset(scenario: Scenario, day: date) -> int:
    return (day - date(1970, 1, 1)).days - scenario.first_day


def test_every_defect_is_described_and_belongs_to_a_table_that_is_generated() -> None:
    marketplace = Marketplace(Scenario(600, 5, TODAY))
    tables = {rows.table for rows in marketplace.tables()}
    assert {defect.table for defect in DEFECTS.values()} <= tables
    assert all(len(defect.description) > 15 for defect in DEFECTS.values())
    assert marketplace.dirt.keys() == DEFECTS.keys()


def test_pseudonyms_are_one_to_one() -> None:
    assert len(set(scrambled("v", np.arange(100_000), 7).tolist())) == 100_000


def test_expected_rows_are_near_enough_for_a_progress_bar() -> None:
    marketplace = Marketplace(Scenario(5_000, 5, TODAY))
    rows = sum(len(part) for part in marketplace.tables())
    assert abs(rows - marketplace.expected_rows) < 0.15 * rows


def test_a_day_is_a_day() -> None:
    assert Scenario(100, 1, TODAY).end - Scenario(100, 1, TODAY).start == 730 * DAY
