"""Which columns of which tables leave a source: the mapping held against what is really there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from amalimart.core.errors import SourceMismatch
from amalimart.mapping.catalog_check import misfits
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.port import Catalog


def landed_columns(
    mapping: SourceMapping, catalog: Catalog, *, without: Collection[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    """Table, as the source names it -> the columns to ask for: landed by the mapping and there.

    Optional tables that the source lacks are left out, and so are tables in `without`, whatever they
    look like.

    Raises SourceMismatch where the mapping expects what is not there, and where it would land a
    column it classifies as secret (through a cursor or a filter, say).
    """
    mapping = mapping.fitted(catalog)
    landed = {table: columns for table, columns in mapping.landed.items() if table not in without}
    for table, misfit in misfits(mapping, catalog).items():
        if table in landed:
            raise misfit
    for table, columns in landed.items():
        secret = sorted(set(columns) & set(mapping.secrets(table)))
        if secret:
            raise SourceMismatch(
                f"{table}.{secret[0]} is secret, yet the mapping needs it",
                where=mapping.where,
                expected="no entity, filter or cursor that reads a secret column",
                next_step="leave the column out, or correct its classification",
            )
    present = {
        table: tuple(column for column in columns if column in catalog[table])
        for table, columns in landed.items()
    }
    return {table: columns for table, columns in present.items() if columns}
