"""model: what is published model by model, and building one anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from amalimart.cli.asking import engine_client
from amalimart.cli.options import home_option, json_option, parse_day
from amalimart.cli.output import print_json, print_table

_LONGEST_BUILD_SECONDS = 6 * 3600.0


@click.group()
def model() -> None:
    """The tables and views of the published release."""


@model.command("list")
@home_option
@json_option
def list_models(home: Path | None, as_json: bool) -> None:
    """List the models of the published release with their rows."""
    with engine_client(home) as client:
        published = client.get("/models")
    if as_json:
        print_json(published)
        return
    rows = [
        (
            each["relation"],
            "view" if each["is_view"] else "table",
            each["rows"],
            len(each["columns"]),
            each["built_in"],
        )
        for each in sorted(published["models"], key=lambda each: each["relation"])
    ]
    print_table(
        ["model", "kind", "rows", "columns", "defined in release"], rows, [False, False, True, True, True]
    )


@model.command("rebuild")
@click.argument("name")
@click.option(
    "--with-children/--without-children",
    default=None,
    help="Also everything that reads it (usual for a whole model), or let that follow what changes.",
)
@click.option("--from", "first", metavar="DAY", help="First day: only rows of these days are computed anew.")
@click.option("--to", "last", metavar="DAY", help="Last day.")
@click.option("--date-column", metavar="COLUMN", help="The column the days are of, if not the usual one.")
@home_option
@json_option
def rebuild(
    name: str,
    with_children: bool | None,
    first: str | None,
    last: str | None,
    date_column: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Build a model anew, or some days of it, and publish the release."""
    days = {"from": parse_day(first, "--from"), "to": parse_day(last, "--to")}
    body: dict[str, Any] = {
        "with_children": with_children if with_children is not None else not any(days.values()),
        "date_column": date_column,
        **{key: day.isoformat() for key, day in days.items() if day},
    }
    with engine_client(home) as client:
        rebuilt = client.post(f"/models/{quote(name, safe='')}/rebuild", body, seconds=_LONGEST_BUILD_SECONDS)
    if as_json:
        print_json(rebuilt)
        return
    click.echo(
        f"release {rebuilt['release_id']}: {rebuilt['reason']}; {rebuilt['models']} models and"
        f" {rebuilt['rows']:,} rows written in {rebuilt['seconds']:.1f} s"
    )
