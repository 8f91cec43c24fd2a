"""The progress of a snapshot: rows, speed, and how long it will still take."""

from __future__ import annotations

import io
import re

from amalimart.observe.progress import step
from amalimart.orchestrate.sources.opening import rows_in
from amalimart.sources.port import TableProgress, rows_left


def test_rows_of_later_tables_are_known_only_where_each_is() -> None:
    assert list(rows_left([5, 7, 9])) == [16, 9, 0]
    assert list(rows_left([5, None, 9])) == [None, 9, 0]
    assert list(rows_left([])) == []


def test_the_line_tells_rows_speed_and_time_left() -> None:
    screen = io.StringIO()
    with step("snapshot", screen) as shown:
        note = rows_in(shown)
        note(TableProgress("users", 1, 2, rows=500, estimate=1000, left=4000, seconds=2.0, done=False))
    line = screen.getvalue().splitlines()[0]
    assert "500 of 5,000 · users (1 of 2 tables) · 250 rows/s" in line
    assert re.search(r"\d+ s left", line)


def test_another_listener_hears_of_rows_without_the_words() -> None:
    heard: list[tuple[int, int, str]] = []
    with step("snapshot", io.StringIO()) as shown:
        note = rows_in(shown, lambda *told: heard.append(told))
        note(TableProgress("users", 1, 2, rows=500, estimate=1000, left=4000, seconds=2.0, done=False))
        note(TableProgress("orders", 2, 2, rows=7, estimate=None, left=0, seconds=1.0, done=False))
    assert heard == [(500, 5_000, "users"), (507, 0, "orders")]


def test_values_that_became_null_are_told_once_a_table_is_done() -> None:
    screen = io.StringIO()
    with step("snapshot", screen) as shown:
        note = rows_in(shown)
        for done in (False, True):
            note(
                TableProgress(
                    "users", 1, 1, rows=5, estimate=None, left=0, seconds=1.0, done=done, replaced={"born": 2}
                )
            )
    assert screen.getvalue().count("users.born: 2 values without an exact form became null") == 1
