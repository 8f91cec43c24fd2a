"""schema: what editors need to check the project's files while they are written."""

from __future__ import annotations

from pathlib import Path

import click

from amalimart.cli.options import json_option
from amalimart.cli.output import print_json, print_table


@click.group()
def schema() -> None:
    """JSON Schemas of the project's YAML files, for editors."""


@schema.command("write")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@json_option
def schema_write(folder: Path, as_json: bool) -> None:
    """Write the JSON Schema of every kind of file into FOLDER.

    An editor finds it by a first line such as `# yaml-language-server: $schema=../schemas/metrics.json`.
    """
    from amalimart.core.errors import ConfigError
    from amalimart.processes.editor_schemas import EDITOR_SCHEMAS, write_schemas

    try:
        written = write_schemas(folder)
    except OSError as error:
        raise ConfigError(
            f"the folder cannot be written to: {error.strerror}",
            where=str(folder),
            next_step="give another folder",
        ) from error
    found = list(zip(written, EDITOR_SCHEMAS.values(), strict=True))
    if as_json:
        print_json({"schemas": [{"file": str(path), "of": each.files} for path, each in found]})
    else:
        print_table(["schema", "of", "what"], [(str(path), each.files, each.what) for path, each in found])
