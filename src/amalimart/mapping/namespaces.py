"""Namespaces of ids: what is put before an id so that ids of two places cannot be one.

An id stands in the namespace of the entity it names, so that a reference and what it refers to stay
equal: the key of an entity in the namespace of its part, a reference in that of the entity referred to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import ColumnType, load_entities
from amalimart.mapping.shape import NO_NAMESPACE, ColumnMapping, MappingFile, PartMapping


def namespaces_of(
    entity: str,
    part: PartMapping,
    columns: Mapping[str, ColumnMapping],
    parsed: MappingFile,
    where: Callable[..., str],
) -> Mapping[str, str]:
    """Canonical id column -> its namespace, for those that have one. A constant is an id as it stands.

    Raises ConfigError for a reference to an entity whose parts stand in several namespaces.
    """
    found: dict[str, str] = {}
    for column, origin in columns.items():
        spec = load_entities()[entity].columns.get(column)
        if spec is None or spec.type is not ColumnType.ID:
            if origin.namespace is not None:
                raise ConfigError(
                    f"{entity}.{column} is not an id, so it takes no namespace",
                    where=where("columns", column),
                )
            continue
        if origin.constant is None:
            stated = origin.namespace or _implied(entity, column, part, parsed, where)
            if stated not in {None, NO_NAMESPACE}:
                found[column] = str(stated)
    return found


def _implied(
    entity: str, column: str, part: PartMapping, parsed: MappingFile, where: Callable[..., str]
) -> str | None:
    known = load_entities()[entity]
    referred = (known.columns[column].references or "").partition(".")[0]
    if referred == entity or (not referred and column in known.key):
        return _stated(part, parsed)
    candidates = {_stated(other, parsed) for other in parsed.entities.get(referred, ())}
    if len(candidates) > 1:
        raise ConfigError(
            f"{entity}.{column} refers to {referred}, whose parts stand in several namespaces",
            where=where("columns", column),
            expected=f"`namespace:` on the column, one of {', '.join(sorted(map(str, candidates)))}",
            next_step="say which part of the entity the column refers to",
        )
    return next(iter(candidates), parsed.namespace)


def _stated(part: PartMapping, parsed: MappingFile) -> str:
    return part.namespace or parsed.namespace or NO_NAMESPACE
