"""Roles that a file names, held against those that there are: the product's, and the project's own."""

from __future__ import annotations

from collections.abc import Iterable

from amalimart.access.principal import Role
from amalimart.config.strict_yaml import YamlDocument
from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest


def check_roles(document: YamlDocument, key: str, roles: Iterable[Role], known: tuple[Role, ...]) -> None:
    """Raise ConfigError, at its place under the key, for a role that there is not."""
    for position, role in enumerate(roles):
        if role not in known:
            raise ConfigError(
                f"{key}: there is no role {role.value!r}",
                where=document.where(key, position),
                expected=", ".join(known),
                nearest=nearest(role.value, known),
                next_step="correct it, or add its policy to policies/",
            )
