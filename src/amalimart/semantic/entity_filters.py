"""Which entities a filter by label or key means, worked out once for a whole statement.

Every leg refers to the same list of keys, so a statement does not grow with legs times filters.
"""

from __future__ import annotations

from sqlglot import exp

from amalimart.semantic.conditions import among, function, text
from amalimart.semantic.ctes import Ctes
from amalimart.semantic.model import UNKNOWN_KEY, UNKNOWN_LABEL, DimensionUse, SemanticModel
from amalimart.semantic.nodes import column, identifier, named
from amalimart.semantic.parameters import FilterSlot, ParameterBook
from amalimart.semantic.request import AskedFilter
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import FieldType

_KEY = "key"


class EntityFilters:
    """Writes one CTE of keys for each filter on an entity."""

    def __init__(self, model: SemanticModel, door: Door, book: ParameterBook, ctes: Ctes) -> None:
        self._model = model
        self._door = door
        self._book = book
        self._ctes = ctes

    def keys(self, wanted: AskedFilter, use: DimensionUse) -> exp.Subquery:
        """The keys of the entities that the filter names. Raises Denied."""
        name = f"filter_{wanted.position}"
        if name not in self._ctes:
            self._ctes.add(name, self._written(wanted, use))
        keys = exp.Select(expressions=[column(_KEY)]).from_(self._ctes.table(name), copy=False)
        return exp.Subquery(this=keys)

    def _written(self, wanted: AskedFilter, use: DimensionUse) -> exp.Query:
        """A value means the key where there is such a key, else the label, which several may bear.

        So nobody can join a group by taking another's key as a name.
        """
        lookup = use.dimension.lookup
        if lookup is None:
            raise AssertionError("only an entity has labels")
        slot = FilterSlot(wanted.position, FieldType.TEXT, use.dimension.values, wanted.is_list)
        value = self._book.placeholder(slot)
        key = self._model.datasets[lookup.dataset].key
        label = function(exp.Coalesce, column(lookup.label, "l"), column(key, "l"))
        keys = exp.Select(expressions=[column(key, "k")]).from_(self._scan(lookup.dataset, {key}, "k"))
        is_label = exp.And(
            this=among(label, value, is_list=wanted.is_list),
            expression=exp.Not(this=exp.In(this=label.copy(), query=exp.Subquery(this=keys))),
        )
        is_key = among(column(key, "l"), value, is_list=wanted.is_list)
        known = (
            exp.Select(expressions=[named(column(key, "l"), _KEY)])
            .from_(self._scan(lookup.dataset, {key, lookup.label}, "l"), copy=False)
            .where(exp.Or(this=is_key, expression=exp.Paren(this=is_label)), copy=False)
        )
        nobody = exp.Select(expressions=[named(text(UNKNOWN_KEY), _KEY)]).where(
            exp.Or(
                this=among(text(UNKNOWN_LABEL), value, is_list=wanted.is_list),
                expression=among(text(UNKNOWN_KEY), value, is_list=wanted.is_list),
            ),
            copy=False,
        )
        return exp.Union(this=known, expression=nobody, distinct=False)

    def _scan(self, dataset: str, columns: set[str], alias: str) -> exp.Subquery:
        scan = self._door.scan(dataset, columns)
        scan.set("alias", exp.TableAlias(this=identifier(alias)))
        return scan
