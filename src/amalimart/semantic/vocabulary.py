"""The names that may be asked by: metrics, dimensions, and the values of those."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.access.rules import OwnIds
from amalimart.core.errors import InvalidFilter
from amalimart.core.recent import Recent
from amalimart.observe.metrics import CACHE_LOOKUPS
from amalimart.observe.work import note_release
from amalimart.semantic.answer_cache import AnswerCache, Asked, Values
from amalimart.semantic.availability import Availability
from amalimart.semantic.defined import GRAINS
from amalimart.semantic.listing import (
    DimensionInfo,
    DimensionValue,
    MetricInfo,
    list_dimensions,
    list_metrics,
)
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import bind
from amalimart.semantic.picker import PlannedValues, plan_values
from amalimart.semantic.question import Question
from amalimart.semantic.running import rows_of
from amalimart.semantic.scan import Scope
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.typed_values import typed_value
from amalimart.warehouse.file.reading import Reader, Release

PICKERS_KEPT = 1_000
MOST_VALUES_LISTED = 10_000
_NOTHING = Question(metrics=(), today=date(2000, 1, 1))


class Vocabulary:
    """What each principal may name under the policies."""

    def __init__(
        self,
        model: SemanticModel,
        policies: Policies,
        reader: Reader,
        availability: Availability,
        kept: AnswerCache | None,
    ) -> None:
        self._model = model
        self._kept = kept
        self._reader = reader
        self._availability = availability
        self._pickers: Recent[tuple[str, Scope, str], PlannedValues] = Recent(PICKERS_KEPT)
        self.govern(policies)

    def govern(self, policies: Policies) -> None:
        """Rule by these policies from now on."""
        self._policies = policies

    def metrics(self, principal: Principal) -> tuple[MetricInfo, ...]:
        """The metrics the principal may ask, and the dimensions each may be grouped by."""
        return list_metrics(self._model, self._policies, self._availability, principal)

    def dimensions(self, principal: Principal) -> tuple[DimensionInfo, ...]:
        """The dimensions the principal may group and filter by."""
        return list_dimensions(self._model, self._policies, principal)

    def labels(self, language: str) -> dict[str, str]:
        """Every metric and dimension by name, as it is called in a language, else in English."""
        labels = {each.name: each.label for each in self._model.dimensions.values()}
        labels |= {each.name: each.label for each in self._model.metrics.values()}
        return {name: label.fr if language == "fr" else label.en for name, label in labels.items()}

    def values(
        self, dimension: str, principal: Principal, search: str | None, limit: int
    ) -> tuple[DimensionValue, ...]:
        """Values whose label holds `search` in any case, or whose key it is, that one first; by label.

        Raises UnknownName, Denied or InvalidFilter.
        """
        if dimension in GRAINS:
            raise InvalidFilter(f"{dimension} has no list of values", expected="a dimension other than time")
        if not 1 <= limit <= MOST_VALUES_LISTED:
            raise InvalidFilter(f"the limit is {limit}", expected=f"from 1 to {MOST_VALUES_LISTED}")
        try:
            sought = str(typed_value(search or "", FieldType.TEXT))
        except ValueError as error:
            raise InvalidFilter("the search text cannot be used", expected=str(error)) from error
        planned = self.picker(dimension, principal)
        asked = replace(_NOTHING, limit=limit)
        bound = bind(planned.slots, asked, principal, self._model.calendar, sought)

        def read() -> tuple[Release, Values]:
            with self._reader.read() as transaction:
                rows = rows_of(transaction, planned.sql, bound).rows
                return transaction.release, tuple(DimensionValue(key, label) for key, label in rows)

        if self._kept is None:
            release, values = read()
        else:
            own = tuple(kind.of(principal) for kind in OwnIds)
            known = (planned.sql, self._policies.fingerprint(principal.role), own, sought, limit)
            release, values = self._kept.values(Asked(known, planned.tables), read)
        note_release(release.release_id)
        return values

    def picker(self, dimension: str, principal: Principal) -> PlannedValues:
        """The checked statement that lists the values of a dimension, kept. Raises UnknownName or Denied."""
        policies, scope = self._policies, Scope.of(principal)
        known = (dimension, scope, policies.fingerprint(principal.role))
        found = self._pickers.get(known)
        CACHE_LOOKUPS.add(cache="values", result="hit" if found else "miss")
        if found is None:
            usable = partial(policies.may_use_dimension, principal.role)
            found = plan_values(self._model, policies, scope, self._model.dimension(dimension, usable))
            self._pickers.put(known, found)
        return found
