"""Names: what a safe one looks like, which table is meant, which known one is nearest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_IDENTIFIER = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")


def is_identifier(name: str) -> bool:
    """Whether a name is a plain lower-case SQL identifier of at most 63 characters."""
    return bool(_IDENTIFIER.fullmatch(name))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like this one, or None where nothing is alike."""
    by_folded = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(name.lower(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def quoted(name: str) -> str:
    """A name as a quoted SQL identifier, whatever characters it holds."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True, order=True)
class TableRef:
    """A table of the warehouse: schema and name."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """The quoted form, safe to place in SQL text."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"
