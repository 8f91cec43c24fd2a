"""map: how a source's tables become the canonical entities, drafted and checked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.mapping.drafting.draft import Draft
    from amalimart.orchestrate.sources.map_checking import MapCheck


@click.group("map")
def mapping() -> None:
    """How a source's tables become the canonical entities."""


@mapping.command("draft")
@click.argument("name")
@click.option(
    "--out", metavar="FILE", help="Where to write it (default: the project's sources/ folder; - prints it)."
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@home_option
@json_option
def map_draft(name: str, out: str | None, overwrite: bool, home: Path | None, as_json: bool) -> None:
    """Propose a mapping of a source from the names, types, keys and values of its tables.

    Each line says how sure it is and why. What is less sure than 0.6 is a comment. Read it line by line.
    """
    from amalimart.config.project import find_home, open_project
    from amalimart.mapping.drafting.rendering import render
    from amalimart.orchestrate.sources.map_drafting import (
        draft_file,
        draft_source,
        refuse_overwriting,
        save_draft,
    )

    project = open_project(find_home(home))
    path = Path(out) if out and out != "-" else draft_file(project, name)
    if out != "-" and not overwrite:
        refuse_overwriting(path)
    draft = draft_source(project, name)
    if out == "-":
        sys.stdout.write(render(draft))
        return
    save_draft(draft, path)
    if as_json:
        print_json(draft.as_dict() | {"file": str(path)})
    else:
        _tell_draft(draft)
    named = project.settings.sources[name].mapping
    click.echo(f"wrote {path}", err=True)
    if path.stem != named:
        click.echo(
            f"it is not used yet: write `mapping: {path.stem}` at sources.{name} of amalimart.yml", err=True
        )
    click.echo(f"next: read it, then amalimart map check {name}", err=True)


@mapping.command("check")
@click.argument("name", required=False)
@home_option
@json_option
def map_check(name: str | None, home: Path | None, as_json: bool) -> None:
    """Hold mappings against their sources as they are now; without NAME, those of every source.

    What is left out, which values of enumerations have no meaning, and which metrics have no answer, and
    why. Ends with an error where a mapping cannot be used.
    """
    from amalimart.config.project import find_home, open_project
    from amalimart.core.errors import ConfigError
    from amalimart.orchestrate.sources.map_checking import check_map

    project = open_project(find_home(home))
    names = [name] if name is not None else list(project.settings.sources)
    if not names:
        raise ConfigError(
            "this project has no source yet",
            where=str(project.settings_file),
            next_step="amalimart source add NAME URL",
        )
    found = [check_map(project, each) for each in names]
    if as_json:
        print_json(found[0].as_dict() if name is not None else [each.as_dict() for each in found])
    else:
        for each in found:
            _tell_check(each)
    for each in found:
        each.refuse_unusable()


def _tell_draft(draft: Draft) -> None:
    rows = [
        (
            entity.entity,
            entity.table,
            f"{entity.confidence:.2f}",
            sum(column.proposed for column in entity.columns) if entity.proposed else 0,
            sum(not column.proposed for column in entity.columns) if entity.proposed else len(entity.columns),
            "" if entity.proposed else f"a comment: lacks {', '.join(entity.lacking) or 'confidence'}",
        )
        for entity in draft.entities
    ]
    headings = ["entity", "from table", "sure", "lines", "comments", ""]
    print_table(headings, rows, [False, False, True, True, True, False])
    secrets = [f"{table.table}.{column}" for table in draft.tables for column in table.secret]
    unmapped = [table.table for table in draft.tables if table.unmapped]
    _line("never read, because they look like secrets", secrets)
    _line("left alone, to be decided", unmapped)
    _line("left out, because a mapping cannot hold their names", [repr(name) for name in draft.unwritable])


def _tell_check(found: MapCheck) -> None:
    click.echo(f"{'✓' if found.usable else '✗'} {found.source}: {found.mapping}")
    for table, misfit in found.misfits.items():
        click.echo(f"✗ {table}: {misfit.what}")
        if misfit.next_step:
            click.echo(f"    next: {misfit.next_step}")
    for table in found.without_key:
        click.echo(f"✗ no way to tell rows apart: {table}")
    for drift in found.drift:
        values = ", ".join(f"{value!r} ({rows:,})" for value, rows in drift.values.items())
        looked = f"all {drift.looked_at:,} rows" if drift.complete else f"{drift.looked_at:,} rows"
        click.echo(
            f"· {drift.table}.{drift.column} has values without a meaning for {drift.canonical}: {values}"
        )
        click.echo(f"    {drift.rows:,} of {looked} become the default; next: add them under `values`")
    _line("filled", found.entities)
    _line("nothing fills", found.missing_entities)
    _line("columns nothing fills", found.missing_columns)
    _line("tables the mapping does not list", found.unlisted_tables)
    _line("columns the mapping does not list", found.unlisted_columns)
    _line("to be decided", found.to_be_decided)
    _line("left alone", [f"{table} ({why})" for table, why in found.unmapped.items()])
    _line("optional and not there", found.absent_optional)
    _line("secret, never read", found.secrets)
    click.echo(f"{found.available} metrics have an answer")
    if found.unavailable:
        click.echo(f"{len(found.unavailable)} have none, because the source lacks what they need:")
        print_table(["metric", "needs"], [(each.metric, each.missing) for each in found.unavailable])


def _line(what: str, names: Sequence[str]) -> None:
    if names:
        shown = "".join(c if c.isprintable() else " " for c in ", ".join(names))
        click.echo(f"{what}: {shown}")
