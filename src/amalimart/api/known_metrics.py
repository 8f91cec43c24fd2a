"""Metrics by any of their names, as far as the reader may ask for them."""

from __future__ import annotations

from typing import Any

from amalimart.access.principal import Principal
from amalimart.api.ports.asking import SemanticPort
from amalimart.core.errors import UnknownName
from amalimart.core.names import nearest


def known_metric(name: str, principal: Principal, semantic: SemanticPort) -> Any:
    """The metric of a name or an alias, as it is listed.

    Raises UnknownName, also for one that the reader may not ask: whoever may not see it learns nothing of it.
    """
    known = {
        spelling: each
        for each in semantic.metrics(principal)
        for spelling in (*getattr(each, "aliases", ()), each.name)
    }
    if name not in known:
        raise UnknownName(
            f"no metric is called {name[:100]!r}",
            expected="a name that `amalimart metrics list` and the catalogue show",
            nearest=nearest(name[:100], known),
            next_step="run: amalimart metrics list",
        )
    return known[name]
