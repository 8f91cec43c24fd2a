"""telemetry: what the running processes have counted."""

from __future__ import annotations

from pathlib import Path

import click

from amalimart.cli.options import home_option


@click.command()
@home_option
def telemetry(home: Path | None) -> None:
    """Print what the running engine and ingests have counted, as Prometheus reads it."""
    from amalimart.config.project import find_home, open_project
    from amalimart.processes.client import read_figures

    click.echo(read_figures(open_project(find_home(home))), nl=False)
