"""The legs of one statement: each opened when a metric first needs it, and what each of them computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from amalimart.semantic.entity_filters import EntityFilters
from amalimart.semantic.formula import Leaf, Measure
from amalimart.semantic.leg import LegWriter
from amalimart.semantic.leg_rows import LegKey
from amalimart.semantic.marked_rows import mark_of
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.periods import Reading
from amalimart.semantic.request import Request
from amalimart.semantic.rollups.choosing import RollupChoice
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import Aggregate, FieldType
from amalimart.semantic.sql.ctes import Ctes
from amalimart.semantic.sql.expressions import Sql, column
from amalimart.semantic.sql.select import Select
from amalimart.semantic.stitching import StitchedLeg, Stitcher, shared_alias


class LegBook:
    """Opens legs, names their columns, and gives a statement over them its source.

    `dimensions` are those of the whole question, and `choice` chooses for it, so that its totals have the
    same legs and columns. `currencies` are the datasets that have one currency only.
    """

    def __init__(
        self,
        model: SemanticModel,
        door: Door,
        book: ParameterBook,
        ctes: Ctes,
        request: Request,
        dimensions: tuple[str, ...],
        choice: RollupChoice,
        prefix: str,
        currencies: Mapping[str, str],
    ) -> None:
        self._model = model
        self._door = door
        self._book = book
        self._request = request
        self._dimensions = dimensions
        self._choice = choice
        self._ctes = ctes
        self._prefix = prefix
        self._one_currency = currencies
        self._entities = EntityFilters(model, door, book, ctes)
        self._legs: dict[LegKey, LegWriter] = {}
        self._owned: dict[LegKey, list[str]] = {}
        self._measures: dict[tuple[LegKey, Measure], str] = {}
        self._currencies: dict[LegKey, tuple[str, str]] = {}

    @property
    def rollups(self) -> tuple[str, ...]:
        """The names of the rollups that are read."""
        return tuple(dict.fromkeys(key.rollup.name for key in self._legs if key.rollup is not None))

    @property
    def money(self) -> frozenset[str]:
        """The datasets whose currency is told."""
        return frozenset(key.dataset for key in self._currencies)

    def measure(self, leaf: Leaf, *, compared: bool) -> str:
        """The name of the column with the value of a leaf."""
        key = self._leg(leaf, compared=compared)
        known = (key, leaf.measure)
        if known not in self._measures:
            name = f"m{len(self._measures)}"
            mark = None if key.rollup else mark_of(self._model, self._door, self._request, leaf)
            self._legs[key].add_measure(leaf.measure, name, mark)
            self._measures[known] = name
            self._owned[key].append(name)
        return self._measures[known]

    def currency(self, leaf: Leaf, *, compared: bool) -> tuple[str, str] | None:
        """The names of the columns with the least and greatest currency of a leaf; None if it is no money."""
        measure = leaf.measure
        sums = {Aggregate.SUM, Aggregate.MIN, Aggregate.MAX}
        field = self._model.field(measure.dataset, measure.field)
        if measure.aggregate not in sums or field.type is not FieldType.MONEY:
            return None
        key = self._leg(leaf, compared=compared)
        if key.per is not None:  # a currency of each of many entities takes longer than their amounts
            key = self._opened(replace(key, per=None, known=key.per))
        if key not in self._currencies:
            number = len(self._currencies)
            is_one = key.dataset in self._one_currency
            names = (f"c{number}", f"c{number}") if is_one else (f"c{number}_least", f"c{number}_greatest")
            self._legs[key].add_currency(*names)
            self._currencies[key] = names
            self._owned[key] += dict.fromkeys(names)
        return self._currencies[key]

    def column(self, name: str) -> Sql:
        """A column of the stitched legs."""
        number, key = next((number, key) for number, key in enumerate(self._legs) if name in self._owned[key])
        is_shared = self._legs[key].groups != self._request.keys
        return column(name, shared_alias(number) if is_shared else "s")

    def stitched(self, select: Select) -> Select:
        """The statement over the legs. Raises Denied where a scan that they need is not permitted."""
        legs = [
            StitchedLeg(key.ignores, writer.select(), writer.groups, self._owned[key])
            for key, writer in self._legs.items()
        ]
        return Stitcher(self._request, self._book, self._ctes, self._prefix).stitch(select, legs)

    def _leg(self, leaf: Leaf, *, compared: bool) -> LegKey:
        measure = leaf.measure
        key = LegKey(
            measure.dataset,
            measure.time,
            Reading(leaf.period if measure.time else None, compared, leaf.is_previous),
            measure.per.field if measure.per else None,
            tuple(name for name in self._dimensions if leaf.is_same_for_all(name)),
            measure.at_end,
            self._choice.serving(leaf, compared=compared),
        )
        return self._opened(key)

    def _opened(self, key: LegKey) -> LegKey:
        if key not in self._legs:
            self._legs[key] = LegWriter(
                self._model,
                self._door,
                self._book,
                self._entities,
                self._request,
                key,
                self._one_currency.get(key.dataset),
            )
            self._owned[key] = []
        return key
