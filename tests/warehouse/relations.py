"""What stands in a hot file, in a form that two files can be compared by."""

from __future__ import annotations

from collections import Counter

from amalimart.warehouse.file.hot_file import HotFile

Contents = dict[str, Counter[tuple[object, ...]]]


def contents(hot_file: HotFile, *, with_views: bool = True) -> Contents:
    """Every relation of the layers as a multiset of its rows."""
    tables = "" if with_views else " and table_type <> 'VIEW'"
    with hot_file.read() as transaction:
        names = transaction.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            f" where table_schema in ('staging', 'silver', 'gold'){tables} order by 1"
        ).rows
        return {
            name: Counter(map(_countable, transaction.rows(f"select * from {name}").rows))
            for (name,) in names
        }


def _countable(row: tuple[object, ...]) -> tuple[object, ...]:
    """A row that can be counted: the columns that a change did not tell are a list."""
    return tuple(tuple(value) if isinstance(value, list) else value for value in row)
