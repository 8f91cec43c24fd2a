"""When each job of a project runs: as packaged, and as its settings say otherwise, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import amalimart
from amalimart.config.project import Project
from amalimart.config.schedule_settings import ScheduleSettings
from amalimart.config.strict_yaml import read_yaml
from amalimart.core.errors import ConfigError
from amalimart.core.jobs import JobSchedule
from amalimart.core.names import nearest

PACKAGED = Path(amalimart.__file__).parent / "marketplace" / "schedules.yml"


def load_schedules(project: Project) -> Mapping[str, JobSchedule]:
    """Job -> its schedule, in the order in which they are packaged.

    Raises ConfigError for a job that there is not.
    """
    packaged = packaged_schedules()
    own = project.settings.schedules
    for name in own:
        if name not in packaged:
            raise ConfigError(
                f"there is no job {name!r}",
                where=read_yaml(project.settings_file).where("schedules", name),
                expected=", ".join(packaged),
                nearest=nearest(name, packaged),
                next_step="amalimart schedule list shows every job",
            )
    return {name: _schedule(name, usual, own.get(name)) for name, usual in packaged.items()}


def packaged_schedules() -> Mapping[str, ScheduleSettings]:
    """Job -> its usual schedule, every key said."""
    document = read_yaml(PACKAGED)
    return {name: document.parse(ScheduleSettings, name) for name in document.data}


def _schedule(name: str, usual: ScheduleSettings, own: ScheduleSettings | None) -> JobSchedule:
    said = usual.model_dump() | (own.model_dump(exclude_none=True) if own else {})
    return JobSchedule(job=name, **said)
