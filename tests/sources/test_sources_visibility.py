"""The floor of a poll, against a model of PostgreSQL's transaction numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.errors import DamagedLake
from amalimart.sources.postgres.position import PostgresPosition, TablePlace
from amalimart.sources.postgres.visibility import (
    SLACK,
    Activity,
    Snapshot,
    floor,
    floor_condition,
    horizon,
    horizon_condition,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Numbers:
    """Transactions with subtransactions, numbered as PostgreSQL does."""

    def __init__(self) -> None:
        self.next = 3
        self.open: dict[int, list[int]] = {}
        self.committed: set[int] = set()

    def begin(self) -> None:
        self.open[self.next] = [self.next]
        self.next += 1

    def nest(self, parent: int) -> None:
        self.open[parent].append(self.next)
        self.next += 1

    def end(self, parent: int, *, commit: bool) -> None:
        numbers = self.open.pop(parent)
        self.committed |= set(numbers) if commit else set()

    def snapshot(self) -> tuple[Snapshot, frozenset[int]]:
        return Snapshot(min(self.open, default=self.next), self.next, tuple(sorted(self.open))), frozenset(
            self.committed
        )


@given(
    st.lists(
        st.tuples(st.sampled_from(["begin", "nest", "commit", "abort", "poll"]), st.integers(0, 5)),
        max_size=60,
    )
)
def test_every_newly_visible_number_is_at_or_above_the_floor(steps: list[tuple[str, int]]) -> None:
    numbers = Numbers()
    before, seen = numbers.snapshot()
    for action, pick in [*steps, ("poll", 0)]:
        parents = sorted(numbers.open)
        parent = parents[pick % len(parents)] if parents else None
        if action == "begin":
            numbers.begin()
        elif action == "poll":
            now, visible = numbers.snapshot()
            assert all(number >= floor(before, now) for number in visible - seen)
            assert all(number >= before.of_standby().xmax for number in visible - seen)
            assert floor(before, now) <= before.xmax
            before, seen = now, visible
        elif parent is not None and action == "nest":
            numbers.nest(parent)
        elif parent is not None:
            numbers.end(parent, commit=action == "commit")


def test_what_still_runs_does_not_lower_the_floor() -> None:
    before = Snapshot.parse("10:20:10,15")
    assert floor(before, Snapshot.parse("10:30:10,15")) == 20
    assert floor(before, Snapshot.parse("10:30:10,25")) == 15
    assert floor(before, Snapshot.parse("30:30:")) == 10
    assert floor(before.of_standby(), Snapshot.parse("10:30:10,15")) == 10


@pytest.mark.parametrize("text", ["10:20:10,15", "7:7:", "4294967300:4294967301:4294967300"])
def test_a_snapshot_keeps_its_text_form(text: str) -> None:
    assert str(Snapshot.parse(text)) == text


def test_numbers_beyond_32_bits_are_folded_and_old_ones_not_compared() -> None:
    now = Snapshot(2**33 + 100, 2**33 + 100, ())
    assert floor_condition(2**33 + 7, now) == "age(source_table.xmin) <= age('7'::xid)"
    assert floor_condition(2**33 + 100 - 2**31, now) is None, "the whole table is read"


def test_the_horizon_waits_for_the_oldest_transaction() -> None:
    started = NOON - timedelta(hours=1)
    assert horizon(Activity(NOON, None, known=True, prepared=False), None) == NOON - SLACK
    assert horizon(Activity(NOON, started, known=True, prepared=False), None) == started - SLACK
    assert horizon(Activity(NOON, None, known=False, prepared=False), started) is None
    assert horizon(Activity(NOON, None, known=True, prepared=True), started) == started
    assert horizon(Activity(NOON, None, known=True, prepared=True), None) is None


def test_the_bound_is_in_the_column_s_own_terms() -> None:
    with_zone = horizon_condition('"u"', "timestamptz", NOON, "Africa/Accra")
    assert with_zone == """("u" >= timestamptz '2026-01-01T12:00:00+00:00' or "u" is null)"""
    naive = horizon_condition('"u"', "timestamp", NOON, "Africa/Accra")
    assert naive is not None
    assert "2026-01-01T10:00:00+00:00' at time zone 'Africa/Accra'" in naive
    assert horizon_condition('"u"', "int8", NOON, "Africa/Accra") is None


def test_a_position_survives_json_and_refuses_nonsense() -> None:
    place = TablePlace(Snapshot.parse("10:20:10"), NOON)
    position = PostgresPosition("c/1/5", {"orders": place, "tags": TablePlace(place.snapshot, None)})
    assert PostgresPosition.of(position.as_json({})) == position
    assert PostgresPosition.of({"kind": "files", "sha256": {}}) is None
    for broken in ({"kind": "postgres"}, {"kind": "postgres", "cluster": "c", "tables": {"t": ["x", None]}}):
        with pytest.raises(DamagedLake):
            PostgresPosition.of(broken)
