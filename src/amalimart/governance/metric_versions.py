"""Metrics against the ledger of what they have meant.

A metric whose meaning is not the one last written down has changed without a word; one that changed and
still declares the version of before would show two numbers under one version. Neither is let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from amalimart.core.errors import NotFound, RequestError
from amalimart.core.names import nearest
from amalimart.governance.metric_ledger import Ledger, MetricVersion
from amalimart.semantic.defined import Metric


class Recorded(StrEnum):
    """How a definition stands to the ledger."""

    YES = "recorded"
    NEW = "new"
    CHANGED = "changed"  # under a version of its own: what changed is still to be written down
    NO_BUMP = "changed without a new version"
    GONE = "gone"  # nothing defines it any more


@dataclass(frozen=True, slots=True)
class VersionFinding:
    """One metric against the ledger. `declared` None: it is gone; `recorded` None: it is new."""

    name: str
    standing: Recorded
    declared: int | None
    recorded: int | None
    where: str

    @property
    def next_step(self) -> str | None:
        """What puts it right."""
        if self.standing is Recorded.YES:
            return None
        if self.standing is Recorded.NO_BUMP:
            return f"write `version: {(self.recorded or 0) + 1}` at {self.where}"
        return f"amalimart metrics accept {self.name} --reason TEXT"


def against_ledger(
    metrics: Mapping[str, Metric], places: Mapping[str, str], ledger: Ledger, kept: Iterable[str]
) -> list[VersionFinding]:
    """Each metric that `places` define, and each of `kept` that nothing defines any more."""
    found = [_standing(metrics[name], where, ledger.of(name)) for name, where in places.items()]
    for name in kept:
        entries = ledger.of(name)
        if name not in metrics and entries and entries[-1].hash is not None:
            found.append(VersionFinding(name, Recorded.GONE, None, entries[-1].version, f"metric {name}"))
    return found


def _standing(metric: Metric, where: str, entries: Sequence[MetricVersion]) -> VersionFinding:
    last = entries[-1] if entries else None
    if last is None:
        standing = Recorded.NEW
    elif (last.version, last.hash) == (metric.version, metric.definition_hash):
        standing = Recorded.YES
    else:
        standing = Recorded.CHANGED if metric.version > last.version else Recorded.NO_BUMP
    return VersionFinding(metric.name, standing, metric.version, last.version if last else None, where)


def accepted(
    findings: Sequence[VersionFinding],
    names: Sequence[str],
    metrics: Mapping[str, Metric],
    ledger: Ledger,
    day: date,
    reason: str,
) -> Ledger:
    """The ledger with these metrics as they are now; of no names, all that lack an entry.

    Raises NotFound for an unknown name, RequestError for one that is recorded, declares no new version, or
    without a reason.
    """
    if not (reason := " ".join(reason.split())):
        raise RequestError("no reason was given", expected="one line that says what changed")
    by_name = {each.name: each for each in findings}
    for name in names:
        if name not in by_name:
            raise NotFound(
                f"no metric that is defined here is called {name!r}",
                nearest=nearest(name[:100], by_name),
                next_step="amalimart metrics check lists those that lack an entry",
            )
        if by_name[name].standing is Recorded.YES:
            raise RequestError(
                f"{name} is written down as it is",
                next_step="amalimart metrics check lists what lacks an entry",
            )
    chosen = [by_name[name] for name in names] if names else findings
    for each in chosen:
        if each.standing is Recorded.YES:
            continue
        if each.standing is Recorded.NO_BUMP:
            raise unbumped([each])
        metric = metrics.get(each.name)
        entry = MetricVersion(
            metric.version if metric else (each.recorded or 0) + 1,
            metric.definition_hash if metric else None,
            day,
            reason,
        )
        ledger = ledger.with_entry(each.name, entry)
    return ledger


def unbumped(found: Sequence[VersionFinding]) -> RequestError:
    """The refusal of meanings that changed under the version of before."""
    names = ", ".join(each.name for each in found)
    return RequestError(
        f"the meaning of {names} changed, and the version did not",
        where=", ".join(each.where for each in found),
        expected="; ".join(f"{each.name}: version {(each.recorded or 0) + 1}" for each in found),
        next_step="write the new version into the definition, then amalimart metrics accept",
    )
