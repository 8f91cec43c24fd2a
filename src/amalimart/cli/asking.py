"""The way of a command to the engine, and on whose behalf it asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

as_option = click.option("--as", "acting_as", metavar="EMAIL", help="Ask as this user sees it.")


def engine_client(home: Path | None, acting_as: str | None = None) -> Any:
    """A client of the project's engine, or of one in this process where none runs."""
    from amalimart.config.project import find_home, open_project
    from amalimart.processes.client import EngineClient

    return EngineClient(open_project(find_home(home)), acting_as)
