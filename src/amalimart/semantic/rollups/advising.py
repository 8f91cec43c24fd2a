"""Which rollups would have served the questions that were asked.

A question needs, of each dataset that it reads, columns to be told apart by and values to be added up. The
needs of one dataset are joined, those that took most time first. How large a rollup is, the caller counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from amalimart.access.policies import Policies
from amalimart.access.principal import Role
from amalimart.core.asked import AskedShape, Tally
from amalimart.core.calendar import Grain
from amalimart.core.errors import AmalimartError
from amalimart.core.rollups import RollupTable, Stored, StoredColumn
from amalimart.semantic.formula import Leaf
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Operator
from amalimart.semantic.question_shape import FilterShape, QuestionShape
from amalimart.semantic.request import Request, Resolver
from amalimart.semantic.rollups.choosing import RollupChoice, needed_columns
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.shapes import Aggregate, FieldType

MOST_DIMENSIONS = 12
MOST_LOOKED_AT = 40
_STORED = {
    Aggregate.SUM: (Stored.COUNT, Stored.SUM),
    Aggregate.AVG: (Stored.COUNT, Stored.SUM),
    Aggregate.COUNT: (Stored.COUNT,),
    Aggregate.MIN: (Stored.MIN,),
    Aggregate.MAX: (Stored.MAX,),
    Aggregate.SPAN: (Stored.MIN, Stored.MAX),
}


@dataclass(frozen=True, slots=True)
class Served:
    """A rollup, and the questions that it would have served as far as they read its dataset."""

    rollup: Rollup
    answers: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Part:
    """What a question reads of one dataset."""

    request: Request
    dataset: str
    leaves: list[Leaf]
    tally: Tally


class Advisor:
    """Finds rollups for questions that were asked, as somebody who sees everything."""

    def __init__(self, model: SemanticModel, policies: Policies, resolver: Resolver) -> None:
        self._model = model
        self._policies = policies
        self._resolver = resolver

    def advise(
        self,
        asked: Mapping[AskedShape, Tally],
        declared: tuple[Rollup, ...],
        is_worth_it: Callable[[Rollup], bool],
    ) -> tuple[Served, ...]:
        """Rollups that are not declared, those that serve most time first."""
        parts = [
            _Part(request, dataset, leaves, tally)
            for request, tally in self._requests(asked)
            for dataset, leaves in _by_dataset(request).items()
        ]
        unserved = [part for part in parts if not self._serves(declared, part)]
        found: dict[str, Rollup] = {}
        looked_at: set[Rollup] = set()
        for part in sorted(unserved, key=lambda part: -part.tally.seconds):
            joined = self._joined(found.get(part.dataset), part)
            if joined is None or joined in looked_at or len(looked_at) >= MOST_LOOKED_AT:
                continue
            looked_at.add(joined)
            if len(joined.made.dimensions) <= MOST_DIMENSIONS and is_worth_it(joined):
                found[part.dataset] = joined
        served = (self._served(rollup, unserved) for rollup in found.values())
        return tuple(sorted(served, key=lambda each: -each.seconds))

    def _requests(self, asked: Mapping[AskedShape, Tally]) -> Iterator[tuple[Request, Tally]]:
        for shape, tally in asked.items():
            request = self._request(shape)
            if request is not None:
                yield request, tally

    def _serves(self, rollups: tuple[Rollup, ...], part: _Part) -> bool:
        choice = RollupChoice(self._model, self._policies, Role.ADMIN, rollups)
        return all(
            choice.serving(leaf, part.request, compared=part.request.shape.compare) for leaf in part.leaves
        )

    def _served(self, rollup: Rollup, unserved: list[_Part]) -> Served:
        tallies = {part.request.shape: part.tally for part in unserved if self._serves((rollup,), part)}
        return Served(
            rollup,
            sum(tally.count for tally in tallies.values()),
            sum(tally.seconds for tally in tallies.values()),
        )

    def _joined(self, so_far: Rollup | None, part: _Part) -> Rollup | None:
        """The least rollup that serves a part, and what another serves; None where none can."""
        for leaf in part.leaves:
            needed = self._rollup_for(leaf, part.request)
            if needed is None:
                return None
            so_far = _joined(so_far, needed)
        return so_far if so_far is not None and self._serves((so_far,), part) else None

    def _request(self, shape: AskedShape) -> Request | None:
        """The question again; None where its names are gone."""
        try:
            return self._resolver.resolve(
                QuestionShape(
                    metrics=shape.metrics,
                    by=shape.by,
                    grain=Grain(shape.grain) if shape.grain else None,
                    filters=tuple(FilterShape(name, Operator.EQ, is_list=False) for name in shape.filters),
                    having=(),
                    has_days=shape.has_days,
                    order_by=None,
                    has_limit=False,
                    compare=shape.compare,
                    fill=False,
                ),
                Role.ADMIN,
            )
        except AmalimartError:
            return None

    def _rollup_for(self, leaf: Leaf, request: Request) -> Rollup | None:
        """The least rollup that would serve a leaf; None where none can."""
        measure = leaf.measure
        dataset = self._model.datasets[measure.dataset]
        columns = {*needed_columns(self._model, leaf, request)}
        if measure.aggregate is Aggregate.COUNT_DISTINCT and measure.field != dataset.key:
            columns.add(measure.field)
        stored = {StoredColumn(dataset.key, Stored.COUNT)}
        for how in _STORED.get(measure.aggregate, ()):
            kind = dataset.fields[measure.field].type
            stored.add(StoredColumn(measure.field, how, how is Stored.SUM and kind is FieldType.INTEGER))
            if kind is FieldType.MONEY and dataset.currency is not None:
                columns.add(dataset.currency)
            if how is Stored.SUM and kind not in {FieldType.INTEGER, FieldType.MONEY}:
                return None
        columns.discard(dataset.time or "")
        if dataset.key in columns or not (columns or dataset.time):
            return None  # one row a row, or kept by nothing
        made = RollupTable(
            name=f"advised_{dataset.name}",
            description=f"{dataset.name.replace('_', ' ').capitalize()} as they are often asked for.",
            owner="finance",
            base=dataset.table,
            time=(dataset.time, Grain.DAY) if dataset.time is not None else None,
            dimensions=tuple(sorted(columns)),
            stored=_in_order(stored),
        )
        return Rollup(dataset.name, dataset.key, made)


def declaration(rollup: Rollup) -> str:
    """A rollup as YAML, as it would be declared."""
    measures: dict[str, list[str]] = {}
    for column in rollup.made.stored:
        is_implied = column.how is Stored.COUNT and any(
            other.field == column.field and other.how is Stored.SUM for other in rollup.made.stored
        )
        if not is_implied and (column.field, column.how) != (rollup.key, Stored.COUNT):
            measures.setdefault(column.field, []).append(column.how.value)
    declared: dict[str, object] = {
        "description": rollup.made.description,
        "owner": rollup.made.owner,
        "dataset": rollup.dataset,
        **({"grain": rollup.grain.value} if rollup.grain is not None else {}),
        "dimensions": list(rollup.made.dimensions),
        "measures": measures,
    }
    return yaml.safe_dump({"rollups": {rollup.name: declared}}, sort_keys=False, width=100)


def _by_dataset(request: Request) -> dict[str, list[Leaf]]:
    found: dict[str, list[Leaf]] = {}
    for leaf in dict.fromkeys(leaf for asked in request.metrics for leaf in asked.metric.leaves):
        found.setdefault(leaf.measure.dataset, []).append(leaf)
    return found


def _in_order(stored: set[StoredColumn]) -> tuple[StoredColumn, ...]:
    return tuple(sorted(stored, key=lambda column: (column.field, column.how.value)))


def _joined(one: Rollup | None, other: Rollup) -> Rollup:
    """One rollup that serves what either does."""
    if one is None:
        return other
    made = RollupTable(
        name=other.made.name,
        description=other.made.description,
        owner=other.made.owner,
        base=other.made.base,
        time=other.made.time,
        dimensions=tuple(sorted({*one.made.dimensions, *other.made.dimensions})),
        stored=_in_order({*one.made.stored, *other.made.stored}),
    )
    return Rollup(other.dataset, other.key, made)
