"""Starting a project: look for trouble first, then run the engine and one ingest process per source."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from amalimart.config.project import Project
from amalimart.core.errors import ConfigError, EngineUnavailable
from amalimart.mapping.catalog_check import check_catalog
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.project.runtime_files import read_report
from amalimart.orchestrate.scheduling.schedules import load_schedules
from amalimart.orchestrate.sources.opening import open_source
from amalimart.processes.engine import bind_port
from amalimart.processes.supervisor import ProcessSpec, Supervisor


def check_before_start(project: Project) -> None:
    """Everything that can be known to fail before a process starts. Raises the typed error."""
    if not project.settings.sources:
        raise ConfigError(
            "this project has no source yet",
            where=str(project.settings_file),
            next_step="amalimart source add NAME URL",
        )
    load_schedules(project)
    running = read_report(project.run, "engine")
    if running is not None:
        raise EngineUnavailable(
            "this project is running already",
            where=f"{running.fields.get('address')} (process {running.pid})",
            next_step="use it, or stop it first",
        )
    bind_port(project.settings.serve.host, project.settings.serve.port).close()
    for name, mapping in load_mappings(project).items():
        with closing(open_source(project, name, project.settings.sources[name])) as source:
            check_catalog(mapping, source.catalog())


def process_specs(project: Project) -> list[ProcessSpec]:
    """The project's processes, in the order of their start."""
    home = ("--home", str(project.home))
    engine = ProcessSpec("engine", "amalimart.processes.engine", home)
    return [
        engine,
        *(
            ProcessSpec(f"ingest of {name}", "amalimart.processes.ingest", (*home, "--source", name))
            for name in project.settings.sources
        ),
    ]


def run_project(project: Project, more: Sequence[ProcessSpec] = ()) -> None:
    """Run until a signal. Raises RuntimeTrouble where a process cannot start."""
    Supervisor([*process_specs(project), *more]).run()
