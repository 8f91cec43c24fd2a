"""A word that somebody said, held against those that may stand there."""

from __future__ import annotations

from collections.abc import Collection

from amalimart.core.errors import RequestError
from amalimart.core.names import nearest

_SHOWN = 100  # characters; the rest of a hostile word tells nobody anything


def one_of(said: str, known: Collection[str], where: str) -> str:
    """The word, where it is known. Raises RequestError that names the field and the nearest one."""
    if said not in known:
        raise RequestError(
            f"{where} cannot be {said[:_SHOWN]!r}",
            where=where,
            expected=", ".join(known),
            nearest=nearest(said[:_SHOWN], known),
            next_step="choose one of them",
        )
    return said
