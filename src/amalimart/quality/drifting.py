"""How the shape of a source differs from what the mapping reads and from the shape that was last known.

    additive   a table or column that the mapping says nothing about
    widening   a landed column holds more than it did
    breaking   a landed table or column is gone, renamed, narrower, or of another type

A difference is told until the mapping says something about it, or somebody acknowledges it: what the source
has then becomes the known shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from amalimart.core.errors import AmalimartError
from amalimart.core.quality import QualityResult, Severity
from amalimart.mapping.catalog_check import Catalog, misfits
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.looking import Look, counted
from amalimart.quality.shapes import DriftShape
from amalimart.quality.type_changes import TypeChange, type_change

_EXPECTED = "the shape that the mapping and the last look know"


class Drift(IntEnum):
    """How bad a difference is."""

    ADDITIVE = 1
    WIDENING = 2
    BREAKING = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference of a table, in words."""

    drift: Drift
    what: str


def check_drift(check: DeclaredCheck, shape: DriftShape, look: Look) -> Iterator[QualityResult]:
    """One result for each table that differs; for a source without any, one that says so."""
    for source in look.sources(check, shape.sources):
        try:
            seen = look.shapes.shape(source)
        except AmalimartError as error:
            yield look.told(check, source).cannot_tell(
                _EXPECTED, f"{source} cannot be looked at: {error.what}"
            )
            continue
        known = look.known_shapes.known(source)
        look.known_shapes.saw(source, seen)
        yield from _of_source(check, look, source, seen, known)


def _of_source(
    check: DeclaredCheck, look: Look, source: str, seen: Catalog, known: Catalog | None
) -> Iterator[QualityResult]:
    differing = differences(look.mappings[source], seen, known or seen)
    for table, found in sorted(differing.items()):
        worst = max(each.drift for each in found)
        words = "; ".join(each.what for each in found)
        severity = check.severity if worst is Drift.BREAKING else Severity.WARNING
        yield look.told(check, f"{source}.{table}").failed(
            _EXPECTED,
            f"{worst.name.lower()}: {words}",
            f"{source}.{table} has changed ({worst.name.lower()}): {words}",
            severity,
        )
    if not differing:
        since = "as it was last known" if known is not None else "not looked at before"
        yield look.told(check, source).passed(
            _EXPECTED,
            counted(len(seen), "table"),
            f"the shape of {source} is what the mapping reads, {since}",
        )


def differences(
    mapping: SourceMapping, seen: Catalog, known: Catalog
) -> Mapping[str, tuple[Difference, ...]]:
    """Table -> what is different of it."""
    whole = mapping.renamed(seen)
    found: dict[str, list[Difference]] = {}
    for table in sorted(whole.landed):
        told = list(_of_table(whole, table, seen.get(table), known.get(table, {})))
        if told:
            found[table] = told
    for table, misfit in misfits(mapping, seen).items():
        if not any(each.drift is Drift.BREAKING for each in found.get(table, ())):
            found.setdefault(table, []).append(Difference(Drift.BREAKING, misfit.what))
    for table in sorted(set(seen) - set(whole.tables)):
        found[table] = [Difference(Drift.ADDITIVE, "a table that the mapping says nothing about")]
    return {table: tuple(told) for table, told in found.items()}


def _of_table(
    mapping: SourceMapping, table: str, seen: Mapping[str, str] | None, known: Mapping[str, str]
) -> Iterator[Difference]:
    if seen is None:
        if known:
            yield Difference(Drift.BREAKING, "the table is gone, or may not be seen any more")
        return
    landed, spec = mapping.landed[table], mapping.tables[table]
    unlisted = [c for c in seen if c not in {*landed, *spec.secret, *spec.ignored}]
    gone = [column for column in landed if column in known and column not in seen]
    for column in gone:
        heirs = [new for new in unlisted if new not in known and seen[new] == known[column]]
        renamed = f"; is it {heirs[0]} now?" if len(heirs) == 1 and len(gone) == 1 else ""
        yield Difference(Drift.BREAKING, f"the column {column} is gone{renamed}")
    for column in landed:
        if column in known and column in seen:
            change = type_change(known[column], seen[column])
            words = f"{column} was {known[column]} and is {seen[column]}"
            if change is TypeChange.WIDENED:
                yield Difference(Drift.WIDENING, words)
            elif change is not TypeChange.SAME:
                yield Difference(Drift.BREAKING, f"{words} ({change})")
    for column in unlisted:
        yield Difference(Drift.ADDITIVE, f"the column {column} is not in the mapping")
