"""What a statement did to a table, as far as its rows do not tell it themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from amalimart.sources.mysql.types import SourceType

Table = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Created:
    """A table of that name is there now; `if_new` where it may have been there before, unchanged."""

    table: Table
    if_new: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A table is gone, or has another name; without a name in `table`, all tables of the schema."""

    schema: str
    table: str | None
    renamed_to: str | None = None


@dataclass(frozen=True, slots=True)
class Truncated:
    """A table has lost all its rows."""

    table: Table


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Rows of a table may have changed without telling."""

    table: Table
    how: str


@dataclass(frozen=True, slots=True)
class Altered:
    """A table has other columns.

    added    names
    gone     name -> its new one, or None where it was dropped
    retyped  name -> its new type; None where that is not understood
    """

    table: Table
    added: frozenset[str] = frozenset()
    gone: Mapping[str, str | None] = field(default_factory=dict)
    retyped: Mapping[str, SourceType | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Versioned:
    """A table of MariaDB keeps its history from now on, among its rows."""

    table: Table


Effect = Created | Dropped | Truncated | Rewritten | Altered | Versioned
