"""How many rows a rollup would have: counted through the one scan, as somebody who sees everything."""

from __future__ import annotations

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal, Role
from amalimart.semantic.leg_days import day_bucket
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.sql.expressions import ONE, aggregate, column, named
from amalimart.semantic.sql.guard import check_text
from amalimart.semantic.sql.select import Select

EVERYTHING = Principal("size of a rollup", Role.ADMIN)


def sizes_statement(model: SemanticModel, policies: Policies, rollup: Rollup) -> str:
    """A statement without parameters: the rollup's rows, and those of its dataset. Raises Denied."""
    book = ParameterBook()
    door = Door(model, policies, Scope.of(EVERYTHING), book)
    groups = [
        day_bucket(column(name, "t"), rollup.grain, model.calendar)
        if name == rollup.time and rollup.grain is not None
        else column(name, "t")
        for name in rollup.made.groups
    ]
    shown = [named(group, f"g{number}") for number, group in enumerate(groups)]
    scan = door.scan(rollup.dataset, rollup.made.groups)
    grouped = Select([*shown, named(aggregate("COUNT", ONE), "n")]).read(named(scan, "t"))
    told = [aggregate("COUNT", column("n", "d")), aggregate("SUM", column("n", "d"))]
    select = Select(told).read(named(grouped.group_by_first(len(shown)).subquery, "d"))
    sql, _ = book.positional(select.sql)
    check_text(sql, door.issued)
    return sql
