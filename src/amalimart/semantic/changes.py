"""What is different between two semantic models, and for whom it matters.

A change is cosmetic where texts alone differ, additive where questions of before are answered as before and
new ones can be asked, and breaking where a question of before is answered otherwise, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from amalimart.semantic.defined import GRAINS, Dimension, Grouping, Metric
from amalimart.semantic.model import SemanticModel


class Weight(StrEnum):
    """How much a change matters, the heaviest first."""

    BREAKING = "breaking"
    ADDITIVE = "additive"
    COSMETIC = "cosmetic"


class Kind(StrEnum):
    """What changed."""

    METRIC = "metric"
    DIMENSION = "dimension"


@dataclass(frozen=True, slots=True)
class Difference:
    """One respect in which a definition differs."""

    weight: Weight
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """One definition that differs, is new or is gone.

    before, after  version and hash of a metric's meaning; None where it was not there, or of a dimension
    lacks_version  the meaning changed under the version of before
    metrics        other metrics that are made of it, as they are now or were
    """

    kind: Kind
    name: str
    differences: tuple[Difference, ...]
    before: tuple[int, str] | None
    after: tuple[int, str] | None
    lacks_version: bool
    metrics: tuple[str, ...]

    @property
    def weight(self) -> Weight:
        """That of the heaviest difference."""
        order = list(Weight)
        return min((each.weight for each in self.differences), key=order.index)

    @property
    def changes_value(self) -> bool:
        """Whether it answers with another number, or only now, or no more."""
        hashes = [side[1] if side else None for side in (self.before, self.after)]
        return self.kind is Kind.METRIC and hashes[0] != hashes[1]


def changes_between(before: SemanticModel, after: SemanticModel) -> tuple[Change, ...]:
    """Every definition that differs, the heaviest first, then by name."""
    found = [*_metric_changes(before, after), *_dimension_changes(before, after)]
    order = list(Weight)
    return tuple(sorted(found, key=lambda each: (order.index(each.weight), each.kind, each.name)))


def _metric_changes(before: SemanticModel, after: SemanticModel) -> Iterator[Change]:
    for name in dict.fromkeys((*before.metrics, *after.metrics)):
        old, new = before.metrics.get(name), after.metrics.get(name)
        differences = tuple(_metric_differences(before, after, old, new))
        if differences:
            lacks = old is not None and new is not None and _lacks_version(old, new)
            made_of_it = {
                metric.name
                for model in (before, after)
                for metric in model.metrics.values()
                if name in metric.components
            }
            yield Change(
                Kind.METRIC, name, differences, _meaning(old), _meaning(new), lacks, tuple(sorted(made_of_it))
            )


def _meaning(metric: Metric | None) -> tuple[int, str] | None:
    return (metric.version, metric.definition_hash) if metric else None


def _lacks_version(old: Metric, new: Metric) -> bool:
    return old.definition_hash != new.definition_hash and new.version <= old.version


def _metric_differences(
    before: SemanticModel, after: SemanticModel, old: Metric | None, new: Metric | None
) -> Iterator[Difference]:
    if old is None or new is None:
        yield Difference(Weight.ADDITIVE, "new") if old is None else Difference(Weight.BREAKING, "removed")
        return
    if old.definition_hash != new.definition_hash:
        changed = sorted(
            name
            for name in old.components & new.components
            if before.metrics[name].definition_hash != after.metrics[name].definition_hash
        )
        through = f", through {', '.join(changed)}" if changed else ""
        yield Difference(Weight.BREAKING, f"another meaning{through}")
    if old.unit is not new.unit:
        yield Difference(Weight.BREAKING, f"the unit is {new.unit}, and was {old.unit}")
    yield from _names("alias", set(old.aliases), set(new.aliases))
    # A dimension that came or went is a change of its own, not one of every metric that it groups.
    both = before.dimensions.keys() & after.dimensions.keys()
    ways = [{each.name for each in model.reachable(side)} for model, side in ((before, old), (after, new))]
    yield from _names("dimension", ways[0] & both, ways[1] & both)
    for name in sorted(set(old.aliases) & set(new.aliases)):
        if old.aliases[name] != new.aliases[name]:
            yield Difference(Weight.BREAKING, f"{name} answers {_grouping(new.aliases[name])}")
    if old.default != new.default:
        yield Difference(Weight.BREAKING, f"it usually answers {_grouping(new.default)}")
    yield from _additivity(old, new)
    yield from _needs(old, new)
    words = {
        "label": (old.label, new.label),
        "description": (old.description, new.description),
        "description_fr": (old.description_fr, new.description_fr),
        "owner": (old.owner, new.owner),
        "notes": (old.notes, new.notes),
        "hints": (old.hints, new.hints),
        "subject": (old.subject, new.subject),
        "example": (old.example, new.example),
        "version": (old.version, new.version),
    }
    yield from _words(words)


def _names(what: str, old: set[str], new: set[str]) -> Iterator[Difference]:
    for weight, names, verb in ((Weight.BREAKING, old - new, "lost"), (Weight.ADDITIVE, new - old, "has")):
        if names:
            yield Difference(weight, f"{verb} the {what} {', '.join(sorted(names))}")


def _grouping(grouping: Grouping) -> str:
    parts = (*grouping.by, *((grouping.grain.value,) if grouping.grain else ()))
    return f"by {', '.join(parts)}" if parts else "with one number"


def _additivity(old: Metric, new: Metric) -> Iterator[Difference]:
    """Whoever adds groups up must not go on where the sum has become wrong."""
    was, now = old.non_additive, new.non_additive
    if was == now:
        return
    is_less = now is None or (was is not None and not now <= was)
    weight = Weight.BREAKING if is_less else Weight.ADDITIVE
    over = "anything" if now is None else ", ".join(sorted(now))
    yield Difference(weight, f"does not add up over {over}" if over else "adds up over everything")


def _needs(old: Metric, new: Metric) -> Iterator[Difference]:
    was, now = set(old.needs), set(new.needs)
    if now - was:
        yield Difference(Weight.BREAKING, "needs more of a source")
    elif was - now:
        yield Difference(Weight.ADDITIVE, "needs less of a source")


def _words(words: dict[str, tuple[object, object]]) -> Iterator[Difference]:
    for what, (old, new) in words.items():
        if old != new:
            yield Difference(Weight.COSMETIC, f"{'other' if what.endswith('s') else 'another'} {what}")


def _dimension_changes(before: SemanticModel, after: SemanticModel) -> Iterator[Change]:
    for name in dict.fromkeys((*before.dimensions, *after.dimensions)):
        old, new = before.dimensions.get(name), after.dimensions.get(name)
        differences = tuple(_dimension_differences(before, after, old, new))
        if differences:
            metrics = {
                metric.name
                for model, dimension in ((before, old), (after, new))
                if dimension is not None
                for metric in model.metrics.values()
                if dimension in model.reachable(metric)
            }
            heavy = any(each.weight is Weight.BREAKING for each in differences)
            affected = tuple(sorted(metrics)) if heavy else ()
            yield Change(Kind.DIMENSION, name, differences, None, None, lacks_version=False, metrics=affected)


def _dimension_differences(
    before: SemanticModel, after: SemanticModel, old: Dimension | None, new: Dimension | None
) -> Iterator[Difference]:
    if old is None or new is None:
        yield Difference(Weight.ADDITIVE, "new") if old is None else Difference(Weight.BREAKING, "removed")
        return
    if old.type is not new.type:
        yield Difference(Weight.BREAKING, f"the type is {new.type}, and was {old.type}")
    if _read(before, old) != _read(after, new):
        yield Difference(Weight.BREAKING, "other values")
    if (old.bucket, old.elapsed) != (new.bucket, new.elapsed):
        yield Difference(Weight.BREAKING, "other buckets")
    yield from _names("synonym", set(old.synonyms), set(new.synonyms))
    yield from _words(
        {
            "label": (old.label, new.label),
            "description": (old.description, new.description),
            "description_fr": (old.description_fr, new.description_fr),
            "owner": (old.owner, new.owner),
            "drill": (old.drill, new.drill),
        }
    )


def _read(model: SemanticModel, dimension: Dimension) -> tuple[object, ...]:
    """The columns that it is read from, as they stand in the warehouse, and the values it can have."""
    sources = [(str(model.datasets[dataset].table), field) for dataset, field in dimension.sources]
    lookup = dimension.lookup
    label = (str(model.datasets[lookup.dataset].table), lookup.label) if lookup else None
    return tuple(sources), label, dimension.values


def asked_names(model: SemanticModel, changes: Iterable[Change]) -> dict[str, set[str]]:
    """Every name by which a question asks for what changed, aliases too -> the changed definitions."""
    found: dict[str, set[str]] = {}
    for change in changes:
        names = {change.name}
        if change.kind is Kind.METRIC and change.name in model.metrics:
            names |= set(model.metrics[change.name].aliases)
        if change.kind is Kind.DIMENSION and change.name in model.dimensions:
            names |= set(model.dimensions[change.name].synonyms)
        for name in names - GRAINS:
            found.setdefault(name, set()).add(change.name)
    return found
