"""How many rows a rollup would have: counted through the one scan, as somebody who sees everything."""

from __future__ import annotations

from sqlglot import exp

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal, Role
from amalimart.semantic import nodes
from amalimart.semantic.guard import check_text
from amalimart.semantic.leg_days import day_bucket
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door, Scope

EVERYTHING = Principal("size of a rollup", Role.ADMIN)


def sizes_statement(model: SemanticModel, policies: Policies, rollup: Rollup) -> str:
    """A statement without parameters: the rollup's rows, and those of its dataset. Raises Denied."""
    book = ParameterBook()
    door = Door(model, policies, Scope.of(EVERYTHING), book)
    groups = [
        day_bucket(nodes.column(name, "t"), rollup.grain)
        if name == rollup.time and rollup.grain is not None
        else nodes.column(name, "t")
        for name in rollup.made.groups
    ]
    named = [nodes.named(group, f"g{number}") for number, group in enumerate(groups)]
    rows = exp.Count(this=exp.Literal.number(1))
    scan = _aliased(door.scan(rollup.dataset, rollup.made.groups), "t")
    grouped = exp.Select(expressions=[*named, nodes.named(rows, "n")]).from_(scan, copy=False)
    by = [exp.Literal.number(number + 1) for number in range(len(named))]
    told = [exp.Count(this=nodes.column("n", "d")), exp.Sum(this=nodes.column("n", "d"))]
    tree = exp.Select(expressions=told).from_(
        _aliased(exp.Subquery(this=grouped.group_by(*by, copy=False)), "d"), copy=False
    )
    sql, _ = book.positional(tree.sql(dialect="duckdb"))
    check_text(sql, door.issued)
    return sql


def _aliased(subquery: exp.Subquery, name: str) -> exp.Subquery:
    subquery.set("alias", exp.TableAlias(this=nodes.identifier(name)))
    return subquery
