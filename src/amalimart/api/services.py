"""What the HTTP door needs from the other rooms, as one frozen object. Owns no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.definition import Dashboard
from amalimart.api.dashboards.kept_pages import KeptPages
from amalimart.api.dashboards.library import NameUse
from amalimart.api.dashboards.translating import Sayings
from amalimart.api.language import Language
from amalimart.api.rate_limit import RateLimit
from amalimart.api.scorecards.definition import Scorecard
from amalimart.api.scorecards.library import ScorecardLibrary
from amalimart.catalog.lineage import Lineage, Node
from amalimart.control.api_keys import ApiKey
from amalimart.control.deciding import Decider
from amalimart.control.quality_rows import Acknowledgement, KeptResult
from amalimart.control.single_sign_on.flow import Begun
from amalimart.control.store import ControlStore
from amalimart.control.users import User
from amalimart.core.admission import Admission
from amalimart.core.calendar import DayRange
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, ConfigError, told
from amalimart.core.fiscal import Calendar
from amalimart.core.glossary import GlossaryTable
from amalimart.core.incidents import Delivery, Incident
from amalimart.core.jobs import AskedRun, JobRun, JobStatus
from amalimart.core.models import ModelRebuild, PublishedProject, Rebuilt
from amalimart.core.operating import OperatingState
from amalimart.core.operations import Operation, OperationKind
from amalimart.core.privacy import Erasure, ErasurePlan, PersonTable
from amalimart.core.profiles import TableProfile
from amalimart.core.releases import (
    Acceptance,
    BlockedBuild,
    CheckCounts,
    ReleaseDetail,
    ReleaseDifference,
    ReleaseSummary,
)
from amalimart.core.rollup_reports import DeclaredRollup, RollupAdvice
from amalimart.core.usage import Usage
from amalimart.quality.listing import ListedCheck
from amalimart.quality.running import QualityRun
from amalimart.quality.shapes import Every
from amalimart.semantic.answer import Answer
from amalimart.semantic.compatibility import Compatibility
from amalimart.semantic.definition_files import DefinitionFiles
from amalimart.semantic.peers import PeerAnswer, PeerQuestion
from amalimart.semantic.question import Question
from amalimart.semantic.role_policies import RolePolicy
from amalimart.semantic.row_lists import RowList, RowQuestion
from amalimart.semantic.streaming import StreamedAnswer


class LabelledValue(Protocol):
    """One value of a dimension: what a filter names, and what a person reads."""

    @property
    def key(self) -> str: ...

    @property
    def label(self) -> str: ...


class SemanticPort(Protocol):
    """The semantic room, as far as it is used here. Descriptions are frozen dataclasses."""

    def ask(self, question: Question, principal: Principal) -> Answer: ...

    def stream(
        self, question: Question, principal: Principal, most_rows: int
    ) -> AbstractContextManager[StreamedAnswer]:
        """An answer of up to `most_rows` rows, read while the block runs."""
        ...

    def ask_all(
        self, questions: Sequence[Question], principal: Principal
    ) -> Sequence[Answer | AmalimartError]:
        """Every question from one release, in order; a question that cannot be answered is its error."""
        ...

    def refusal(self, question: Question, principal: Principal) -> AmalimartError | None:
        """Why the question cannot be answered, found without asking it; None where it can."""
        ...

    def fingerprint(self, principal: Principal) -> Hashable:
        """Whose answers may be given to this principal, too."""
        ...

    def standing(
        self, questions: Sequence[Question], principal: Principal, dimensions: Sequence[str] = ()
    ) -> Hashable:
        """While it is the same, so are the answers, and the values of the dimensions; None if not known."""
        ...

    def values(
        self, dimension: str, principal: Principal, search: str = "", limit: int = 50
    ) -> Sequence[LabelledValue]:
        """The dimension's values that the principal may see and whose label holds `search`."""
        ...

    def values_of_page(self, dimension: str, principal: Principal, limit: int) -> Sequence[LabelledValue]:
        """The values, for the labels of a page that is answered: the record of the page stands for them."""
        ...

    def told_again(self, questions: Sequence[Question], principal: Principal, release_id: int) -> None:
        """Have it recorded that the answers to these questions, which were kept, are given once more."""
        ...

    def metrics(self, principal: Principal) -> Sequence[Any]: ...

    def dimensions(self, principal: Principal) -> Sequence[Any]: ...

    def compatible(self, question: Question, principal: Principal) -> Compatibility:
        """What the principal may still add to a question, and why not the rest."""
        ...

    def covers(self, principal: Principal, other: Principal) -> bool:
        """Whether the principal sees at least what the other one sees."""
        ...

    def rows(
        self, questions: Sequence[RowQuestion], principal: Principal
    ) -> Sequence[RowList | AmalimartError]:
        """Rows or a typed error for each list, all from one release."""
        ...

    def peers(self, question: PeerQuestion, principal: Principal) -> PeerAnswer:
        """How the principal's figures stand among those of others alike. Raises Denied, InvalidFilter."""
        ...

    def labels(self, language: str) -> Mapping[str, str]:
        """Metrics and dimensions by name, as they are called in a language."""
        ...

    def is_scoped(self, principal: Principal) -> bool:
        """Whether the principal sees own rows only: then neither SQL nor tables nor checks are told."""
        ...


@dataclass(frozen=True, slots=True)
class PublishedRelease:
    """The release that answers come from now. Instants are UTC."""

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None


class PeerStanding(Protocol):
    """Where a vendor stands among its peers."""

    @property
    def quarter(self) -> int: ...
    @property
    def within(self) -> str: ...
    @property
    def month(self) -> date: ...


class PeersPort(Protocol):
    """How a vendor compares with others, told only where no other can be inferred from it."""

    def standings(
        self, metric: str, vendor_id: str, days: DayRange, today: date, principal: Principal
    ) -> Sequence[PeerStanding]:
        """The quarter of the vendor in each group, 1 for the lowest figures; none where it is not told."""
        ...


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

    def for_principal(self, principal: Principal) -> list[Scorecard]:
        """The scorecards that a principal may open."""
        ...

    def get(self, name: str, principal: Principal) -> Scorecard:
        """The scorecard of that name. Raises NotFound, also where the role may not open it."""
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


class QualityPort(Protocol):
    """Monitored checks, for whoever runs the marketplace. What is not there raises NotFound."""

    def listed(self) -> tuple[ListedCheck, ...]:
        """Every declared check with what it found last."""
        ...

    def failing(self) -> tuple[KeptResult, ...]:
        """What fails now and nobody has acknowledged."""
        ...

    def run(self, every: Every | None = None, name: str | None = None) -> QualityRun:
        """Run the checks of a schedule word, one by its name, or all."""
        ...

    def history(self, name: str, limit: int, subject: str | None = None) -> tuple[KeptResult, ...]:
        """The newest results of a check, newest first."""
        ...

    def acknowledge(
        self, name: str, subject: str, period: str | None, decider: Decider, reason: str
    ) -> Acknowledgement:
        """Say that what a check found is known. Raises RequestError."""
        ...

    def profile(self, table: str, *, exact: bool = False) -> TableProfile:
        """One published table looked at once. Raises UnknownName."""
        ...


class PrivacyPort(Protocol):
    """One person's data, for whoever runs this machine. Who is not there raises NotFound."""

    def plan(self, person: str) -> ErasurePlan:
        """What erasing somebody would change."""
        ...

    def export(self, person: str, decider: Decider) -> tuple[PersonTable, ...]:
        """Everything that is held about somebody."""
        ...

    def erase(self, person: str, decider: Decider, reason: str) -> Operation:
        """Begin to erase somebody, and return at once. Raises OperationUnderWay, WarehouseError."""
        ...

    def resume(self) -> Operation | None:
        """Take up an erasure that was cut off, if there is one."""
        ...

    def erasures(self) -> tuple[Erasure, ...]:
        """Everybody who was erased, the latest first."""
        ...


class OperationsPort(Protocol):
    """Long operations on the warehouse, for whoever runs this machine."""

    @property
    def latest(self) -> Operation | None:
        """The one that runs, or the last one."""
        ...

    def start(self, kind: OperationKind) -> Operation:
        """Begin one and return at once. Raises OperationUnderWay."""
        ...

    def find(self, operation_id: str) -> Operation:
        """How far one is. Raises NotFound."""
        ...


class SchedulesPort(Protocol):
    """Jobs that run by themselves. A name that is no job raises NotFound."""

    def status(self) -> tuple[JobStatus, ...]: ...

    def history(self, job: str | None, limit: int) -> tuple[JobRun, ...]:
        """The newest runs, of one job or of all, newest first."""
        ...

    def ask(self, name: str, decider: Decider) -> AskedRun:
        """Have a job run soon, and remember who asked. Raises RequestError, EngineUnavailable."""
        ...


class OperatingPort(Protocol):
    """What the engine and its sources are doing."""

    def now(self) -> OperatingState: ...


class UsagePort(Protocol):
    """How the house is used."""

    def now(self, days: int) -> Usage:
        """The last so many days; may be a minute old."""
        ...


class VisitsPort(Protocol):
    """Counts who opens what, by role."""

    def opened(self, dashboard: str, role: str) -> None:
        """Count it. Must not fail, and must not keep the one who opens it waiting."""
        ...


class IncidentsPort(Protocol):
    """What went wrong, and who took it on."""

    def list(self, *, include_over: bool = False) -> tuple[Incident, ...]:
        """Those that go on, or also those that are over; the newest first."""
        ...

    def get(self, number: int) -> Incident:
        """One of them. Raises NotFound."""
        ...

    def acknowledge(self, number: int, decider: Decider, words: str) -> Incident:
        """Take one on: nothing more is sent about it until it is over. Raises NotFound, RequestError."""
        ...


class DeliveriesPort(Protocol):
    """How far messages have come."""

    def deliveries(self, incident: int) -> tuple[Delivery, ...]:
        """Those about one incident, the oldest first."""
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


class ChannelTestPort(Protocol):
    """Trying a channel."""

    def send(self, channel: str, decider: Decider) -> str | None:
        """Send a test message at once; returns a remark on what did not arrive. Raises the typed error."""
        ...


class EmbedPort(Protocol):
    """Embed tokens: signed words that open one dashboard for some vendors."""

    def mint(
        self,
        key: ApiKey,
        vendor_ids: frozenset[str],
        dashboard: str,
        *,
        life: timedelta,
        viewer: str = "",
        door: str,
        role: Role = Role.VENDOR,
    ) -> tuple[str, datetime]:
        """A token and its end. Raises Denied for a key or role that may not, AuditUnavailable."""
        ...

    def opened(self, token: str) -> tuple[Principal, str]:
        """Whom a token stands for, and the one dashboard that it opens. Raises NotSignedIn."""
        ...


class ReleaseFeed(Protocol):
    """Knows the newest release without asking the engine; called at every poll of every open page."""

    def latest(self) -> PublishedRelease | None:
        """The newest release, or None while there is none yet."""
        ...


class Phase(StrEnum):
    """What the engine is doing, as far as a reader cares."""

    PREPARING = "preparing"  # no release yet
    LIVE = "live"
    HELD = "held"  # publication is held back; the last good release keeps serving


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the preparation. `done` is the finished share from 0 to 1; None where it is unknown."""

    label: str
    done: float | None


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine in a sentence, and the steps of the preparation while there is no release."""

    phase: Phase
    message: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceNote:
    """What a reader should know about the data behind the numbers.

    text    for everybody; empty where it is for operators alone
    detail  for operators: names sources and tables
    """

    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A user that the sign-in page of a demo offers by one click, and what they will see."""

    email: str
    sees: str


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """How this marketplace's site behaves.

    zone           the business time zone
    currency       ISO 4217 code of the business currency
    calendar       when a year of this marketplace begins
    cache_folder   where files that can be made again are kept
    poll_seconds   how often an open page asks for news
    allowed_hosts  host names the site answers to; empty means any
    export_rows    how many rows an exported answer may have, by role; of a role that is not in it, none
    """

    marketplace_name: str
    zone: ZoneInfo
    currency: str
    cache_folder: Path
    locale: str = "en-GB"
    calendar: Calendar = field(default_factory=Calendar)
    poll_seconds: int = 5
    allowed_hosts: tuple[str, ...] = ()
    export_rows: Mapping[str, int] = field(
        default_factory=lambda: dict.fromkeys([*Role, "own_roles"], 100_000)
    )

    def export_rows_of(self, principal: Principal) -> int:
        """How many rows an exported answer may have for this reader."""
        role = principal.role
        return self.export_rows.get(role.value if role.is_packaged else "own_roles", 0)


class SingleSignOnPort(Protocol):
    """Signing in by an identity provider."""

    @property
    def name(self) -> str: ...

    @property
    def site_url(self) -> str | None:
        """The address of this site that the provider knows, where it is not the one that is asked for."""
        ...

    def begin(self, following: str, redirect_uri: str) -> Begun:
        """Where the browser goes. Raises IdentityProviderUnavailable."""
        ...

    def finish(self, answer: Mapping[str, str], kept_state: str) -> tuple[User, str]:
        """Who came back, and the page that they wanted. Raises NotSignedIn, IdentityProviderUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """How people sign in: with a password, by an identity provider, or both."""

    passwords: bool = True
    single_sign_on: SingleSignOnPort | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the product has counted, and who may read it over the network.

    exposition  all of it, as text for Prometheus
    token       who brings it may read; None where nobody can
    is_open     anybody may
    """

    exposition: Callable[[], str]
    token: str | None = field(default=None, repr=False)
    is_open: bool = False


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
