"""What the names of a question mean to the oracle: the atoms of a metric, and where a dimension is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from amalimart.core.calendar import Grain
from amalimart.semantic.question import Question
from tests.semantic.metric_meanings import (
    ALIASES,
    ATOMS,
    DAY_OF,
    DIMENSIONS,
    FORMULAS,
    GROWTHS,
    POINTERS,
    SPANS,
    Atom,
    Others,
)

Tables = dict[str, list[dict[str, Any]]]
Group = tuple[Any, ...]
GRAINS = {name: Grain(name) for name in ("day", "week", "month", "quarter", "year")}


@dataclass(frozen=True)
class Leaf:
    """An atom over a span of its own (or the days asked for), or over the period before that."""

    atom: str
    span: str | None = None
    back: bool = False


def atom_of(name: str) -> Atom:
    atom = ATOMS[name]
    day = DAY_OF[atom.table] if atom.day is None else atom.day
    return replace(atom, day=None if day == "never" else day)


def components(name: str) -> set[str]:
    """Every metric that a metric is made of, itself included."""
    return {name}.union(*(components(other) for other in _parts(name)))


def _parts(name: str) -> list[str]:
    used: list[str] = []

    def note(other: str) -> Fraction:
        used.append(other)
        return Fraction(len(used), 7)

    if name in FORMULAS:
        FORMULAS[name](Others(note))
    elif name in SPANS or name in GROWTHS:
        used.append(SPANS[name][0] if name in SPANS else GROWTHS[name])
    return used


def leaves(name: str, span: str | None = None, back: bool = False) -> set[Leaf]:
    if name in ATOMS:
        return {Leaf(name, span, back)}
    if name in SPANS:
        return leaves(SPANS[name][0], SPANS[name][1], back)
    if name in GROWTHS:
        return leaves(GROWTHS[name], span) | leaves(GROWTHS[name], span, back=True)
    return set().union(*(leaves(other, span, back) for other in _parts(name)))


def way(table: str, home: str) -> tuple[str, ...] | None:
    """The tables to step through from one to another, the fewest."""
    frontier: list[tuple[str, ...]] = [()]
    seen = {table}
    while frontier:
        following = []
        for path in frontier:
            here = path[-1] if path else table
            if here == home:
                return path
            following += [(*path, other) for other in POINTERS[here] if other not in seen]
        seen |= {path[-1] for path in following}
        frontier = following
    return None


def place(table: str, dimension: str) -> tuple[tuple[str, ...], str] | None:
    """Where a dimension is read from a table: the tables to step through, and the column."""
    found = []
    for order, (home, column) in enumerate(DIMENSIONS[dimension][1]):
        path = way(table, home)
        if path is not None:
            found.append((len(path), order, path, column))
    return min(found)[2:] if found else None


def reaches(leaf: Leaf, dimension: str) -> bool:
    atom = atom_of(leaf.atom)
    if dimension in atom.same:
        return True
    if DIMENSIONS[dimension][0] == "months" and (atom.day is None or DAY_OF[atom.table] is None):
        return False  # counted to the day of a fact, and there is none
    return place(atom.table, dimension) is not None


def dimension_of(name: str) -> tuple[str, bool]:
    """The dimension that a name of a question means, and whether it means the bare key."""
    return (name, False) if name in DIMENSIONS else (name.removesuffix("_id"), True)


def grouping(question: Question) -> tuple[tuple[str, ...], Grain | None]:
    """The grouping asked for, else the one that a name carries in itself."""
    if not question.by and question.grain is None:
        for name in question.metrics:
            _, by, grain = ALIASES.get(name, ("", (), None))
            if by or grain:
                return by, GRAINS[grain] if grain else None
    return question.by, question.grain


def has_time(name: str) -> bool:
    return all(atom_of(leaf.atom).day is not None for leaf in leaves(name))
