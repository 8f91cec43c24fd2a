"""Rows that several parts look for in the same relation by the same columns are looked for once.

All orders of the customers that a batch touches are needed by five models: each reading would go through
that column of the whole table. What one of them has found, the next takes from a temporary table; only
keys that nobody has asked for yet are looked for again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

import duckdb

from amalimart.core.names import quoted
from amalimart.warehouse.incremental.change_sets import filled
from amalimart.warehouse.incremental.recipe import Lookup, Part

_ENOUGH = 3
"""Keeping what was found takes statements of its own; so many parts have to look for the same."""
_GUESSED = 5_000


def sharing(parts: Iterable[Part]) -> Callable[[Part], Part]:
    """What tells each of these parts whether, and what, it shares with others of them."""
    alike: dict[tuple[str, tuple[str, ...]], list[Lookup]] = defaultdict(list)
    for part in parts:
        if part.lookup is not None:
            alike[_sort(part.lookup)].append(part.lookup)

    def told(part: Part) -> Part:
        if part.lookup is None:
            return part
        others = alike[_sort(part.lookup)]
        if len(others) < _ENOUGH:
            return replace(part, lookup=None)
        takes_all = any(not other.columns for other in others)
        needed = {column for other in others for column in (*other.columns, *_own(other))}
        return replace(part, lookup=replace(part.lookup, shared=() if takes_all else tuple(sorted(needed))))

    return told


class Parts:
    """The parts that are kept in one transaction, on its connection."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._begun: set[str] = set()

    def keep(self, part: Part, *, is_told: bool) -> int:
        """Keep the rows of a parent that are needed, and count them; `is_told`: its change set is known."""
        if part.lookup is not None:
            return self._take(part.name, part.lookup, is_told=is_told)
        return filled(self._cursor, part.name, part.told if is_told and part.told else part.sql)

    def _take(self, name: str, lookup: Lookup, *, is_told: bool) -> int:
        """The rows out of those that were found so far, after what is missing was looked for."""
        by = ", ".join(_own(lookup))
        found = f"temp.{quoted(f'rows of {lookup.table} by {by}')}"
        asked = f"temp.{quoted(f'asked of {lookup.table} by {by}')}"
        renamed = ", ".join(f"{quoted(key)} as {quoted(own)}" for own, key in lookup.by)
        keys = f"select distinct {renamed} from ({lookup.keys})"
        using = ", ".join(map(quoted, _own(lookup)))
        missing = f"select * from ({keys}) as k anti join {asked} using ({using})"
        looked_for = f"select {_listed(lookup.shared or ())} from {lookup.table} as r semi join"
        if found in self._begun:
            self._cursor.execute(f"insert into {found} {looked_for} ({missing}) as m using ({using})")
            self._cursor.execute(f"insert into {asked} {missing}")
        else:
            self._begun.add(found)
            # Others will ask for what has changed: to look for it now saves another way through the table.
            guessed = f" union (select distinct {using} from {lookup.changes} limit {_GUESSED})"
            filled(self._cursor, asked, keys + (guessed if is_told else ""))
            filled(self._cursor, found, f"{looked_for} {asked} using ({using})")
        rows = f"select {_listed(lookup.columns)} from {found} as r semi join ({keys}) as k using ({using})"
        return filled(self._cursor, name, rows)


def _sort(lookup: Lookup) -> tuple[str, tuple[str, ...]]:
    return lookup.table, _own(lookup)


def _own(lookup: Lookup) -> tuple[str, ...]:
    return tuple(own for own, _ in lookup.by)


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f"r.{quoted(column)}" for column in columns) or "r.*"
