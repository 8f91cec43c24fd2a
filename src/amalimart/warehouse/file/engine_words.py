"""What the engine says of a name it does not know, and the nearest of those that it offers."""

from __future__ import annotations

import re

from amalimart.core.names import nearest

_UNKNOWN = re.compile(r'(?:[Cc]olumn|does not have a column)\s+(?:named\s+)?"([^"]+)"')
_OFFERED = re.compile(r"Candidate bindings?: (.*)")
_MEANT = re.compile(r'Did you mean "([^"]+)"')
_QUOTED = re.compile(r'"([^"]+)"')


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
