"""Which entities a filter by label or key means, worked out once for a whole statement.

Every leg refers to the same list of keys, so a statement does not grow with legs times filters.
"""

from __future__ import annotations

from amalimart.semantic.conditions import among
from amalimart.semantic.defined import UNKNOWN_KEY, UNKNOWN_LABEL, DimensionUse
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import FilterSlot, ParameterBook
from amalimart.semantic.request import AskedFilter
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.sql.ctes import Ctes
from amalimart.semantic.sql.expressions import (
    Sql,
    all_of,
    any_of,
    coalesce,
    column,
    is_in,
    named,
    negated,
    parenthesised,
    text,
)
from amalimart.semantic.sql.select import Select, union

_KEY = "key"


class EntityFilters:
    """Writes one CTE of keys for each filter on an entity."""

    def __init__(self, model: SemanticModel, door: Door, book: ParameterBook, ctes: Ctes) -> None:
        self._model = model
        self._door = door
        self._book = book
        self._ctes = ctes

    def keys(self, wanted: AskedFilter, use: DimensionUse) -> Sql:
        """A query of the keys of the entities that the filter names. Raises Denied."""
        name = f"filter_{wanted.position}"
        if name not in self._ctes:
            self._ctes.add(name, self._written(wanted, use))
        return Select([column(_KEY)]).read(self._ctes.table(name)).sql

    def _written(self, wanted: AskedFilter, use: DimensionUse) -> Sql:
        """A value means the key where there is such a key, else the label, which several may bear.

        So nobody can join a group by taking another's key as a name.
        """
        lookup = use.dimension.lookup
        if lookup is None:
            raise AssertionError("only an entity has labels")
        slot = FilterSlot(wanted.position, FieldType.TEXT, use.dimension.values, wanted.is_list)
        value = self._book.placeholder(slot)
        key = self._model.datasets[lookup.dataset].key
        label = coalesce(column(lookup.label, "l"), column(key, "l"))
        keys = Select([column(key, "k")]).read(self._scan(lookup.dataset, {key}, "k"))
        is_label = all_of((among(label, value, is_list=wanted.is_list), negated(is_in(label, [keys.sql]))))
        is_key = among(column(key, "l"), value, is_list=wanted.is_list)
        known = (
            Select([named(column(key, "l"), _KEY)])
            .read(self._scan(lookup.dataset, {key, lookup.label}, "l"))
            .where(any_of((is_key, parenthesised(is_label))))
        )
        named_unknown = (
            among(text(unknown), value, is_list=wanted.is_list) for unknown in (UNKNOWN_LABEL, UNKNOWN_KEY)
        )
        nobody = Select([named(text(UNKNOWN_KEY), _KEY)]).where(any_of(named_unknown))
        return union([known, nobody])

    def _scan(self, dataset: str, columns: set[str], alias: str) -> Sql:
        return named(self._door.scan(dataset, columns), alias)
