"""Whether one policy permits more than another, as no copy and no role of a project's own may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from amalimart.access.policy import Policy
from amalimart.access.rules import AllRows, DataClass, Mask, ScanRule

Columns = Callable[[str], Iterable[tuple[str, DataClass]]]
Place = tuple[str, ...]


def wider_than(policy: Policy, than: Policy, columns: Columns) -> Iterator[tuple[str, Place]]:
    """All that the policy permits and the other does not: what it is, and where it stands in the file.

    `columns` are those of a dataset, each with its class.
    """
    for kind in sorted(policy.classes - than.classes):
        yield f"columns of the class {kind.value}", ("classes",)
    yield from _more(policy.metrics, than.metrics, "metrics")
    yield from _more(policy.dimensions, than.dimensions, "dimensions")
    if policy.rules is None and than.rules is not None:
        yield "all datasets", ("datasets",)
        return
    for name, rule in _rules(policy, than):
        other = than.scan_rule(name)
        if other is None:
            yield f"the dataset {name}", ("datasets", name)
            continue
        if rule.rows != other.rows and not isinstance(other.rows, AllRows):
            yield f"other rows of {name}", ("datasets", name, "rows")
        for column, kind in columns(name):
            if _shows_more(rule, other, column, kind):
                place = ("masks", name, column) if column in rule.masks else ("datasets", name, "columns")
                yield f"the column {column} of {name}", place
    if policy.peers is not None:
        permitted = than.metrics if than.peers is None else than.peers.metrics
        for metric in sorted(policy.peers.metrics - (permitted or policy.peers.metrics)):
            yield f"figures of others for {metric}", ("peers", "metrics")


def _more(
    names: frozenset[str] | None, others: frozenset[str] | None, kind: str
) -> Iterator[tuple[str, Place]]:
    if others is None:
        return
    if names is None:
        yield f"all {kind}", (kind,)
        return
    for name in sorted(names - others):
        yield f"{name} among its {kind}", (kind,)


def _rules(policy: Policy, than: Policy) -> Iterator[tuple[str, ScanRule]]:
    for name in policy.rules if policy.rules is not None else sorted({*policy.masks, *than.masks}):
        rule = policy.scan_rule(name)
        if rule is not None:
            yield name, rule


def _shows_more(rule: ScanRule, other: ScanRule, column: str, kind: DataClass) -> bool:
    """Whether a column is shown where the other does not show it, or less masked."""
    if other.allows(column, kind):
        return False
    if (mask := rule.masks.get(column)) is not None:
        return mask not in {Mask.EMPTY, other.masks.get(column)}
    return rule.allows(column, kind)
