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
from amalimart.semantic.guard import CTE_PREFIX
from amalimart.semantic.nodes import identifier, named, to_date
from amalimart.semantic.parameters import DaySlot, ParameterBook
from amalimart.semantic.request import Request

_FACTS, _ALL, _STITCHED, _BUCKETS = (
    f"{CTE_PREFIX}{name}" for name in ("facts", "all", "stitched", "buckets")
)


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


def with_cte(select: exp.Select, name: str, query: exp.Query) -> exp.Select:
    """The statement with one more CTE."""
    return select.with_(identifier(name), as_=query, copy=False)


class Stitcher:
    """Gives one statement its CTEs and its source."""

    def __init__(self, request: Request, book: ParameterBook) -> None:
        self._request = request
        self._book = book
        self._groups = [f"g{position}" for position in range(len(request.groups))]

    def stitch(self, select: exp.Select, legs: Sequence[StitchedLeg]) -> exp.Select:
        """The statement over the legs; its columns are read from s, those of a shared leg from its alias."""
        names = [f"{CTE_PREFIX}leg_{number}" for number in range(len(legs))]
        for name, leg in zip(names, legs, strict=True):
            select = with_cte(select, name, leg.query)
        own = [number for number, leg in enumerate(legs) if leg.groups == self._groups]
        if len(own) == 1 and not self._request.shape.fill:
            select = select.from_(_table(names[own[0]], "s"), copy=False)
        else:
            select = self._united(select, [(names[number], legs[number].columns) for number in own])
        for number, leg in enumerate(legs):
            if number not in own:
                select = self._shared(select, names[number], shared_alias(number), leg.groups)
        return select

    def _united(self, select: exp.Select, legs: list[tuple[str, list[str]]]) -> exp.Select:
        columns = [name for _, owned in legs for name in owned]
        select = with_cte(
            select, _FACTS, _union([self._part(leg, set(owned), columns) for leg, owned in legs])
        )
        source = _FACTS
        if self._request.shape.fill:
            select = self._densified(select, columns)
            source = _ALL
        regrouped = exp.Select(
            expressions=[
                *(nodes.column(name) for name in self._groups),
                *(named(exp.Max(this=nodes.column(name)), name) for name in columns),
            ]
        ).from_(_table(source), copy=False)
        if self._groups:
            positions = (exp.Literal.number(position + 1) for position in range(len(self._groups)))
            regrouped = regrouped.group_by(*positions, copy=False)
        select = with_cte(select, _STITCHED, regrouped)
        return select.from_(_table(_STITCHED, "s"), copy=False)

    def _part(self, leg: str, owned: set[str], columns: list[str]) -> exp.Select:
        values: list[exp.Expr] = [
            nodes.column(name) if name in owned else named(exp.null(), name) for name in columns
        ]
        return exp.Select(expressions=[*(nodes.column(name) for name in self._groups), *values]).from_(
            _table(leg), copy=False
        )

    @staticmethod
    def _shared(select: exp.Select, leg: str, alias: str, groups: list[str]) -> exp.Select:
        matches = [
            exp.NullSafeEQ(
                this=nodes.column(name, alias),
                expression=nodes.column(name, "s"),
            )
            for name in groups
        ]
        on = exp.and_(*matches, copy=False) if matches else exp.true()
        return select.join(_table(leg, alias), on=on, join_type="left", copy=False)

    def _densified(self, select: exp.Select, columns: list[str]) -> exp.Select:
        """Add a row without values for every bucket of the days, for each combination of the other groups."""
        grain = self._request.grain
        if grain is None:
            raise AssertionError("the resolver refuses fill without a grain")
        at = next(
            name for name, group in zip(self._groups, self._request.groups, strict=True) if group == grain
        )
        series = exp.Explode(this=exp.GenerateSeries(**self._fill_bounds(at, grain)))
        buckets = exp.Select(expressions=[named(to_date(series), at)])
        select = with_cte(select, _BUCKETS, buckets)
        others = [name for name in self._groups if name != at]
        values = [named(exp.null(), name) for name in columns]
        groups = [nodes.column(name, "b" if name == at else "o") for name in self._groups]
        dense = exp.Select(expressions=[*groups, *values]).from_(_table(_BUCKETS, "b"), copy=False)
        if others:
            distinct = exp.Select(
                expressions=[nodes.column(name) for name in others], distinct=exp.Distinct()
            ).from_(_table(_FACTS), copy=False)
            combinations = exp.Subquery(this=distinct, alias=exp.TableAlias(this=identifier("o")))
            dense = dense.join(combinations, join_type="cross", copy=False)
        facts = exp.Select(expressions=[nodes.column(name) for name in (*self._groups, *columns)]).from_(
            _table(_FACTS), copy=False
        )
        return with_cte(select, _ALL, _union([facts, dense]))

    def _fill_bounds(self, at: str, grain: Grain) -> dict[str, exp.Expr]:
        """The asked days; without days, from the first to the last bucket that has a row."""
        interval = exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this=grain.value.upper()))
        if self._request.shape.has_days:
            first: exp.Expr = self._book.placeholder(DaySlot(None, 0, "first", grain=grain))
            last: exp.Expr = self._book.placeholder(DaySlot(None, 0, "last"))
        else:
            first, last = (
                exp.Subquery(
                    this=exp.Select(expressions=[end(this=nodes.column(at))]).from_(
                        _table(_FACTS), copy=False
                    )
                )
                for end in (exp.Min, exp.Max)
            )
        return {"start": to_date(first), "end": to_date(last), "step": interval}


def _table(cte: str, alias: str | None = None) -> exp.Table:
    table = exp.Table(this=identifier(cte))
    if alias is not None:
        table.set("alias", exp.TableAlias(this=identifier(alias)))
    return table


def _union(parts: list[exp.Select]) -> exp.Query:
    union: exp.Query = parts[0]
    for part in parts[1:]:
        union = exp.Union(this=union, expression=part, distinct=False)
    return union
