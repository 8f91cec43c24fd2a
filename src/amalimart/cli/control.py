"""The way of a command to the project's control database, and in whose name it changes what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amalimart.config.project import Project
    from amalimart.control.store import ControlStore

LOCAL_OPERATOR = "local operator"


@contextmanager
def opened_control(home: Path | None) -> Iterator[tuple[Project, ControlStore]]:
    """A project and its control database, closed at the end. Raises ProjectNotFound, ConfigError."""
    from amalimart.config.project import find_home, open_project
    from amalimart.control.store import open_control_store
    from amalimart.core.clock import SystemClock

    project = open_project(find_home(home))
    control = open_control_store(project.control_database, SystemClock())
    try:
        yield project, control
    finally:
        control.close()
