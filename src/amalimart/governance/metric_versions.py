"""The ledger of what each metric has meant: version, hash, day and what changed, oldest first.

The package keeps one of its own metrics and a project one of those it defines, in a file beside
amalimart.yml. A metric whose meaning is not the one last written down has changed without a word; one that
changed and still declares the version of before would show two numbers under one version. Neither is let
through.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from pydantic import Field

import amalimart
from amalimart.config.strict_yaml import StrictModel, read_yaml
from amalimart.core.errors import ConfigError, NotFound, RequestError
from amalimart.core.names import nearest
from amalimart.semantic.model import Metric

VERSIONS_FILE = "metric_versions.yml"
PACKAGED_VERSIONS = Path(amalimart.__file__).parent / "marketplace" / VERSIONS_FILE
_HEAD = """\
# What each metric has meant, oldest first. Written by {written_by}; do not edit what stands here.
metrics:
"""


class VersionShape(StrictModel):
    """One meaning of a metric; without a hash, that it went."""

    version: int = Field(ge=1)
    hash: str | None = Field(pattern=r"^[0-9a-f]{16}$")
    date: date
    what: str = Field(min_length=1)


class VersionsFile(StrictModel):
    """A ledger."""

    metrics: dict[str, tuple[VersionShape, ...]] = {}


@dataclass(frozen=True, slots=True)
class MetricVersion:
    """One meaning of a metric, and what was different from the one before. `hash` None: it went."""

    version: int
    hash: str | None
    date: date
    what: str


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


class Ledger:
    """Every meaning that was written down, by the metric's name."""

    def __init__(self, entries: Mapping[str, Sequence[MetricVersion]]) -> None:
        self._entries = {name: tuple(found) for name, found in entries.items()}

    def of(self, name: str) -> tuple[MetricVersion, ...]:
        """The meanings of one metric, the oldest first."""
        return self._entries.get(name, ())

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric that anything was written down of."""
        return tuple(self._entries)

    def over(self, earlier: Ledger) -> Ledger:
        """Both, the other's entries first: what a project says of a packaged metric goes on from there."""
        names = dict.fromkeys((*earlier.names, *self.names))
        return Ledger({name: (*earlier.of(name), *self.of(name)) for name in names})

    def with_entry(self, name: str, entry: MetricVersion) -> Ledger:
        """The same with one entry more."""
        return Ledger({**self._entries, name: (*self.of(name), entry)})

    def text(self, written_by: str) -> str:
        """The file that says it."""
        lines = [_HEAD.format(written_by=written_by).removesuffix("\n")]
        for name in sorted(self._entries):
            lines.append(f"  {name}:")
            lines += [
                f"    - {{version: {each.version}, hash: {json.dumps(each.hash)}, date: {each.date},"
                f" what: {json.dumps(each.what, ensure_ascii=False)}}}"
                for each in self._entries[name]
            ]
        if not self._entries:
            lines[-1] += " {}"
        return "\n".join(lines) + "\n"


def read_ledger(path: Path) -> Ledger:
    """The ledger of a file; an empty one where there is none. Raises ConfigError."""
    if not path.is_file():
        return Ledger({})
    document = read_yaml(path)
    found = document.parse(VersionsFile).metrics
    for name, entries in found.items():
        numbers = [entry.version for entry in entries]
        if numbers != sorted(set(numbers)):
            raise ConfigError(
                f"the versions of {name} do not go up: {', '.join(map(str, numbers))}",
                where=document.where("metrics", name),
                expected="each version once, the oldest first",
                next_step="take the entry back that was added last",
            )
    return Ledger(
        {
            name: [MetricVersion(each.version, each.hash, each.date, each.what) for each in entries]
            for name, entries in found.items()
        }
    )


def packaged_ledger() -> Ledger:
    """What the packaged metrics have meant."""
    return read_ledger(PACKAGED_VERSIONS)


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
