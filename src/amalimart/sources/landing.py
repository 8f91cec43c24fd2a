"""Which columns of which tables leave a source: the mapping held against what is really there."""

from __future__ import annotations

from collections.abc import Mapping

from amalimart.core.errors import SourceMismatch
from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.port import Catalog


def landed_columns(mapping: SourceMapping, catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """Table -> the columns to ask for: landed by the mapping and present in the source.

    Raises SourceMismatch where the mapping expects what is not there, and where it would land a
    column it classifies as secret (through a cursor or a filter, say).
    """
    check_catalog(mapping, catalog)
    for table, columns in mapping.landed.items():
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
        for table, columns in mapping.landed.items()
    }
    return {table: columns for table, columns in present.items() if columns}
