"""What the engine complains of, in the words of the product."""

from __future__ import annotations

import re

import duckdb

from amalimart.core.errors import AmalimartError, DiskFull, WarehouseError
from amalimart.core.names import nearest

_UNKNOWN = re.compile(r'(?:[Cc]olumn|does not have a column)\s+(?:named\s+)?"([^"]+)"')
_OFFERED = re.compile(r"Candidate bindings?: (.*)")
_MEANT = re.compile(r'Did you mean "([^"]+)"')
_QUOTED = re.compile(r'"([^"]+)"')
_NO_SPACE = (
    "no space left",
    "not enough space",
    "file too large",
    "disk quota exceeded",
    "max_temp_directory_size",
)


def unknown_column(complaint: str) -> str | None:
    """The column that the engine does not find, if that is its complaint."""
    found = _UNKNOWN.search(complaint)
    return found[1] if found else None


def nearest_named(complaint: str) -> str | None:
    """The name that was most likely meant, of those in the engine's own complaint."""
    meant = _MEANT.search(complaint)
    if meant:
        return meant[1]
    wanted, offered = unknown_column(complaint), _OFFERED.search(complaint)
    if wanted is None or offered is None:
        return None
    return nearest(wanted, [name.rpartition(".")[2] for name in _QUOTED.findall(offered[1])])


def engine_error(error: duckdb.Error, where: str) -> AmalimartError:
    """The typed form of an engine's complaint."""
    text = str(error).splitlines()[0]
    if any(words in str(error).lower() for words in _NO_SPACE):
        return DiskFull(
            "no space left while writing the warehouse",
            where=where,
            next_step="free some space; the published release is untouched",
        )
    return WarehouseError(f"the engine refused: {text}", where=where)
