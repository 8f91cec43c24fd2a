"""Legs to one relation, named s: their union, regrouped, so that no row of one meets a row of another.

A missing key is a group like any other. With `fill`, every bucket of the days gets a row. A leg that is the
same for all values of a group is joined to the rows of that group afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from amalimart.core.calendar import Grain
from amalimart.semantic import nodes
from amalimart.semantic.ctes import Ctes
from amalimart.semantic.leg_days import one
from amalimart.semantic.nodes import identifier, named, to_date
from amalimart.semantic.parameters import DaySlot, ParameterBook
from amalimart.semantic.periods import Reading
from amalimart.semantic.request import Request


@dataclass(frozen=True, slots=True)
class StitchedLeg:
    """One leg: the dimensions that it ignores, its query, its groups, and its other columns."""

    ignores: tuple[str, ...]
    query: exp.Select
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

    def stitch(self, select: exp.Select, legs: Sequence[StitchedLeg]) -> exp.Select:
        """The statement over the legs; its columns are read from s, those of a shared leg from its alias."""
        names = [self._name(f"leg_{number}") for number in range(len(legs))]
        for name, leg in zip(names, legs, strict=True):
            self._ctes.add(name, leg.query)
        own = [number for number, leg in enumerate(legs) if leg.groups == self._groups]
        if len(own) == 1 and not self._request.shape.fill:
            select = select.from_(self._ctes.table(names[own[0]], "s"), copy=False)
        else:
            select = self._united(select, [(names[number], legs[number].columns) for number in own])
        for number, leg in enumerate(legs):
            if number not in own:
                select = self._shared(select, names[number], shared_alias(number), leg.groups)
        return select

    def _name(self, cte: str) -> str:
        return self._prefix + cte

    def _united(self, select: exp.Select, legs: list[tuple[str, list[str]]]) -> exp.Select:
        columns = [name for _, owned in legs for name in owned]
        facts, stitched = self._name("facts"), self._name("stitched")
        self._ctes.add(facts, union([self._part(leg, set(owned), columns) for leg, owned in legs]))
        source = self._densified(columns) if self._request.shape.fill else facts
        regrouped = exp.Select(
            expressions=[
                *(nodes.column(name) for name in self._groups),
                *(named(exp.Max(this=nodes.column(name)), name) for name in columns),
            ]
        ).from_(self._ctes.table(source), copy=False)
        if self._groups:
            positions = (exp.Literal.number(position + 1) for position in range(len(self._groups)))
            regrouped = regrouped.group_by(*positions, copy=False)
        self._ctes.add(stitched, regrouped)
        return select.from_(self._ctes.table(stitched, "s"), copy=False)

    def _part(self, leg: str, owned: set[str], columns: list[str]) -> exp.Select:
        values: list[exp.Expr] = [
            nodes.column(name) if name in owned else named(exp.null(), name) for name in columns
        ]
        return exp.Select(expressions=[*(nodes.column(name) for name in self._groups), *values]).from_(
            self._ctes.table(leg), copy=False
        )

    def _shared(self, select: exp.Select, leg: str, alias: str, groups: list[str]) -> exp.Select:
        matches = [
            exp.NullSafeEQ(
                this=nodes.column(name, alias),
                expression=nodes.column(name, "s"),
            )
            for name in groups
        ]
        on = exp.and_(*matches, copy=False) if matches else exp.true()
        return nodes.left_join(select, self._ctes.table(leg, alias), on)

    def _densified(self, columns: list[str]) -> str:
        """The facts, with a row without values for every bucket and each combination of the other groups."""
        grain, facts = self._request.grain, self._name("facts")
        if grain is None:
            raise AssertionError("the resolver refuses fill without a grain")
        at = f"g{self._request.groups.index(grain)}"
        series = exp.Explode(this=exp.GenerateSeries(**self._fill_bounds(at, grain)))
        buckets = exp.Select(expressions=[named(to_date(series), at)])
        self._ctes.add(self._name("buckets"), buckets)
        others = [name for name in self._groups if name != at]
        values = [named(exp.null(), name) for name in columns]
        groups = [nodes.column(name, "b" if name == at else "o") for name in self._groups]
        dense = exp.Select(expressions=[*groups, *values]).from_(
            self._ctes.table(self._name("buckets"), "b"), copy=False
        )
        if others:
            distinct = exp.Select(
                expressions=[nodes.column(name) for name in others], distinct=exp.Distinct()
            ).from_(self._ctes.table(facts), copy=False)
            combinations = exp.Subquery(this=distinct, alias=exp.TableAlias(this=identifier("o")))
            dense = dense.join(combinations, join_type="cross", copy=False)
        known = exp.Select(expressions=[nodes.column(name) for name in (*self._groups, *columns)]).from_(
            self._ctes.table(facts), copy=False
        )
        self._ctes.add(self._name("all"), union([known, dense]))
        return self._name("all")

    def _fill_bounds(self, at: str, grain: Grain) -> dict[str, exp.Expr]:
        """The asked days; without days, from the first to the last bucket that has a row."""
        if self._request.shape.has_days:
            first: exp.Expr = self._book.placeholder(DaySlot(Reading(None), "first", grain=grain))
            last: exp.Expr = self._book.placeholder(DaySlot(Reading(None), "last"))
        else:
            first, last = (
                exp.Subquery(
                    this=exp.Select(expressions=[end(this=nodes.column(at))]).from_(
                        self._ctes.table(self._name("facts")), copy=False
                    )
                )
                for end in (exp.Min, exp.Max)
            )
        return {"start": to_date(first), "end": to_date(last), "step": one(grain)}


def union(parts: list[exp.Select]) -> exp.Query:
    """The rows of all of them, none left out."""
    whole: exp.Query = parts[0]
    for part in parts[1:]:
        whole = exp.Union(this=whole, expression=part, distinct=False)
    return whole
