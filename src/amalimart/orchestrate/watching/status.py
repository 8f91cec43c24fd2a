"""What a project is doing now, from what its processes leave behind; works with and without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.releases import Acceptance
from amalimart.lake import Lake
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.policy_files import broken_policies
from amalimart.orchestrate.project.runtime_files import ingest_process, read_report
from amalimart.orchestrate.releases.acceptance_ledger import AcceptanceLedger
from amalimart.sources import stopped_reasons


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source. `state` is starting, following, failing or stopped.

    lag         how old its newest data is, seconds
    stopped     tables that a change of their shape keeps from being followed, and why
    error_code  of the error that keeps it from being read
    """

    name: str
    state: str
    version: int
    fresh_as_of: str | None
    lag_seconds: float | None
    error: str | None
    stopped: Mapping[str, str]
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """The engine's address if it runs, what it says of itself, and every source.

    phase and message are the engine's own words: preparing, live, or held with the reason.
    accepted is what may fail by somebody's word; operation the long one on the warehouse that runs, or the
    last one; policies what is wrong with the files of policies, in sentences.
    """

    home: str
    engine: str | None
    phase: str
    message: str
    release_id: int | None
    sources: tuple[SourceStatus, ...]
    accepted: tuple[Acceptance, ...] = ()
    operation: Mapping[str, Any] | None = None
    policies: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "home": self.home,
            "engine": self.engine,
            "phase": self.phase,
            "message": self.message,
            "release_id": self.release_id,
            "sources": [
                {
                    "name": source.name,
                    "state": source.state,
                    "version": source.version,
                    "fresh_as_of": source.fresh_as_of,
                    "lag_seconds": source.lag_seconds,
                    "error": source.error,
                    "stopped": dict(source.stopped),
                }
                for source in self.sources
            ],
            "operation": self.operation,
            "policies": list(self.policies),
            "accepted": [asdict(each) for each in self.accepted],
        }


@dataclass(frozen=True, slots=True)
class Reported:
    """What the ingest process of a source says.

    error    why it fails, in the shape of an error
    reading  how far the snapshot is that it reads
    """

    state: str
    error: Mapping[str, Any] | None
    reading: Mapping[str, Any] | None = None


def reported(project: Project, name: str) -> Reported:
    """The newest report of a source's ingest; `stopped` where none runs."""
    report = read_report(project.run, ingest_process(name))
    if report is None:
        return Reported("stopped", None)
    fields = report.fields
    return Reported(str(fields.get("state")), fields.get("error"), fields.get("reading"))


def source_statuses(project: Project, lake: Lake, clock: Clock) -> tuple[SourceStatus, ...]:
    """The state of every source, in the order of the settings. Raises LakeError."""
    return tuple(_source_status(project, lake, clock, name) for name in project.settings.sources)


def _source_status(project: Project, lake: Lake, clock: Clock, name: str) -> SourceStatus:
    told = reported(project, name)
    latest = lake.latest(name)
    fresh = latest.fresh_as_of if latest else None
    error = told.error
    return SourceStatus(
        name=name,
        state=told.state,
        version=latest.version if latest else 0,
        fresh_as_of=fresh.isoformat() if fresh else None,
        lag_seconds=round((clock.now() - fresh).total_seconds(), 1) if fresh else None,
        error=str(error["what"]) if error else None,
        stopped=stopped_reasons(latest.position if latest else None),
        error_code=str(error["code"]) if error else None,
    )


def project_status(project: Project, clock: Clock, said: Mapping[str, Any] | None) -> ProjectStatus:
    """The state of every process and source of a project.

    `said` is the running engine's answer to /status, or None where no engine runs.
    """
    engine = read_report(project.run, "engine")
    address = str(engine.fields["address"]) if engine else None
    return ProjectStatus(
        home=str(project.home),
        engine=address,
        phase=str(said["phase"]) if said else "stopped",
        message=str(said["message"]) if said else "The engine does not run.",
        release_id=said["release"]["release_id"] if said and said["release"] else None,
        sources=source_statuses(project, open_lake(project, clock), clock),
        accepted=_accepted(project, clock),
        operation=said.get("operation") if said else None,
        policies=broken_policies(project),
    )


def _accepted(project: Project, clock: Clock) -> tuple[Acceptance, ...]:
    ledger = AcceptanceLedger(project.control_database, clock)
    try:
        return ledger.standing()
    finally:
        ledger.close()
