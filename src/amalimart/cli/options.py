"""Options that many commands share, and how their texts are read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from amalimart.core.errors import InvalidFilter

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="The project folder (else $AMALIMART_HOME, else here or above).",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="JSON on standard output; an error is JSON too."
)


def parse_day(text: str | None, option: str) -> date | None:
    """A day given on the command line. Raises InvalidFilter."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidFilter(
            f"{option} is not a day: {text!r}", expected="YYYY-MM-DD, such as 2024-12-31"
        ) from error
