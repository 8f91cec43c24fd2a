"""What the HTTP door is given: the semantic layer over the engine, the control database, the pages."""

from __future__ import annotations

from pathlib import Path

import amalimart
from amalimart.access.policies import load_policies
from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.kept_pages import KeptPages
from amalimart.api.dashboards.library import load_dashboards
from amalimart.api.rate_limit import RateLimit
from amalimart.api.services import (
    AppServices,
    DemoAccount,
    EngineStatus,
    Figures,
    Phase,
    PublishedRelease,
    SiteSettings,
    SourceNote,
    Step,
)
from amalimart.config.project import Project
from amalimart.control.store import ControlStore
from amalimart.core.admission import Admission
from amalimart.core.asked import NotesQuestions
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError
from amalimart.core.fiscal import Calendar
from amalimart.governance.definitions import judged, metric_definitions, notes_of_unapproved
from amalimart.orchestrate.auditing import open_audit
from amalimart.orchestrate.embedding import open_embedding
from amalimart.orchestrate.engine import Engine, MappedAvailability
from amalimart.orchestrate.glossary import Glossary
from amalimart.orchestrate.incident_notes import incident_notes
from amalimart.orchestrate.lineage_desk import LineageDesk
from amalimart.orchestrate.metric_changes import MetricChanges
from amalimart.orchestrate.metric_effects import MetricEffects
from amalimart.orchestrate.models import EngineModels
from amalimart.orchestrate.notifying import ChannelTest
from amalimart.orchestrate.operating_state import OperatingStates
from amalimart.orchestrate.operations import Operations
from amalimart.orchestrate.privacy.desk import PrivacyDesk
from amalimart.orchestrate.quality_desk import QualityDesk
from amalimart.orchestrate.refresh_loop import RefreshLoop
from amalimart.orchestrate.release_book import ReleaseBook
from amalimart.orchestrate.rollup_desk import RollupDesk
from amalimart.orchestrate.scheduling.desk import ScheduleDesk
from amalimart.orchestrate.source_notes import source_notes
from amalimart.orchestrate.volume_events import MarketplaceEvents
from amalimart.quality.volume_model import CalendarVolumeModel
from amalimart.semantic.answer_cache import AnswerCache
from amalimart.semantic.audited import AuditedSemantic
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.service import SemanticService

OPERATOR = Principal(subject="local operator", role=Role.ADMIN, display_name="Local operator")
_MARKETPLACE = Path(amalimart.__file__).parent / "marketplace"


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
        return EngineStatus(Phase.HELD if feed.latest() else Phase.PREPARING, _told(loop.last_error))
    if feed.latest() is not None:
        return EngineStatus(Phase.LIVE, "Live.")
    done = loop.building
    step = Step(f"Building the first release: {done.what}", done.share) if done else None
    return EngineStatus(
        Phase.PREPARING,
        "Preparing the first release.",
        (Step("Reading the source", None if done is None else 1.0), *((step,) if step else ())),
    )


def _told(error: AmalimartError) -> str:
    """An error in a sentence: what, and where it is to be corrected."""
    more = [error.where, f"nearest: {error.nearest}" if error.nearest else None]
    return f"{error.what} ({'; '.join(part for part in more if part)})" if any(more) else error.what


def quality_desk(project: Project, engine: Engine, control: ControlStore, clock: Clock) -> QualityDesk:
    """The monitored checks of a project; holidays and the shop's own campaigns are known to them."""
    events = MarketplaceEvents(project, engine.hot_file)
    return QualityDesk(engine, control.engine, clock, CalendarVolumeModel(events))


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
    tally: NotesQuestions | None = None,
) -> AppServices:
    """Everything a request may use. Raises ConfigError for a wrong metric, policy or dashboard file."""
    model = load_model(
        [PACKAGED, project.overlay("metrics")], Calendar(project.settings.fiscal_year_start_month)
    )
    if project.settings.governance.require_approval:
        standing = judged(metric_definitions(model), control.governance.approvals())
        model = model.noting(notes_of_unapproved(model, standing))
    policies = load_policies([_MARKETPLACE / "policies", project.overlay("policies")])
    availability = MappedAvailability(engine.landed_mappings)
    limits = project.settings.serve.limits
    kept = AnswerCache(engine.hot_file, limits.cache_mb * 1_000_000)
    semantic = SemanticService(
        model, policies, engine.hot_file, availability, kept, engine.rollups, engine.holds_rollups, tally
    )
    dashboards = load_dashboards(project.overlay("dashboards"))
    dashboards.check_names(model.metric_names, model.dimensions)
    effects = MetricEffects(
        engine.hot_file, policies.policy(Role.ADMIN), availability, OPERATOR, model.calendar
    )
    ledger = MetricChanges(project, clock).ledger()
    feed = EngineFeed(engine, loop)
    book = ReleaseBook(engine.hot_file, engine.acceptances)
    models = EngineModels(engine, loop, model)
    uses = {name: {use.name for use in named} for name, named in dashboards.uses.items()}
    audit = open_audit(project, control).log(clock)
    pages = KeptPages()

    def forget_answers() -> None:
        kept.clear()
        pages.clear()

    privacy = (
        PrivacyDesk(engine, loop, control, clock, operations, forget_answers)
        if operations is not None
        else None
    )
    return AppServices(
        semantic=AuditedSemantic(semantic, policies, audit, clock),
        control=control,
        clock=clock,
        settings=SiteSettings(
            marketplace_name=project.settings.name,
            zone=project.zone,
            currency=project.settings.currency,
            cache_folder=project.build / "web",
            allowed_hosts=project.settings.serve.allowed_hosts,
            export_rows=limits.export_rows.model_dump(),
        ),
        dashboards=dashboards,
        releases=feed,
        status=lambda: engine_status(feed, loop),
        notes=lambda: tuple(
            SourceNote(note.text, note.detail)
            for note in (
                *source_notes(project, engine.lake),
                *book.notes(),
                *incident_notes(control.incidents, control.outbox),
            )
        ),
        demo_accounts=demo_accounts,
        models=models,
        glossary=Glossary(project, models.published),
        lineage_desk=LineageDesk(project, clock, models.published, uses),
        release_book=book,
        operations=operations,
        privacy=privacy,
        pages=pages,
        schedules=schedules,
        operating=OperatingStates(engine, loop, book, operations),
        figures=figures,
        quality=quality,
        incidents=control.incidents,
        deliveries=control.outbox,
        rollups=RollupDesk(engine, model, policies, control.questions, clock),
        channel_test=ChannelTest(project, control, clock),
        metric_effects=effects,
        metric_history=ledger.of,
        rate=RateLimit(limits.requests_per_second, limits.requests_at_once),
        exports=Admission("exports", at_once=limits.exports_at_once, waiting=4, wait_seconds=3.0),
        embed=open_embedding(project, control.api_keys, audit, clock),
    )
