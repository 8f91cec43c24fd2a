"""The canonical entities: the contract between every mapping and every model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from amalimart.config.strict_yaml import StrictModel, read_yaml
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier

ENTITIES_FOLDER = Path(__file__).parent.parent / "marketplace" / "entities"


class ColumnType(StrEnum):
    """Type of a canonical column. Ids are text; money is DECIMAL(18,2)."""

    ID = "id"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    DATE = "date"
    ENUM = "enum"


class EntityColumn(StrictModel):
    """One column of an entity. A row whose required column is missing or unreadable is quarantined."""

    type: ColumnType
    description: str
    required: bool = False
    sensitivity: Literal["public", "internal", "personal"] = Field("internal", alias="class")
    references: str | None = None
    values: tuple[str, ...] = ()
    default: str | None = None


class Entity(StrictModel):
    """One kind of thing the marketplace knows; `key` identifies a row.

    person  of several references to users, the one that says whose a row is and whose its personal columns
    """

    description: str
    key: tuple[str, ...]
    person: str | None = None
    columns: dict[str, EntityColumn]


@cache
def load_entities(folder: Path = ENTITIES_FOLDER) -> Mapping[str, Entity]:
    """Every canonical entity by name. Raises ConfigError with file and line."""
    entities: dict[str, Entity] = {}
    for path in sorted(folder.glob("*.yml")):
        document = read_yaml(path)
        for name in document.data:
            entity = document.parse(Entity, name)
            where = document.where(name)
            if name in entities or not is_identifier(name):
                raise ConfigError(f"the entity name {name!r} is taken or not a plain name", where=where)
            for column, spec in entity.columns.items():
                if not is_identifier(column) or (spec.type is ColumnType.ENUM) != bool(spec.values):
                    raise ConfigError(
                        f"{name}.{column} is not a plain name, or has values without being an enum",
                        where=document.where(name, "columns", column),
                    )
            if _is_nobodys(entity):
                raise ConfigError(
                    f"{name} has personal columns and refers to several users",
                    where=where,
                    expected="`person:`, the column that says whose they are",
                )
            if not set(entity.key) <= set(entity.columns):
                raise ConfigError(f"the key of {name} names a column it does not have", where=where)
            entities[name] = entity
    return entities


def _is_nobodys(entity: Entity) -> bool:
    """Whether personal columns could be those of several users, or of a column that names none."""
    referring = [
        column for column, spec in entity.columns.items() if (spec.references or "").startswith("users.")
    ]
    if entity.person is not None:
        return entity.person not in referring
    is_personal = any(spec.sensitivity == "personal" for spec in entity.columns.values())
    return is_personal and len(referring) > 1
