"""query, dimensions: asking the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amalimart.cli.asking import as_option, engine_client
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table
from amalimart.cli.question_options import question_body, question_options


@click.command()
@question_options
@click.option("--receipt", is_flag=True, help="Also where the numbers come from.")
@click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    default="en",
    show_default=True,
    help="Headings, notes and definitions in this language; --json holds them in both.",
)
@as_option
@home_option
@json_option
def query(
    receipt: bool, language: str, acting_as: str | None, home: Path | None, as_json: bool, **asked: Any
) -> None:
    """Ask a governed question: amalimart query item_gmv --by vendor,month --today 2024-12-31."""
    body = question_body(asked)
    with engine_client(home, acting_as) as client:
        answer = client.post("/query", body)
        if as_json:
            print_json(answer)
            return
        headings = _headings(answer["columns"], client, language)
    columns = answer["columns"]
    numeric = [column["kind"] in {"metric", "previous", "change", "change_rate"} for column in columns]
    rows = [
        [_shown(value, column["unit"]) for value, column in zip(row, columns, strict=True)]
        for row in answer["rows"]
    ]
    print_table(headings, rows, numeric)
    for note in answer["receipt"]["notes" if language == "en" else f"notes_{language}"]:
        click.echo(f"note: {note}", err=True)
    if receipt:
        click.echo(
            f"release {answer['receipt']['release_id']} of {answer['receipt']['published_at']}", err=True
        )
        for metric in answer["receipt"]["metrics"]:
            meaning = f"version {metric['version']}, {metric['hash']}"
            basis = metric.get(f"basis_{language}") or metric["basis"]
            click.echo(f"{metric['name']} ({meaning}): {basis}", err=True)
        checks = answer["receipt"]["checks"]
        counts = ", ".join(f"{checks[how]} {how}" for how in ("passed", "warned", "failed") if checks[how])
        click.echo(f"checks: {checks['state']}{f' ({counts})' if counts else ''}", err=True)
        for name in answer["receipt"]["rollups"]:
            click.echo(f"added up beforehand in the rollup {name}", err=True)


def _headings(columns: list[dict[str, Any]], client: Any, language: str) -> list[str]:
    """What the columns are called in a language, with their currency."""
    if language == "en":
        called = [column["label"] for column in columns]
    else:
        from amalimart.api.exports.wording import Wording
        from amalimart.api.language import Language
        from amalimart.semantic.answer import Column, ColumnKind

        known = [*client.get("/metrics")["metrics"], *client.get("/dimensions")["dimensions"]]
        wording = Wording(Language(language), {each["label"]: each[f"label_{language}"] for each in known})
        called = [
            wording.heading(Column(**column | {"kind": ColumnKind(column["kind"])})) for column in columns
        ]
    return [
        f"{name} ({column['currency']})" if column["currency"] else name
        for name, column in zip(called, columns, strict=True)
    ]


def _shown(value: Any, unit: str) -> Any:
    """A value as a person reads it; --json gives it as it is."""
    if isinstance(value, float):
        return f"{value:.2%}" if unit == "percent" else f"{value:,.2f}"
    return value


@click.group()
def dimensions() -> None:
    """The dimensions of the semantic layer."""


@dimensions.command("list")
@as_option
@home_option
@json_option
def dimensions_list(acting_as: str | None, home: Path | None, as_json: bool) -> None:
    """List every dimension."""
    with engine_client(home, acting_as) as client:
        found = client.get("/dimensions")
    if as_json:
        print_json(found)
        return
    print_table(["dimension", "name"], [(d["name"], d["label"]) for d in found["dimensions"]])
