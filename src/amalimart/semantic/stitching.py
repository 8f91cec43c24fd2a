"""Legs to one relation, named s: their union, regrouped, so that no row of one meets a row of another.

A missing key is a group like any other. With `fill`, every bucket of the days gets a row. A leg that is the
same for all values of a group is joined to the rows of that group afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amalimart.semantic.leg_days import one
from amalimart.semantic.parameters import DaySlot, ParameterBook
from amalimart.semantic.periods import Reading
from amalimart.semantic.request import Request
from amalimart.semantic.sql.ctes import Ctes
from amalimart.semantic.sql.expressions import (
    NULL,
    TRUE,
    Sql,
    aggregate,
    all_of,
    call,
    cast,
    column,
    comparison,
    named,
)
from amalimart.semantic.sql.select import Select, union


@dataclass(frozen=True, slots=True)
class StitchedLeg:
    """One leg: the dimensions that it ignores, its query, its groups, and its other columns."""

    ignores: tuple[str, ...]
    query: Select
    groups: list[str]
    columns: list[str]


def shared_alias(number: int) -> str:
    """The name by which the leg of this number is read where it is the same for all values of a group."""
    return f"b{number}"


class Stitcher:
    """Gives one statement its source. Its CTEs carry `prefix`, because a statement may hold several."""

    def __init__(self, request: Request, book: ParameterBook, ctes: Ctes, prefix: str) -> None:
        self._request = request
        self._book = book
        self._ctes = ctes
        self._prefix = prefix
        self._groups = request.keys

    def stitch(self, select: Select, legs: Sequence[StitchedLeg]) -> Select:
        """The statement over the legs; its columns are read from s, those of a shared leg from its alias."""
        names = [self._name(f"leg_{number}") for number in range(len(legs))]
        for name, leg in zip(names, legs, strict=True):
            self._ctes.add(name, leg.query.sql)
        own = [number for number, leg in enumerate(legs) if leg.groups == self._groups]
        if len(own) == 1 and not self._request.shape.fill:
            select = select.read(self._ctes.table(names[own[0]], "s"))
        else:
            select = self._united(select, [(names[number], legs[number].columns) for number in own])
        for number, leg in enumerate(legs):
            if number not in own:
                select = self._shared(select, names[number], shared_alias(number), leg.groups)
        return select

    def _name(self, cte: str) -> str:
        return self._prefix + cte

    def _united(self, select: Select, legs: list[tuple[str, list[str]]]) -> Select:
        columns = [name for _, owned in legs for name in owned]
        facts, stitched = self._name("facts"), self._name("stitched")
        self._ctes.add(facts, union([self._part(leg, set(owned), columns) for leg, owned in legs]))
        source = self._densified(columns) if self._request.shape.fill else facts
        groups = [column(name) for name in self._groups]
        values = [named(aggregate("MAX", column(name)), name) for name in columns]
        regrouped = Select([*groups, *values]).read(self._ctes.table(source))
        self._ctes.add(stitched, regrouped.group_by_first(len(groups)).sql)
        return select.read(self._ctes.table(stitched, "s"))

    def _part(self, leg: str, owned: set[str], columns: list[str]) -> Select:
        groups = [column(name) for name in self._groups]
        values = [column(name) if name in owned else named(NULL, name) for name in columns]
        return Select([*groups, *values]).read(self._ctes.table(leg))

    def _shared(self, select: Select, leg: str, alias: str, groups: list[str]) -> Select:
        matches = [
            comparison(column(name, alias), "IS NOT DISTINCT FROM", column(name, "s")) for name in groups
        ]
        return select.left_join(self._ctes.table(leg, alias), all_of(matches) if matches else TRUE)

    def _densified(self, columns: list[str]) -> str:
        """The facts, with a row without values for every bucket and each combination of the other groups."""
        grain, facts = self._request.grain, self._name("facts")
        if grain is None:
            raise AssertionError("the resolver refuses fill without a grain")
        at = f"g{self._request.groups.index(grain)}"
        series = call("UNNEST", call("GENERATE_SERIES", *self._fill_bounds(at), one(grain)))
        self._ctes.add(self._name("buckets"), Select([named(cast(series, "DATE"), at)]).sql)
        others = [name for name in self._groups if name != at]
        values = [named(NULL, name) for name in columns]
        groups = [column(name, "b" if name == at else "o") for name in self._groups]
        dense = Select([*groups, *values]).read(self._ctes.table(self._name("buckets"), "b"))
        if others:
            distinct = Select([column(name) for name in others], is_distinct=True)
            dense.cross_join(named(distinct.read(self._ctes.table(facts)).subquery, "o"))
        known = Select([column(name) for name in (*self._groups, *columns)]).read(self._ctes.table(facts))
        self._ctes.add(self._name("all"), union([known, dense]))
        return self._name("all")

    def _fill_bounds(self, at: str) -> tuple[Sql, Sql]:
        """The asked days; without days, from the first to the last bucket that has a row."""
        if self._request.shape.has_days:
            first = self._book.placeholder(DaySlot(Reading(None), "first", grain=self._request.grain))
            last = self._book.placeholder(DaySlot(Reading(None), "last"))
        else:
            facts = self._ctes.table(self._name("facts"))
            first = Select([aggregate("MIN", column(at))]).read(facts).subquery
            last = Select([aggregate("MAX", column(at))]).read(facts).subquery
        return cast(first, "DATE"), cast(last, "DATE")
