"""What a definition says beyond what somebody who retells it can read.

Words and exports know the parts of a measure by name. One that definitions learn later must not be left out
of them in silence: it is named as it is called, until they can tell it better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields

from amalimart.semantic.formula import Leaf

_READ = frozenset(
    {"measure", "period", "is_previous", "ignores", "dataset", "aggregate", "field", "where", "time", "per"}
)


def unread_parts(leaf: Leaf) -> Iterator[str]:
    """The names of parts that are said and not known here."""
    for part in (leaf, leaf.measure):
        for each in fields(part):
            if each.name not in _READ and (
                each.default is MISSING or getattr(part, each.name) != each.default
            ):
                yield each.name.replace("_", " ")
