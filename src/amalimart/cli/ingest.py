"""ingest: load files once, without a running engine."""

from __future__ import annotations

from pathlib import Path

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table


@click.group()
def ingest() -> None:
    """Load files once, without a running engine."""


@ingest.command("csv")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--mapping", required=True, help="A packaged mapping, one of the project's, or a file.")
@click.option(
    "--source", default=None, help="Name of the source in the project (default: the mapping's name)."
)
@home_option
@json_option
def ingest_csv(folder: Path, mapping: str, source: str | None, home: Path | None, as_json: bool) -> None:
    """Load a folder of CSV (or Parquet) files through a mapping and publish a release.

    Makes the project folder if there is none. A file that was loaded before is skipped.
    """
    from amalimart.config.project import find_home
    from amalimart.observe.progress import step
    from amalimart.orchestrate.sources.file_load import BUCKETS, load_files

    loaded = load_files(find_home(home), folder, mapping, source, step)
    if as_json:
        print_json(loaded.as_dict())
        return
    rows = [[line.entity, *line.counts] for line in loaded.reconciliation]
    print_table(["entity", *BUCKETS], rows, [False] + [True] * len(BUCKETS))
    for reason, count in loaded.quarantine:
        click.echo(f"quarantined: {count:,} × {reason}", err=True)
    for name in loaded.unmapped:
        click.echo(f"not mapped: {name}", err=True)
    click.echo(f"release {loaded.release_id} serves; ask: amalimart query gmv", err=True)
