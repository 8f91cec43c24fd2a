"""What a project is doing now, from what its processes leave behind; works with and without an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.lake import Lake
from amalimart.orchestrate.runtime_files import read_report


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source. `state` is following, failing or stopped; lag is how old its newest data is, seconds."""

    name: str
    state: str
    version: int
    fresh_as_of: str | None
    lag_seconds: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """The engine's address if it runs, and every source."""

    home: str
    engine: str | None
    sources: tuple[SourceStatus, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "home": self.home,
            "engine": self.engine,
            "sources": [
                {
                    "name": source.name,
                    "state": source.state,
                    "version": source.version,
                    "fresh_as_of": source.fresh_as_of,
                    "lag_seconds": source.lag_seconds,
                    "error": source.error,
                }
                for source in self.sources
            ],
        }


def project_status(project: Project, clock: Clock) -> ProjectStatus:
    """Read the state of every process and source of a project."""
    engine = read_report(project.run, "engine")
    lake = Lake(project.lake, clock)
    sources = []
    for name in project.settings.sources:
        report = read_report(project.run, f"ingest-{name}")
        latest = lake.latest(name)
        fresh = latest.fresh_as_of if latest else None
        error = report.fields.get("error") if report else None
        sources.append(
            SourceStatus(
                name=name,
                state=str(report.fields.get("state")) if report else "stopped",
                version=latest.version if latest else 0,
                fresh_as_of=fresh.isoformat() if fresh else None,
                lag_seconds=round((clock.now() - fresh).total_seconds(), 1) if fresh else None,
                error=str(error["what"]) if error else None,
            )
        )
    address = str(engine.fields["address"]) if engine else None
    return ProjectStatus(str(project.home), address, tuple(sources))
