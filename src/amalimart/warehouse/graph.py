"""The compiled project as plain values: models, checks, and what depends on what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from amalimart.core.names import TableRef


@dataclass(frozen=True, slots=True)
class Model:
    """One compiled model. `parents` are unique ids of models and sources."""

    unique_id: str
    table: TableRef
    is_view: bool
    sql: str
    parents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Check:
    """One compiled test: its SQL returns the rows that break it."""

    unique_id: str
    name: str
    is_error: bool
    sql: str
    parents: frozenset[str]


@dataclass(frozen=True)
class CompiledGraph:
    """Models in an order in which they can be built, and the checks over them."""

    project_hash: str
    models: tuple[Model, ...]
    checks: tuple[Check, ...]
    bronze: frozenset[str]

    @cached_property
    def _by_id(self) -> dict[str, Model]:
        return {model.unique_id: model for model in self.models}

    @cached_property
    def ordered(self) -> tuple[Model, ...]:
        """Every model after its parents; ties broken by name, so the order is reproducible."""
        sorter = TopologicalSorter(
            {m.unique_id: sorted(p for p in m.parents if p in self._by_id) for m in self.models}
        )
        return tuple(self._by_id[unique_id] for unique_id in sorter.static_order())

    def downstream(self, changed: Iterable[str]) -> frozenset[str]:
        """Ids of every model that reads, directly or not, one of the changed sources or models."""
        touched = set(changed)
        found: set[str] = set()
        for model in self.ordered:
            if model.unique_id in touched or model.parents & (touched | found):
                found.add(model.unique_id)
        return frozenset(found)
