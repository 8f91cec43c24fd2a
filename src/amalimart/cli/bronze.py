"""bronze: looking into the lake."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table


@click.group()
def bronze() -> None:
    """The lake: everything the sources ever said."""


@bronze.command("inspect")
@click.argument("source")
@click.option("--table", help="List the files of one table.")
@click.option("--key", multiple=True, help="Show every version of one row; once for each column of its key.")
@home_option
@json_option
def inspect(source: str, table: str | None, key: tuple[str, ...], home: Path | None, as_json: bool) -> None:
    """Show what the lake holds of a source: its tables, the files of one, or the history of a row."""
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.core.errors import ConfigError
    from amalimart.orchestrate.quality.bronze_inspection import inspect_source, inspect_table, row_history

    project, clock = open_project(find_home(home)), SystemClock()
    if key and table is None:
        raise ConfigError("a row's history needs its table", where="--key", next_step="give --table TABLE")
    if table is None:
        facts = inspect_source(project, source, clock)
        if as_json:
            print_json(asdict(facts))
            return
        click.echo(f"source:   {facts.source} ({facts.identity})")
        click.echo(f"version:  {facts.version}, fresh as of {facts.fresh_as_of or '–'}")
        print_table(
            ["table", "files", "bytes", "rows", "in journal", "snapshot", "last batch"],
            [
                (t.table, t.files, t.bytes, t.rows, t.journal_rows, t.snapshot_version, t.last_batch)
                for t in facts.tables
            ],
        )
    elif key:
        versions = row_history(project, source, table, key, clock)
        if as_json:
            print_json(list(versions))
            return
        if not versions:
            click.echo("no version of this row is in the lake", err=True)
            return
        print_table(list(versions[0]), [tuple(version.values()) for version in versions])
    else:
        files = inspect_table(project, source, table, clock)
        if as_json:
            print_json([asdict(file) for file in files])
            return
        print_table(
            ["file", "rows", "bytes", "first batch", "last batch", "sha256"],
            [(f.path, f.rows, f.bytes, f.first_batch, f.last_batch, f.sha256) for f in files],
        )
