"""Pages that a role may open, by name: one that it may not open is as one that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from amalimart.core.errors import NotFound
from amalimart.core.names import nearest


class Named(Protocol):
    """A page that is asked for by its name."""

    @property
    def name(self) -> str: ...


Page = TypeVar("Page", bound=Named)


def opened(kind: str, name: str, allowed: Iterable[Page]) -> Page:
    """The page of that name among those that the reader may open. Raises NotFound."""
    by_name = {each.name: each for each in allowed}
    if name in by_name:
        return by_name[name]
    raise NotFound(
        f"There is no {kind} {name!r} for you.",
        expected=", ".join(by_name) or None,
        nearest=nearest(name, by_name),
        next_step="open one of yours from the menu",
    )
