"""A mapping's tables and parts in the names, and within the limits, of one source."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from amalimart.mapping.parts import EntityPart, MappedEntity, read_columns
from amalimart.mapping.shape import ColumnMapping, TableMapping

Parts = Mapping[str, MappedEntity]


def fitted_tables(
    tables: Mapping[str, TableMapping], chosen: Mapping[str, str], present: Collection[str]
) -> Mapping[str, TableMapping]:
    """Table -> what happens to it, under the chosen names; another name that is there too is left alone."""
    fitted: dict[str, TableMapping] = {}
    for table, spec in tables.items():
        name = chosen.get(table, table)
        fitted[name] = spec.model_copy(update={"also": ()})
        for other in (table, *spec.also):
            if other != name and other in present:
                reason = f"{name} is there too, and the mapping reads {name}"
                fitted[other] = TableMapping.model_validate({"secret": spec.secret, "unmapped": reason})
    return fitted


def renamed_parts(entities: Parts, chosen: Mapping[str, str]) -> Parts:
    """The parts with every table under its chosen name."""
    return {
        name: MappedEntity(
            tuple(
                replace(
                    part,
                    table=chosen.get(part.table, part.table),
                    lookups={
                        lookup_name: lookup.model_copy(
                            update={"table": chosen.get(lookup.table, lookup.table)}
                        )
                        for lookup_name, lookup in part.lookups.items()
                    },
                )
                for part in entity.parts
            )
        )
        for name, entity in entities.items()
    }


def fitted_parts(
    entities: Parts, absent_tables: Collection[str], absent_columns: Collection[tuple[str, str]]
) -> Parts:
    """The parts without what the source lacks; an entity of which nothing is left is gone.

    A column that is not there has the same value in every row where the mapping gives a default.
    """
    fitted = {
        name: MappedEntity(
            tuple(
                _without(part, absent_tables, absent_columns)
                for part in entity.parts
                if part.table not in absent_tables
            )
        )
        for name, entity in entities.items()
    }
    return {name: entity for name, entity in fitted.items() if entity.parts}


def _without(
    part: EntityPart, absent_tables: Collection[str], absent_columns: Collection[tuple[str, str]]
) -> EntityPart:
    lookups = {name: lookup for name, lookup in part.lookups.items() if lookup.table not in absent_tables}

    def is_there(origin: ColumnMapping) -> bool:
        if origin.lookup is not None and origin.lookup not in lookups:
            return False
        table = part.table_of(origin)
        return not any((table, column) in absent_columns for column in read_columns(origin))

    columns = {
        canonical: origin if is_there(origin) else ColumnMapping.model_validate({"constant": origin.default})
        for canonical, origin in part.columns.items()
        if is_there(origin) or origin.default is not None
    }
    return replace(part, columns=columns, lookups=lookups)
