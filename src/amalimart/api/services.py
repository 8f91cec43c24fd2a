"""What the HTTP door needs from the other rooms, as one frozen object. Owns no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.definition import Dashboard
from amalimart.api.dashboards.kept_pages import KeptPages
from amalimart.api.dashboards.library import NameUse
from amalimart.api.dashboards.translating import Sayings
from amalimart.api.language import Language
from amalimart.api.ports.asking import PeersPort, SemanticPort
from amalimart.api.ports.coming_in import DemoAccount, EmbedPort, SignInOptions
from amalimart.api.ports.publishing import (
    GlossaryPort,
    LineagePort,
    MetricEffectsPort,
    ModelsPort,
    ReleaseFeed,
    ReleasesPort,
    RollupsPort,
)
from amalimart.api.ports.question_files import QuestionFilesPort
from amalimart.api.ports.running_the_house import (
    ChannelTestPort,
    DeliveriesPort,
    IncidentsPort,
    OperatingPort,
    OperationsPort,
    PrivacyPort,
    QualityPort,
    SchedulesPort,
    UsagePort,
    VisitsPort,
)
from amalimart.api.ports.site import EngineStatus, Figures, SiteSettings, SourceNote
from amalimart.api.rate_limit import RateLimit
from amalimart.api.scorecards.definition import Scorecard
from amalimart.api.scorecards.library import ScorecardLibrary
from amalimart.control.store import ControlStore
from amalimart.core.admission import Admission
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError, told
from amalimart.core.releases import CheckCounts
from amalimart.semantic.role_policies import RolePolicy


class DashboardsPort(Protocol):
    """The dashboards of the project, as their files say."""

    @property
    def mistake(self) -> ConfigError | None:
        """What is wrong with the files now, while what they said before is served."""
        ...

    @property
    def dashboards(self) -> Mapping[str, Dashboard]: ...

    @property
    def uses(self) -> Mapping[str, tuple[NameUse, ...]]: ...

    @property
    def texts(self) -> Mapping[str, Mapping[str, str]]: ...

    def for_principal(self, principal: Principal) -> list[Dashboard]:
        """The dashboards a principal may open, its home first."""
        ...

    def get(self, name: str, principal: Principal) -> Dashboard:
        """The dashboard of that name. Raises NotFound, also where the role may not open it."""
        ...

    def home(self, principal: Principal) -> Dashboard:
        """Where a principal lands. Raises NotFound where the role has no dashboard."""
        ...


class ScorecardsPort(Protocol):
    """The scorecards of the project, as their files say."""

    @property
    def mistake(self) -> ConfigError | None:
        """What is wrong with the files now, while what they said before is served."""
        ...

    @property
    def uses(self) -> Mapping[str, frozenset[str]]:
        """The metrics and dimensions that each of them names."""
        ...

    def for_principal(self, principal: Principal) -> list[Scorecard]:
        """The scorecards that a principal may open."""
        ...

    def get(self, name: str, principal: Principal) -> Scorecard:
        """The scorecard of that name. Raises NotFound, also where the role may not open it."""
        ...


@dataclass(frozen=True, slots=True)
class AppServices:
    """Everything a request may use."""

    semantic: SemanticPort
    control: ControlStore
    clock: Clock
    settings: SiteSettings
    dashboards: DashboardsPort
    releases: ReleaseFeed
    status: Callable[[], EngineStatus]
    demo_accounts: tuple[DemoAccount, ...] = ()
    models: ModelsPort | None = None
    lineage_desk: LineagePort | None = None
    glossary: GlossaryPort | None = None
    release_book: ReleasesPort | None = None
    rollups: RollupsPort | None = None
    operations: OperationsPort | None = None
    privacy: PrivacyPort | None = None
    schedules: SchedulesPort | None = None
    question_files: QuestionFilesPort | None = None
    operating: OperatingPort | None = None
    usage: UsagePort | None = None
    visits: VisitsPort | None = None
    figures: Figures | None = None
    quality: QualityPort | None = None
    incidents: IncidentsPort | None = None
    deliveries: DeliveriesPort | None = None
    channel_test: ChannelTestPort | None = None
    embed: EmbedPort | None = None
    sign_in: SignInOptions = field(default_factory=SignInOptions)
    scorecards: ScorecardsPort = field(default_factory=ScorecardLibrary)
    peers: PeersPort | None = None
    notes: Callable[[], tuple[SourceNote, ...]] = tuple
    metric_effects: MetricEffectsPort | None = None
    standing_checks: Callable[[Sequence[str], int], CheckCounts | None] = lambda _metrics, _release: None
    metric_history: Callable[[str], Sequence[Any]] = lambda _name: ()
    policies: Callable[[], Sequence[RolePolicy]] = tuple
    pages: KeptPages = field(default_factory=KeptPages)
    rate: RateLimit = field(default_factory=RateLimit)
    exports: Admission = field(
        default_factory=lambda: Admission("exports", at_once=2, waiting=4, wait_seconds=3.0)
    )

    def sayings(self, language: Language) -> Sayings | None:
        """How dashboards are told in a language; None for English, in which they are written."""
        if language is Language.ENGLISH:
            return None
        texts = self.dashboards.texts.get(language.value, {})
        return Sayings(texts, self.semantic.labels(language.value))

    def notes_for(self, principal: Principal) -> tuple[str, ...]:
        """The notes in the words that are meant for this reader."""
        is_admin = principal.role is Role.ADMIN
        words = [note.detail if is_admin else note.text for note in self.notes()]
        for kind, mistake in (
            ("scorecard", self.scorecards.mistake),
            ("dashboard", self.dashboards.mistake),
        ):
            if is_admin and mistake is not None:
                words.insert(
                    0, f"A {kind} file has a mistake, so the last good ones are shown: {told(mistake)}"
                )
        return tuple(each for each in words if each)
