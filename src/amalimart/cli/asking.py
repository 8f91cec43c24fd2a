"""The ways of a command to the engine, and to what a project has written down of its metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from amalimart.orchestrate.metrics.changes import MetricChanges

as_option = click.option("--as", "acting_as", metavar="EMAIL", help="Ask as this user sees it.")


def engine_client(home: Path | None, acting_as: str | None = None) -> Any:
    """A client of the project's engine, or of one in this process where none runs."""
    from amalimart.config.project import find_home, open_project
    from amalimart.processes.client import EngineClient

    return EngineClient(open_project(find_home(home)), acting_as)


def metric_changes(home: Path | None) -> MetricChanges:
    """The project's metrics over time; no engine is asked."""
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.orchestrate.metrics.changes import MetricChanges

    return MetricChanges(open_project(find_home(home)), SystemClock())
