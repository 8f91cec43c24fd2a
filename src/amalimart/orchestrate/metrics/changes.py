"""A project's metrics over time: what differs from before, what is written down, and what still has to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amalimart.access.policies import Policies
from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.governance.metric_ledger import VERSIONS_FILE, Ledger, packaged_ledger, read_ledger
from amalimart.governance.metric_versions import Recorded, VersionFinding, accepted, against_ledger
from amalimart.orchestrate.lineage.tracing import Uses
from amalimart.orchestrate.metrics.earlier_definitions import earlier_definitions
from amalimart.semantic.changes import Change, Weight, asked_names, changes_between
from amalimart.semantic.definition_files import DefinitionFiles, files_of
from amalimart.semantic.loading import PACKAGED, metric_places, model_of


@dataclass(frozen=True, slots=True)
class AffectedUse:
    """A page, or the policy of a role, that names what changed: `kind` is dashboard, scorecard or policy."""

    kind: str
    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetricDiff:
    """What differs, the heaviest first, and who uses what is more than words."""

    before: tuple[DefinitionFiles, ...]
    after: tuple[DefinitionFiles, ...]
    changes: tuple[Change, ...]
    affected: tuple[AffectedUse, ...]

    @property
    def changed_values(self) -> tuple[str, ...]:
        """The metrics whose number may be another one."""
        return tuple(each.name for each in self.changes if each.changes_value)


class MetricChanges:
    """What the commands ask. Every call reads the project's files anew."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._clock = clock

    @property
    def file(self) -> Path:
        """Where the project writes down what its metrics have meant."""
        return self._project.home / VERSIONS_FILE

    def diff(
        self,
        before: str | None,
        packaged: Path | None,
        pages: Uses,
        policies: Policies,
    ) -> MetricDiff:
        """What differs from a git ref, or a folder; of None, the project's files are as they are.

        `packaged` holds the packaged definitions of before, where they are others; `pages` are those that may
        name what changed. Raises RequestError, ConfigError.
        """
        overlay = self._project.overlay("metrics")
        now = (files_of(PACKAGED), files_of(overlay))
        earlier = now[1] if before is None else earlier_definitions(overlay, before)
        then = (now[0] if packaged is None else files_of(packaged), earlier)
        models = model_of(then), model_of(now)
        changes = changes_between(*models)
        heavy = [each for each in changes if each.weight is not Weight.COSMETIC]
        names = asked_names(models[0], heavy)
        for name, changed in asked_names(models[1], heavy).items():
            names.setdefault(name, set()).update(changed)
        uses = [(page.kind.value, page.plain, named) for page, named in pages.items()]
        uses += [
            ("policy", each.role.value, (each.metrics or frozenset()) | (each.dimensions or frozenset()))
            for each in policies
        ]
        affected = [
            AffectedUse(
                kind, name, tuple(sorted({each for used in names.keys() & named for each in names[used]}))
            )
            for kind, name, named in uses
        ]
        return MetricDiff(then, now, changes, tuple(each for each in affected if each.names))

    def ledger(self) -> Ledger:
        """What the packaged metrics and the project's own have meant. Raises ConfigError."""
        return read_ledger(self.file).over(packaged_ledger())

    def check(self) -> list[VersionFinding]:
        """Each metric that the project defines against what is written down. Raises ConfigError."""
        own = files_of(self._project.overlay("metrics"))
        model = model_of((files_of(PACKAGED), own))
        return against_ledger(model.metrics, metric_places(own), self.ledger(), read_ledger(self.file).names)

    def accept(self, names: Sequence[str], reason: str) -> list[VersionFinding]:
        """Write metrics down as they are now; of no names, all that lack an entry.

        Raises NotFound, RequestError for a changed meaning without a new version, ConfigError.
        """
        findings = self.check()
        model = model_of((files_of(PACKAGED), files_of(self._project.overlay("metrics"))))
        own = read_ledger(self.file)
        day = self._clock.now().date()
        fresh = accepted(findings, names, model.metrics, own, day, reason)
        self.file.write_text(fresh.text("amalimart metrics accept"), encoding="utf-8")
        return [
            each
            for each in findings
            if each.standing is not Recorded.YES and (not names or each.name in names)
        ]
