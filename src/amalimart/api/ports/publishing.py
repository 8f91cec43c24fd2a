"""What is published, and what it is made of, as far as the HTTP door asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from amalimart.catalog.lineage import Lineage, Node
from amalimart.control.deciding import Decider
from amalimart.core.calendar import DayRange
from amalimart.core.glossary import GlossaryTable
from amalimart.core.models import ModelRebuild, PublishedProject, Rebuilt
from amalimart.core.releases import Acceptance, BlockedBuild, ReleaseDetail, ReleaseDifference, ReleaseSummary
from amalimart.core.rollup_reports import DeclaredRollup, RollupAdvice
from amalimart.semantic.definition_files import DefinitionFiles


@dataclass(frozen=True, slots=True)
class PublishedRelease:
    """The release that answers come from now. Instants are UTC."""

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None


class ReleaseFeed(Protocol):
    """Knows the newest release without asking the engine; called at every poll of every open page."""

    def latest(self) -> PublishedRelease | None:
        """The newest release, or None while there is none yet."""
        ...


class ModelsPort(Protocol):
    """The models of the warehouse, as far as operators ask for them."""

    def published(self) -> PublishedProject:
        """What the published release holds, model by model."""
        ...

    def rebuild(self, wish: ModelRebuild, by: str) -> Rebuilt:
        """Build what is asked for anew, in a release of its own; `by` is who asks."""
        ...


class RollupsPort(Protocol):
    """Rollups, as far as operators ask for them."""

    def declared(self) -> tuple[DeclaredRollup, ...]: ...

    def advice(self) -> RollupAdvice: ...


class LineagePort(Protocol):
    """What the published release is made of, column by column, and which checks look at it."""

    def lineage(self) -> Lineage:
        """From the columns of the sources to the dashboards. Raises WarehouseError."""
        ...

    def checks(self) -> Mapping[str, frozenset[Node]]:
        """Check -> the columns and rows that it reads."""
        ...


class GlossaryPort(Protocol):
    """The tables that models make, in words."""

    def tables(self) -> tuple[GlossaryTable, ...]:
        """Every published table that a file describes, by name. Raises NothingPublished."""
        ...


class ReleasesPort(Protocol):
    """Releases and blocked builds. What is not there raises NotFound."""

    def releases(self, limit: int) -> tuple[ReleaseSummary, ...]: ...

    def release(self, release_id: int) -> ReleaseDetail: ...

    def difference(self, one: int, other: int) -> ReleaseDifference: ...

    def blocked(self, limit: int) -> tuple[BlockedBuild, ...]: ...

    def blocked_build(self, number: int | None) -> BlockedBuild:
        """One of them, or of None the newest."""
        ...

    def accepted(self) -> tuple[Acceptance, ...]:
        """What may fail by somebody's word now."""
        ...

    def accept(self, number: int, decider: Decider, reason: str) -> tuple[Acceptance, ...]:
        """Let the checks of a blocked build fail. Raises RequestError."""
        ...

    def revoke(self, number: int, decider: Decider, reason: str | None) -> tuple[Acceptance, ...]:
        """Take that back."""
        ...


class MetricEffectsPort(Protocol):
    """What a change of definitions does to numbers."""

    def measure(
        self,
        before: Sequence[DefinitionFiles],
        after: Sequence[DefinitionFiles],
        metrics: Sequence[str],
        days: DayRange,
        today: date,
    ) -> Any:
        """One number of each metric on either side, as a frozen dataclass. Raises ConfigError."""
        ...
