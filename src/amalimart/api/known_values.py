"""Values of dimensions by their keys, as far as the reader may see them."""

from __future__ import annotations

from amalimart.access.principal import Principal
from amalimart.api.ports.asking import SemanticPort


def label_of(dimension: str, key: str, principal: Principal, semantic: SemanticPort) -> str | None:
    """What a value is called; None where the reader sees no such value. Raises as asking for values does."""
    found = semantic.values(dimension, principal, search=key, limit=1)
    return next((each.label for each in found if each.key == key), None)
