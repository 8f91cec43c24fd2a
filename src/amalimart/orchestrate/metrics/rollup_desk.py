"""Rollups for operators: what is declared, how much it is used, and what would pay by what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Protocol

from amalimart.access.policies import Policies
from amalimart.core.asked import AskedShape, Tally
from amalimart.core.clock import Clock
from amalimart.core.rollup_reports import AdvisedRollup, DeclaredRollup, RollupAdvice
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.mapping_files import MappedAvailability
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.resolving import Resolver
from amalimart.semantic.rollups.advising import Advisor, declaration
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.rollups.sizing import sizes_statement
from amalimart.warehouse.project.published import published_project

LOOKED_BACK_DAYS = 30
WORTH_IT = 0.5
"""A rollup of a larger share of its dataset's rows is not worth its upkeep."""


class _Log(Protocol):
    def since(self, day: date) -> dict[AskedShape, Tally]: ...


class RollupDesk:
    """What the interface asks of rollups."""

    def __init__(
        self, engine: Engine, model: SemanticModel, policies: Policies, log: _Log, clock: Clock
    ) -> None:
        self._engine = engine
        self._model = model
        self._policies = policies
        self._log = log
        self._clock = clock

    def declared(self) -> tuple[DeclaredRollup, ...]:
        """The declared ones. Raises NothingPublished."""
        rows = {each.relation: each.rows for each in published_project(self._engine.hot_file).models}
        answers = _answers(self._asked())
        return tuple(
            DeclaredRollup(
                rollup.name,
                rollup.made.description,
                rollup.made.owner,
                rollup.dataset,
                rollup.grain.value if rollup.grain is not None else None,
                rollup.made.dimensions,
                tuple(column.name for column in rollup.made.stored),
                str(rollup.table),
                rows.get(str(rollup.table)),
                rows.get(str(rollup.made.base)),
                answers.get(rollup.name, 0),
            )
            for rollup in self._engine.rollups
        )

    def advice(self) -> RollupAdvice:
        """What would have served the questions of the last days. Raises NothingPublished."""
        asked = self._asked()
        available = MappedAvailability(self._engine.landed_mappings)
        advisor = Advisor(self._model, self._policies, Resolver(self._model, self._policies, available))
        sizes: dict[Rollup, tuple[int, int]] = {}

        def is_worth_it(rollup: Rollup) -> bool:
            sizes[rollup] = rows, base_rows = self._sizes(rollup)
            return rows <= WORTH_IT * base_rows

        advised = (
            AdvisedRollup(
                each.rollup.name,
                each.rollup.dataset,
                each.answers,
                each.seconds,
                *sizes[each.rollup],
                declaration(each.rollup),
            )
            for each in advisor.advise(asked, self._engine.rollups, is_worth_it)
        )
        return RollupAdvice(
            LOOKED_BACK_DAYS,
            sum(tally.count for tally in asked.values()),
            sum(tally.count for shape, tally in asked.items() if shape.rollups),
            tuple(advised),
        )

    def _sizes(self, rollup: Rollup) -> tuple[int, int]:
        """The rows that a rollup would have, and those of its dataset."""
        sql = sizes_statement(self._model, self._policies, rollup)
        with self._engine.hot_file.read() as transaction:
            ((rows, base_rows),) = transaction.rows(sql).rows
        return int(rows), int(base_rows or 0)

    def _asked(self) -> dict[AskedShape, Tally]:
        today = self._clock.now().astimezone(self._engine.project.zone).date()
        return self._log.since(today - timedelta(days=LOOKED_BACK_DAYS))


def _answers(asked: Mapping[AskedShape, Tally]) -> dict[str, int]:
    found: dict[str, int] = {}
    for shape, tally in asked.items():
        for name in shape.rollups:
            found[name] = found.get(name, 0) + tally.count
    return found
