"""Which entities have a history, which of their columns it tells, and what it needs of a landed table.

A history outlives the row it tells of, so it holds no personal column: neither one that an entity marks
as such, nor one made from a source column that another entity does. What comes out of another table by a
lookup is not tracked, because only the current value of a lookup is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from amalimart.mapping.entities import Entity
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.staging.landed import history_view
from amalimart.warehouse.staging.present_values import origin_of, used_columns
from amalimart.warehouse.staging.staged import StagedPart, StagedTable

TRACKED: Mapping[str, tuple[str, ...]] = {
    "users": ("role", "customer_kind", "auth_provider", "is_verified", "is_enabled", "created_at"),
    "addresses": ("user_id", "city", "region", "country", "is_default", "created_at"),
    "vendors": (
        "user_id", "vendor_name", "city", "region", "country", "status", "commission_rate", "created_at",
    ),
    "products": (
        "vendor_id", "product_name", "sku", "price", "currency", "status", "is_active", "created_at",
    ),
    "product_categories": ("is_primary",),
}  # fmt: skip
"""Entity -> its columns, beside the key, whose former values are kept."""


@dataclass(frozen=True, slots=True)
class VersionedTable:
    """A landed table with the columns whose former values matter; `model` holds the versions of its rows."""

    table: StagedTable
    model: str
    columns: tuple[str, ...]

    @property
    def replaced(self) -> str:
        """The dbt source of what snapshots of the table replaced."""
        return f"{{{{ source('bronze', '{history_view(self.table.source, self.table.table)}') }}}}"

    @property
    def rows(self) -> str:
        """The dbt reference of that model."""
        return f"{{{{ ref('{self.model}') }}}}"


def tracked_entity(name: str, entity: Entity) -> Entity:
    """The entity with its key and tracked columns only."""
    kept = {*entity.key, *TRACKED[name]}
    return entity.model_copy(
        update={"columns": {column: spec for column, spec in entity.columns.items() if column in kept}}
    )


def tracked_part(staged: StagedPart) -> StagedPart | None:
    """The part with what is tracked of it; None where its key cannot be told from its own table."""
    entity = tracked_entity(staged.name, staged.entity)
    columns = {
        column: origin
        for column, origin in staged.part.columns.items()
        if column in entity.columns
        and origin.lookup is None
        and not staged.table.personal & set(staged.part.own_columns(column))
    }
    part = replace(staged.part, columns=columns, lookups={}, deduplicate=None)
    told = replace(staged, entity=entity, part=part, lookups={})
    has_key = all(origin_of(told, column) is not None for column in entity.key)
    row_key = set(staged.table.key)
    return (
        told if has_key and row_key and row_key <= set(staged.table.columns) - staged.table.personal else None
    )


def tracked_parts(staged: Mapping[str, Sequence[StagedPart]]) -> dict[str, list[StagedPart]]:
    """Entity -> its parts that can be tracked; every entity with a history is in it."""
    found = {}
    for name in TRACKED:
        told = (tracked_part(part) for part in staged.get(name, ()))
        found[name] = [part for part in told if part is not None]
    return found


def tables_with_history(mapping: SourceMapping) -> frozenset[str]:
    """The tables of a source whose former rows a history may be made from."""
    return frozenset(part.table for part in mapping.parts if part.entity in TRACKED)


def versioned_tables(parts: Iterable[StagedPart]) -> list[VersionedTable]:
    """The tables behind tracked parts, each once, with the columns that any of them reads."""
    tables: dict[str, StagedTable] = {}
    columns: dict[str, dict[str, None]] = {}
    for part in parts:
        tables[part.table.model] = part.table
        columns.setdefault(part.table.model, {}).update(dict.fromkeys(used_columns(part)))
    return [
        VersionedTable(
            table,
            versions_model(table),
            tuple(column for column in table.columns if column in columns[model]),
        )
        for model, table in tables.items()
    ]


def versions_model(table: StagedTable) -> str:
    """Name of the model of the versions of a table's rows."""
    return f"row_versions_{table.model.removeprefix('rows_')}"
