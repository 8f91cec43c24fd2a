"""A change set has a row for every row that came or went, rows that are alike included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import pytest

from amalimart.core.names import TableRef
from amalimart.warehouse.incremental.change_sets import keep_changes
from amalimart.warehouse.incremental.recipe import changes_of

TABLE = TableRef("gold", "things")
Row = tuple[int | None, str | None]


def rows(values: Sequence[Row]) -> str:
    """A query of these rows; it ends in a comment as a written model may."""
    told = [f"({'null' if n is None else n}, {'null' if t is None else repr(t)})" for n, t in values]
    listed = f"values {', '.join(told)}"
    return f"select n::integer as n, t::varchar as t from ({listed}) as given (n, t) -- all"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([(1, "a"), (2, None)], [(1, "a"), (2, None)]),
        ([(1, "a"), (2, None)], [(2, "b"), (None, None)]),
        ([(1, "a")] * 3, [(1, "a")]),
        ([(1, "a")], [(1, "a")] * 4 + [(None, "b")] * 2),
        ([(1, "a")] * 2 + [(2, "b")], [(3, None)] * 2),
    ],
    ids=["same", "singly", "fewer alike", "more alike", "both"],
)
def test_the_difference_of_two_multisets(before: list[Row], after: list[Row]) -> None:
    came, went = Counter(after) - Counter(before), Counter(before) - Counter(after)
    with duckdb.connect() as engine:
        found = keep_changes(engine, TABLE, rows(before), rows(after))
        kept = engine.execute(f"select n, t, _sign from {changes_of(TABLE)}").fetchall()
    assert Counter(kept) == Counter({(*row, 1): times for row, times in came.items()}) + Counter(
        {(*row, -1): times for row, times in went.items()}
    )
    assert found == came.total() + went.total()
