"""Columns that are made of personal columns of a source and are not classified personal themselves.

Staging is generated with the classes of the mapping, and is left out. Values are followed, not rows: a count
of people is made of no name. What is made of personal values and says nothing of a person is declared in
governance.yml, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from amalimart.catalog.lineage import Kind, Lineage, Node

_GENERATED = "staging."


@dataclass(frozen=True, slots=True)
class PersonalFlow:
    """A column that ought to be classified personal, and the source columns that its values come from."""

    column: str
    made_of: tuple[str, ...]


def unmarked_personal_columns(
    lineage: Lineage,
    personal_sources: Collection[str],
    marked: Collection[str],
    declared: Mapping[str, str],
) -> tuple[PersonalFlow, ...]:
    """Every such column. `marked` are those that are classified personal, `declared` those that say why not.

    All names are `schema.table.column`, of a source `source.table.column`.
    """
    found: dict[str, set[str]] = {}
    for source in personal_sources:
        for each in lineage.used_by(Node(Kind.SOURCE, source)):
            name = each.node.name
            if each.node.kind is not Kind.COLUMN or name.startswith(_GENERATED):
                continue
            if name not in marked and name not in declared:
                found.setdefault(name, set()).add(source)
    return tuple(PersonalFlow(name, tuple(sorted(sources))) for name, sources in sorted(found.items()))
