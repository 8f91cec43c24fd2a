"""From a table of the shop to rows of the lake: a snapshot, then what happens to the table afterwards."""

from __future__ import annotations

from amalimart.lake import Operation
from tests.sources.mysql.conftest import Copy


def test_a_snapshot_and_the_changes_after_it_are_the_table(categories: Copy) -> None:
    categories.snapshot()
    assert categories.values("categories") == [
        {"id": 1, "name": "Shoes", "parent": None},
        {"id": 2, "name": "Bags", "parent": 1},
    ]
    categories.database.run(
        "insert into categories values (3, 'Hats', 'tok-3', 2, null)",
        "update categories set name = 'Boots', token = 'tok-4' where id = 1",
        "delete from categories where id = 2",
    )
    changes = categories.catch_up()
    assert [change.operation for change in changes] == [Operation.UPSERT, Operation.UPSERT, Operation.DELETE]
    assert categories.values("categories") == [
        {"id": 1, "name": "Boots", "parent": None},
        {"id": 3, "name": "Hats", "parent": 2},
    ]
