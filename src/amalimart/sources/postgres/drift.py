"""What a table's new shape means for what is landed of it: follow, take up anew, or stop. Pure.

| change                                         | what follows                                        |
|------------------------------------------------|-----------------------------------------------------|
| a column is added that the mapping lacks       | nothing: it is not landed                           |
| a column appears that the mapping may use      | the table is stale: old rows' defaults make no log  |
| a column is widened without changing a value   | the stream goes on with the new type                |
| a column goes that the mapping can do without  | null from then on                                   |
| a needed column goes or is renamed             | the table stops                                     |
| any other change of type                       | the table stops                                     |
| the replica identity no longer holds the key   | the table stops                                     |
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from amalimart.core.names import nearest
from amalimart.sources.postgres.relations import SourceColumn

_TYPE = re.compile(r"(?P<name>[^()]+?)\s*(?:\((?P<sizes>[0-9, -]+)\))?(?P<rest>[^()]*)")
_INTEGERS = {"smallint": 5, "integer": 10, "bigint": 19}
_MOST_DIGITS = 38
_UNBOUNDED = {"character varying", "text"}
_TEXTS = {"character varying", "text", "character", "enum"}
_SIZED = {
    "character varying",
    "character",
    "bit varying",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the mapping asks of one table.

    columns   that it lands, in order
    optional  those it can do without
    key       what tells one row from another
    """

    columns: Sequence[str]
    optional: Collection[str]
    key: Sequence[str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do.

    columns  to be landed from here on
    types    landed column -> the source's type
    stale    whether a snapshot is needed
    stopped  why the table stops; None if it goes on
    """

    columns: Sequence[SourceColumn]
    types: Mapping[str, str]
    stale: bool = False
    stopped: str | None = None


def judge(
    wanted: Wanted,
    known: Mapping[str, str],
    columns: Sequence[SourceColumn],
    identity: Collection[str],
) -> Judgement:
    """Hold the columns that arrive, and those that tell a deleted row, against what was landed so far."""
    present = {column.name: column for column in columns}
    kept, stale = [], False
    for name in wanted.columns:
        before, now = known.get(name), present.get(name)
        if before is None:
            stale = stale or now is not None
        elif now is not None:
            if not widens(before, now.type):
                return _stop(f"column {name!r} was {before} and is now {now.type}")
            kept.append(now)
        elif name not in wanted.optional:
            alike = nearest(name, set(present) - set(wanted.columns))
            hint = f"; there is {alike!r}" if alike else ""
            return _stop(f"column {name!r} was dropped or renamed{hint}")
    if missing := [name for name in wanted.key if name not in identity]:
        return _stop(f"the replica identity does not hold the key column {missing[0]!r}")
    return Judgement(kept, {column.name: column.type for column in kept}, stale)


def widens(before: str, now: str) -> bool:
    """Whether every value of one type is the same value in the other, and lands the same way."""
    if before == now:
        return True
    old, old_sizes = _parts(before)
    new, new_sizes = _parts(now)
    if old == new == "numeric":
        return _numeric_widens(old_sizes, new_sizes)
    if old == new:
        return old in _SIZED and bool(old_sizes) and (not new_sizes or new_sizes[0] >= old_sizes[0])
    if old in _INTEGERS and new == "numeric":
        return _holds(new_sizes, _INTEGERS[old])
    if old in _INTEGERS and new in _INTEGERS:
        return _INTEGERS[new] > _INTEGERS[old]
    floats = (old, new) == ("real", "double precision")
    return floats or (old in _TEXTS and new in _UNBOUNDED and not new_sizes)


def _parts(shown: str) -> tuple[str, tuple[int, ...]]:
    found = _TYPE.fullmatch(shown)
    if found is None:
        return shown, ()
    sizes = tuple(int(size) for size in found["sizes"].split(",")) if found["sizes"] else ()
    return f"{found['name']}{found['rest']}", sizes


def _numeric_widens(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    # Beyond 38 digits, and without any bound, a numeric lands as text.
    if len(old) != 2 or len(new) != 2:
        return False
    return old[1] == new[1] and new[0] >= old[0] and (new[0] <= _MOST_DIGITS or old[0] > _MOST_DIGITS)


def _holds(numeric: tuple[int, ...], digits: int) -> bool:
    return len(numeric) == 2 and numeric[0] <= _MOST_DIGITS and numeric[0] - numeric[1] >= digits


def _stop(why: str) -> Judgement:
    return Judgement((), {}, stopped=why)
