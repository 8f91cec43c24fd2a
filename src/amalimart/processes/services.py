"""What the HTTP door is given: the semantic layer over the engine, the control database, the pages."""

from __future__ import annotations

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.kept_pages import KeptPages
from amalimart.api.dashboards.library import DashboardLibrary
from amalimart.api.dashboards.reloading import ReloadingDashboards
from amalimart.api.dashboards.resting import FACTOR
from amalimart.api.exploring.question_file import QuestionFileWriter
from amalimart.api.ports.coming_in import DemoAccount, SignInOptions
from amalimart.api.ports.publishing import PublishedRelease
from amalimart.api.ports.site import EngineStatus, Figures, Phase, SiteSettings, SourceNote, Step
from amalimart.api.rate_limit import RateLimit
from amalimart.api.scorecards.reloading import ReloadingScorecards
from amalimart.api.services import AppServices
from amalimart.config.project import Project
from amalimart.control.audit.summary import AuditSummary
from amalimart.control.store import ControlStore
from amalimart.core.admission import Admission
from amalimart.core.clock import Clock
from amalimart.core.errors import told
from amalimart.core.fiscal import Calendar
from amalimart.governance.definitions import judged, metric_definitions, notes_of_unapproved
from amalimart.observe.exposition import cache_lookups
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.jobs.question_files import QuestionFilesJob
from amalimart.orchestrate.lineage.desk import LineageDesk
from amalimart.orchestrate.lineage.glossary import Glossary
from amalimart.orchestrate.lineage.tracing import uses_of
from amalimart.orchestrate.metrics.changes import MetricChanges
from amalimart.orchestrate.metrics.effects import MetricEffects
from amalimart.orchestrate.metrics.peer_standings import PeerStandings
from amalimart.orchestrate.metrics.question_tally import QuestionTally
from amalimart.orchestrate.metrics.rollup_desk import RollupDesk
from amalimart.orchestrate.metrics.standing_checks import StandingChecks
from amalimart.orchestrate.metrics.usage_desk import UsageDesk
from amalimart.orchestrate.privacy.desk import PrivacyDesk
from amalimart.orchestrate.privacy.under_way import ErasureUnderWay
from amalimart.orchestrate.project.auditing import open_audit
from amalimart.orchestrate.project.embedding import open_embedding
from amalimart.orchestrate.project.mapping_files import MappedAvailability
from amalimart.orchestrate.project.policy_files import PolicyFiles, PolicyKeeper
from amalimart.orchestrate.project.signing_in import open_single_sign_on
from amalimart.orchestrate.quality.desk import QualityDesk
from amalimart.orchestrate.quality.volume_events import MarketplaceEvents
from amalimart.orchestrate.questions.desk import QuestionFilesDesk
from amalimart.orchestrate.questions.due_questions import DueQuestions
from amalimart.orchestrate.questions.files import QuestionFiles
from amalimart.orchestrate.questions.kept_for_download import KeptForDownload
from amalimart.orchestrate.releases.models import EngineModels
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.orchestrate.releases.release_book import ReleaseBook
from amalimart.orchestrate.scheduling.desk import ScheduleDesk
from amalimart.orchestrate.sources.notes import source_notes
from amalimart.orchestrate.watching.incident_notes import incident_notes
from amalimart.orchestrate.watching.notifying import ChannelTest
from amalimart.orchestrate.watching.operating_state import OperatingStates
from amalimart.quality.volume_model import CalendarVolumeModel
from amalimart.semantic.answer_cache import AnswerCache
from amalimart.semantic.audited import AuditedSemantic
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.role_policies import role_policies
from amalimart.semantic.service import SemanticService

OPERATOR = Principal(subject="local operator", role=Role.ADMIN, display_name="Local operator")


class EngineFeed:
    """The newest release, from memory: asked at every poll of every open page."""

    def __init__(self, engine: Engine, loop: RefreshLoop) -> None:
        self._loop = loop
        self._at_start = engine.hot_file.latest_release()

    def latest(self) -> PublishedRelease | None:
        """The newest release, or None while there is none yet."""
        report = self._loop.last_report
        release = report.release if report else self._at_start
        if release is None:
            return None
        return PublishedRelease(release.release_id, release.published_at, release.fresh_as_of)


def engine_status(feed: EngineFeed, loop: RefreshLoop) -> EngineStatus:
    """The engine in a sentence."""
    if loop.last_error is not None:
        return EngineStatus(Phase.HELD if feed.latest() else Phase.PREPARING, told(loop.last_error))
    if feed.latest() is not None:
        return EngineStatus(Phase.LIVE, "Live.")
    done = loop.building
    step = Step(f"Building the first release: {done.what}", done.share) if done else None
    return EngineStatus(
        Phase.PREPARING,
        "Preparing the first release.",
        (Step("Reading the source", None if done is None else 1.0), *((step,) if step else ())),
    )


def quality_desk(project: Project, engine: Engine, control: ControlStore, clock: Clock) -> QualityDesk:
    """The monitored checks of a project; holidays and the shop's own campaigns are known to them."""
    events = MarketplaceEvents(project, engine.hot_file)
    return QualityDesk(engine, control.engine, clock, CalendarVolumeModel(events))


def question_files(project: Project) -> QuestionFiles:
    """The files of a project's scheduled questions; one object for all who use them in a process."""
    under_way = ErasureUnderWay(project.home)
    return QuestionFiles(project.question_files, lambda: under_way.is_there)


def question_files_job(project: Project, services: AppServices, files: QuestionFiles) -> QuestionFilesJob:
    """The job that answers scheduled questions through the services of the door."""
    control = services.control
    return QuestionFilesJob(
        control.question_schedules,
        control.question_runs,
        files,
        DueQuestions(control.question_schedules, project.zone),
        QuestionFileWriter(services),
        services.clock,
        lambda: services.releases.latest() is not None,
        [KeptForDownload(control.question_runs, files)],
    )


def build_services(
    project: Project,
    engine: Engine,
    loop: RefreshLoop,
    control: ControlStore,
    clock: Clock,
    demo_accounts: tuple[DemoAccount, ...] = (),
    operations: Operations | None = None,
    schedules: ScheduleDesk | None = None,
    quality: QualityDesk | None = None,
    figures: Figures | None = None,
    tally: QuestionTally | None = None,
    keeper: PolicyKeeper | None = None,
    files: QuestionFiles | None = None,
) -> AppServices:
    """Everything a request may use. Raises ConfigError for a wrong metric, policy or dashboard file."""
    model = load_model(
        [PACKAGED, project.overlay("metrics")], Calendar(project.settings.fiscal_year_start_month)
    )
    if project.settings.governance.require_approval:
        standing = judged(metric_definitions(model), control.governance.approvals())
        model = model.noting(notes_of_unapproved(model, standing))
    keeper = keeper or PolicyKeeper(PolicyFiles(project, model))
    policies = keeper.current()
    availability = MappedAvailability(engine.landed_mappings)
    limits = project.settings.serve.limits
    kept = AnswerCache(engine.hot_file, limits.cache_mb * 1_000_000)
    semantic = SemanticService(
        model, policies, engine.hot_file, availability, kept, engine.rollups, engine.holds_rollups, tally
    )

    def check_names(library: DashboardLibrary) -> None:
        library.check_names(model.metric_names, model.dimensions)

    dashboards = ReloadingDashboards(
        project.overlay("dashboards"), check_names, lambda: keeper.current().roles
    )
    scorecards = ReloadingScorecards(
        project.overlay("scorecards"),
        lambda library: library.check_names(model.metric_names),
        lambda: keeper.current().roles,
    )
    effects = MetricEffects(
        engine.hot_file, policies.policy(Role.ADMIN), availability, OPERATOR, model.calendar
    )
    ledger = MetricChanges(project, clock).ledger()
    feed = EngineFeed(engine, loop)
    book = ReleaseBook(engine.hot_file, engine.acceptances)
    models = EngineModels(engine, loop, model)
    audit = open_audit(project, control).log(clock)
    lineage_desk = LineageDesk(
        project,
        clock,
        models.published,
        lambda: uses_of(
            {name: {use.name for use in named} for name, named in dashboards.uses.items()}, scorecards.uses
        ),
    )
    pages = KeptPages(rest=FACTOR)

    def forget_answers() -> None:
        kept.clear()
        pages.clear()

    privacy = (
        PrivacyDesk(
            engine, loop, control, clock, operations, forget_answers, files or question_files(project)
        )
        if operations is not None
        else None
    )
    audited = AuditedSemantic(semantic, policies, audit, clock, keeper.current)
    return AppServices(
        semantic=audited,
        control=control,
        clock=clock,
        settings=SiteSettings(
            marketplace_name=project.settings.name,
            zone=project.zone,
            currency=project.settings.currency,
            cache_folder=project.build / "web",
            calendar=model.calendar,
            allowed_hosts=project.settings.serve.allowed_hosts,
            export_rows=limits.export_rows.model_dump(),
        ),
        dashboards=dashboards,
        releases=feed,
        status=lambda: engine_status(feed, loop),
        notes=lambda: (
            tuple(
                SourceNote(note.text, note.detail)
                for note in (
                    *source_notes(project, engine.lake),
                    *book.notes(),
                    *incident_notes(control.incidents, control.outbox),
                )
            )
            + tuple(SourceNote("", said) for said in keeper.notes())
        ),
        demo_accounts=demo_accounts,
        models=models,
        glossary=Glossary(project, models.published),
        lineage_desk=lineage_desk,
        standing_checks=StandingChecks(lineage_desk, book).of,
        release_book=book,
        operations=operations,
        privacy=privacy,
        pages=pages,
        schedules=schedules,
        question_files=QuestionFilesDesk(files, project.zone) if files is not None else None,
        operating=OperatingStates(engine, loop, book, operations),
        figures=figures,
        quality=quality,
        incidents=control.incidents,
        deliveries=control.outbox,
        usage=UsageDesk(
            AuditSummary(control.engine),
            control.questions,
            control.visits,
            lambda: cache_lookups(figures.exposition()) if figures else {},
            {name: model.metric(name).name for name in model.metric_names},
            dashboards.dashboards,
            clock,
            project.zone,
        ),
        visits=tally,
        rollups=RollupDesk(engine, model, policies, control.questions, clock),
        channel_test=ChannelTest(project, control, clock),
        metric_effects=effects,
        metric_history=ledger.of,
        policies=lambda: role_policies(keeper.current(), model),
        rate=RateLimit(limits.requests_per_second, limits.requests_at_once),
        exports=Admission("exports", at_once=limits.exports_at_once, waiting=4, wait_seconds=3.0),
        sign_in=SignInOptions(
            project.settings.sign_in.passwords,
            open_single_sign_on(project, control, clock, lambda: keeper.current().roles),
        ),
        scorecards=scorecards,
        peers=PeerStandings(audited, keeper.current, clock),
        embed=open_embedding(
            project,
            control.api_keys,
            audit,
            clock,
            lambda role: keeper.current().is_kind_of(role, Role.VENDOR),
        ),
    )
