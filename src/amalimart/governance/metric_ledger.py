"""The ledger of what each metric has meant: version, hash, day and what changed, oldest first.

The package keeps one of its own metrics and a project one of those it defines, in a file beside
amalimart.yml.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import Field

import amalimart
from amalimart.config.strict_yaml import StrictModel, read_yaml
from amalimart.core.errors import ConfigError

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
