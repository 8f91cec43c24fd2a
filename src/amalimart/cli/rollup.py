"""rollup: facts added up beforehand, how much they are used, and which would pay."""

from __future__ import annotations

from pathlib import Path

import click

from amalimart.cli.asking import engine_client
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table


@click.group()
def rollup() -> None:
    """Facts that are added up beforehand, so that questions are answered sooner."""


@rollup.command("list")
@home_option
@json_option
def list_rollups(home: Path | None, as_json: bool) -> None:
    """List the declared rollups, their rows, and how many questions of the last 30 days each answered."""
    with engine_client(home) as client:
        found = client.get("/rollups")
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["name"],
            each["dataset"],
            ", ".join([*filter(None, [each["grain"]]), *each["dimensions"]]),
            each["rows"] if each["rows"] is not None else "not built yet",
            each["answers"],
        )
        for each in found["rollups"]
    ]
    print_table(["rollup", "of", "by", "rows", "answers"], rows, [False, False, False, True, True])


@rollup.command("advise")
@home_option
@json_option
def advise(home: Path | None, as_json: bool) -> None:
    """Say which rollups would have served the questions of the last 30 days, and how to declare them."""
    with engine_client(home) as client:
        found = client.get("/rollups/advice")
    if as_json:
        print_json(found)
        return
    click.echo(
        f"{found['answers']:,} answers in {found['days']} days, {found['served']:,} of them by a rollup",
        err=True,
    )
    if not found["advised"]:
        click.echo("no other rollup would pay", err=True)
    for each in found["advised"]:
        click.echo(
            f"# {each['answers']:,} answers that took {each['seconds']:.1f} s; {each['rows']:,} rows in place"
            f" of {each['base_rows']:,}. Put it into a file of metrics/rollups and restart the engine."
        )
        click.echo(each["yaml"])
