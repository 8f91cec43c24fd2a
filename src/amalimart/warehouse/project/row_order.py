"""In which order a whole build writes the rows of a table.

The engine keeps bounds of every column for each group of rows and skips groups that hold nothing that is
looked for. A table whose rows stand by day answers a question about some days from a few groups, and a
batch, which mostly changes what is recent, finds its rows in a few; without an order each lies in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalimart.core.errors import CompileFailed
from amalimart.core.names import nearest


def declared_order(unique_id: str, node: Mapping[str, Any]) -> list[str]:
    """The columns of `sorted_by` of a model's description; none where it does not say.

    Raises CompileFailed for what is no list of columns that the model describes.
    """
    declared = ((node["config"] or {}).get("meta") or {}).get("sorted_by", [])
    if not isinstance(declared, list) or not all(isinstance(column, str) for column in declared):
        raise CompileFailed(
            f"sorted_by of {node['name']} cannot be read: {declared!r}",
            where=unique_id,
            expected="a list of columns",
        )
    described = [str(column["name"]) for column in (node.get("columns") or {}).values()]
    for column in declared:
        if column not in described:
            raise CompileFailed(
                f"{node['name']} is sorted by {column}, which its description does not name",
                where=unique_id,
                expected=f"one of {', '.join(described)}" if described else "a described column",
                nearest=nearest(column, described),
                next_step="correct sorted_by in the model's description; see docs/models.md",
            )
    return list(declared)
