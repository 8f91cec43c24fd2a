"""Single rows of a dataset, for lists that people work through: read through the same door as every answer.

A list is asked by the product's own code, never by a reader's words: what a reader gives is a bound value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amalimart.access.policies import Policies
from amalimart.semantic.availability import Availability, missing_for_columns, refuse_missing
from amalimart.semantic.conditions import compare, equality
from amalimart.semantic.formula import Value
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import ParameterBook, Slot
from amalimart.semantic.question import Operator
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.sql.expressions import Sql, column, is_in, named
from amalimart.semantic.sql.guard import check_text
from amalimart.semantic.sql.select import Select, ordered

_ROW = "r"


@dataclass(frozen=True, slots=True)
class RowCondition:
    """What holds of a column of the rows."""

    column: str
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Rows of another dataset that meet conditions, and the column in which both have the same key."""

    dataset: str
    column: str
    where: tuple[RowCondition, ...]


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """Rows of one dataset.

    order_by  columns; a leading - means descending, and what is missing comes last
    unless    leaves out rows that are found there too, where the reader may look there
    within    keeps only rows that are found there too; who may not look there is refused
    """

    dataset: str
    columns: tuple[str, ...]
    where: tuple[RowCondition, ...]
    order_by: tuple[str, ...]
    limit: int
    unless: Elsewhere | None = None
    within: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True, slots=True)
class RowList:
    """Rows in the order of `columns`, and the release they are of, with its times."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None

    def as_dicts(self) -> list[dict[str, Any]]:
        """The rows keyed by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def plan_rows(
    model: SemanticModel, policies: Policies, availability: Availability, scope: Scope, question: RowQuestion
) -> tuple[str, tuple[Slot, ...]]:
    """The checked statement of a list. Raises Denied, NotAvailable."""
    book = ParameterBook()
    door = Door(model, policies, scope, book)
    asked = {*question.columns, *(each.column for each in question.where)}
    asked |= {name.removeprefix("-") for name in question.order_by}
    elsewhere = (*question.within, *((question.unless,) if question.unless is not None else ()))
    asked |= {each.column for each in elsewhere}
    looked_into = {each.column for each in (*question.where, *elsewhere)}
    looked_into |= {each.removeprefix("-") for each in question.order_by}
    scan = door.scan(question.dataset, asked, shown=set(question.columns) - looked_into)
    for dataset, columns in ((question.dataset, asked), *((e.dataset, _read_of(e)) for e in question.within)):
        missing = missing_for_columns(model, dataset, columns, availability)
        refuse_missing(missing, f"a list of {question.dataset}", availability)
    select = Select([_column(name) for name in question.columns]).read(named(scan, _ROW))
    select.where(*(_condition(condition, book) for condition in question.where))
    if question.unless is not None and door.may_read(question.unless.dataset, question.unless.column):
        select.where(equality(Operator.NOT_IN, _found(question.unless, door, book)))
    select.where(*(_found(each, door, book) for each in question.within))
    select.order_by(*(_ordered(name) for name in question.order_by)).limit(book.constant(question.limit))
    sql, slots = book.positional(select.sql)
    check_text(sql, door.issued)
    return sql, slots


def _condition(condition: RowCondition, book: ParameterBook) -> Sql:
    operands = [book.constant(value) for value in condition.values]
    return compare(_column(condition.column), condition.operator, operands)


def _read_of(elsewhere: Elsewhere) -> set[str]:
    return {elsewhere.column, *(each.column for each in elsewhere.where)}


def _found(elsewhere: Elsewhere, door: Door, book: ParameterBook) -> Sql:
    scan = door.scan(elsewhere.dataset, _read_of(elsewhere))
    found = Select([_column(elsewhere.column)]).read(named(scan, _ROW))
    found.where(*(_condition(condition, book) for condition in elsewhere.where))
    return is_in(_column(elsewhere.column), [found.sql])


def _ordered(name: str) -> Sql:
    return ordered(_column(name.removeprefix("-")), is_descending=name.startswith("-"))


def _column(name: str) -> Sql:
    return column(name, _ROW)
