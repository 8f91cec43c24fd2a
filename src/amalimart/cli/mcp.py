"""mcp: governed numbers for assistants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amalimart.cli.options import home_option


@click.command()
@click.option("--as", "acting_as", metavar="EMAIL", required=True, help="Whose numbers the assistant sees.")
@home_option
def mcp(acting_as: str, home: Path | None) -> None:
    """Serve tools to an assistant on standard input and output (Model Context Protocol), as one user."""
    from amalimart.config.project import find_home, open_project
    from amalimart.core.errors import EngineUnavailable
    from amalimart.orchestrate.project.runtime_files import read_report
    from amalimart.processes.assistants import assistant_server
    from amalimart.processes.client import EngineClient

    project = open_project(find_home(home))

    def get(path: str) -> dict[str, Any]:
        if read_report(project.run, "engine") is None:
            raise EngineUnavailable(
                "the engine does not run", where=str(project.home), next_step="amalimart up"
            )
        with EngineClient(project, acting_as, is_lasting=True) as client:
            return client.get(path)

    get("/dashboards")  # a user who is not there, or an engine that does not run, is said at once
    assistant_server(get).run("stdio")
