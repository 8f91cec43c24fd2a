"""A request to one SQL statement: each dataset in its own leg, the legs stitched on the shared groups.

The stitch is a union of the legs regrouped, which treats missing keys as a group like any other and
cannot multiply rows, so neither fan-out nor chasm can arise. Totals are statements of their own beside the
ordinary rows, so that each is computed from the facts and says what the question without its groups says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amalimart.access.policies import Policies
from amalimart.core.calendar import Grain
from amalimart.core.fiscal import Calendar
from amalimart.semantic.answer import Column, ColumnKind
from amalimart.semantic.best import BEST, chosen
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.notes import Note
from amalimart.semantic.one_currency import Currencies
from amalimart.semantic.parameters import LimitSlot, ParameterBook, Slot, TopSlot
from amalimart.semantic.request import Request
from amalimart.semantic.request_notes import notes_of
from amalimart.semantic.rollups.choosing import RollupChoice
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.sql.ctes import Ctes
from amalimart.semantic.sql.expressions import ONE, Sql, column, named, parenthesised
from amalimart.semantic.sql.guard import check_text
from amalimart.semantic.sql.select import Select, ordered, union
from amalimart.semantic.statement import PlannedMetric, StatementWriter, Written, value_of


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement that passed the guard. The first `len(columns)` columns of its rows are the answer's.

    `tables` is what it reads, `money` are the datasets whose currency it tells.
    """

    sql: str
    slots: tuple[Slot, ...]
    columns: tuple[Column, ...]
    metrics: tuple[PlannedMetric, ...]
    grain: Grain | None
    calendar: Calendar
    notes: tuple[Note, ...]
    tables: frozenset[str]
    rollups: tuple[str, ...] = ()
    money: frozenset[str] = frozenset()

    def position(self, kind: ColumnKind) -> int | None:
        """Where the column of a kind stands that an answer has once at most."""
        return next((n for n, column in enumerate(self.columns) if column.kind is kind), None)


def plan(
    model: SemanticModel,
    policies: Policies,
    scope: Scope,
    request: Request,
    rollups: Sequence[Rollup] = (),
    currencies: Currencies = frozenset(),
) -> Plan:
    """Write and check the statement of a request, which may read these rollups. Raises Denied.

    `currencies` are the datasets that have one currency only.
    """
    book, ctes = ParameterBook(), Ctes()
    door = Door(model, policies, scope, book)
    choice = RollupChoice(model, policies, scope.role, rollups, request)
    writer = StatementWriter(model, door, book, ctes, choice, dict(currencies))
    if request.top is not None:
        ctes.add(BEST, _best(writer, request, book).sql)
    first, *totals = request.levels()
    written = writer.write(first)
    order = _order(request, written.columns)
    select = written.select if not totals else _with_totals(writer, book, ctes, written, totals, order)
    select.order_by(*order)
    if request.shape.has_limit and not totals:
        select.limit(book.placeholder(LimitSlot()))
    sql, slots = book.positional(ctes.before(select.sql))
    check_text(sql, door.issued, door.joined)
    return Plan(
        sql,
        slots,
        written.columns,
        written.metrics,
        request.grain,
        model.calendar,
        notes_of(request, model.calendar),
        door.tables,
        written.rollups,
        written.money,
    )


def _best(writer: StatementWriter, request: Request, book: ParameterBook) -> Select:
    """The best members by the metric of the top, ties by key: the same ones each time."""
    best = request.best()
    legs = writer.legs(best, "best_")
    value = value_of(legs, best.metrics[0].metric.formula, compared=False)
    select = legs.stitched(Select(chosen(column("g0", "s"))))
    return select.order_by(ordered(value, is_descending=True), ONE).limit(book.placeholder(TopSlot()))


def _with_totals(
    writer: StatementWriter,
    book: ParameterBook,
    ctes: Ctes,
    written: Written,
    totals: list[Request],
    order: list[Sql],
) -> Select:
    """The ordinary rows and those of each level of totals, each cut by the limit on its own."""
    parts = []
    levels = [
        (written, ""),
        *((writer.write(each, f"total_{n}_"), f"total_{n}_") for n, each in enumerate(totals)),
    ]
    for level, prefix in levels:
        if totals[-1].shape.has_limit:
            level.select.order_by(*order).limit(book.placeholder(LimitSlot()))
        ctes.add(f"{prefix}rows", level.select.sql)
        columns = [column(name) for name in level.names]
        parts.append(Select(columns).read(ctes.table(f"{prefix}rows")))
    names = [column(name, "a") for name in written.names]
    return Select(names).read(named(parenthesised(union(parts)), "a"))


def _order(request: Request, columns: tuple[Column, ...]) -> list[Sql]:
    """Ordinary rows before all others, and those before totals; then as asked.

    If nothing is asked: time first, then the first metric from the top. Ties by key: the same answer each
    time.
    """
    by_kind = {kind: [each.name for each in columns if each.kind is kind] for kind in ColumnKind}
    keys = [*by_kind[ColumnKind.KEY], *by_kind[ColumnKind.DIMENSION]]
    times = by_kind[ColumnKind.TIME]
    if not keys and not times:
        return []
    asked = request.shape.order_by
    wanted = [asked] if asked is not None else [*times, f"-{by_kind[ColumnKind.METRIC][0]}"]
    named = {name.removeprefix("-") for name in wanted}
    marks = [*by_kind[ColumnKind.TOTALLED], *by_kind[ColumnKind.OTHERS]]
    names = [each.name for each in columns]
    return [
        ordered(Sql(str(names.index(name.removeprefix("-")) + 1)), is_descending=name.startswith("-"))
        for name in (*marks, *wanted, *(name for name in (*times, *keys) if name not in named))
    ]
