"""How the versions of a table's rows follow what lands: new ones are added, the last of a row is closed."""

from __future__ import annotations

from collections.abc import Sequence

from amalimart.core.names import TableRef
from amalimart.warehouse.graph import bronze_id
from amalimart.warehouse.incremental.recipe import Recipe, Route, before_of, changes_of
from amalimart.warehouse.staging.recipes import ROW, bronze_place
from amalimart.warehouse.staging.staged import column_name
from amalimart.warehouse.staging.tracked import VersionedTable
from amalimart.warehouse.staging.versions_sql import versions_of_changes_sql


def version_recipes(tables: Sequence[VersionedTable]) -> dict[str, Recipe]:
    """Model -> recipe, of every table whose versions are kept."""
    return {versioned.model: _of_versions(versioned) for versioned in tables}


def _of_versions(versioned: VersionedTable) -> Recipe:
    """A row's versions so far and what arrived of it; a truncate or a snapshot builds all anew."""
    landed = bronze_place(versioned.table)
    news = changes_of(landed)
    keys = [column_name(column) for column in versioned.table.key]
    told = " and ".join(f"{key} is not null" for key in keys)
    place = TableRef("staging", versioned.model)
    return Recipe(
        unit=versioned.table.key,
        identity=ROW,
        routes=(
            Route((bronze_id(landed.name),), f"select distinct {', '.join(keys)} from {news} where {told}"),
        ),
        sql=versions_of_changes_sql(versioned, before=before_of(place), arrived=news),
        is_exact=True,
    )
