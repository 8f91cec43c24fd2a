"""query, metrics, dimensions: asking the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table
from amalimart.cli.question_options import question_body, question_options


def _client(home: Path | None, acting_as: str | None) -> Any:
    from amalimart.config.project import find_home, open_project
    from amalimart.processes.client import EngineClient

    return EngineClient(open_project(find_home(home)), acting_as)


_as_option = click.option("--as", "acting_as", metavar="EMAIL", help="Ask as this user sees it.")


@click.command()
@question_options
@click.option("--receipt", is_flag=True, help="Also where the numbers come from.")
@_as_option
@home_option
@json_option
def query(receipt: bool, acting_as: str | None, home: Path | None, as_json: bool, **asked: Any) -> None:
    """Ask a governed question: amalimart query item_gmv --by vendor,month --today 2024-12-31."""
    body = question_body(asked)
    with _client(home, acting_as) as client:
        answer = client.post("/query", body)
    if as_json:
        print_json(answer)
        return
    columns = answer["columns"]
    numeric = [column["kind"] in {"metric", "previous", "change", "change_rate"} for column in columns]
    rows = [
        [_shown(value, column["unit"]) for value, column in zip(row, columns, strict=True)]
        for row in answer["rows"]
    ]
    print_table([_heading(column) for column in columns], rows, numeric)
    for note in answer["receipt"]["notes"]:
        click.echo(f"note: {note}", err=True)
    if receipt:
        click.echo(
            f"release {answer['receipt']['release_id']} of {answer['receipt']['published_at']}", err=True
        )
        for metric in answer["receipt"]["metrics"]:
            click.echo(f"{metric['name']} ({metric['version']}): {metric['basis']}", err=True)


def _heading(column: dict[str, Any]) -> str:
    return f"{column['label']} ({column['currency']})" if column["currency"] else str(column["label"])


def _shown(value: Any, unit: str) -> Any:
    """A value as a person reads it; --json gives it as it is."""
    if isinstance(value, float):
        return f"{value:.2%}" if unit == "percent" else f"{value:,.2f}"
    return value


@click.group()
def metrics() -> None:
    """The metrics of the semantic layer."""


@metrics.command("list")
@_as_option
@home_option
@json_option
def metrics_list(acting_as: str | None, home: Path | None, as_json: bool) -> None:
    """List every metric with its meaning."""
    with _client(home, acting_as) as client:
        found = client.get("/metrics")
    if as_json:
        print_json(found)
        return
    rows = [(m["name"], m["label"], ", ".join(m["aliases"]), m["definition"]) for m in found["metrics"]]
    print_table(["metric", "name", "also", "definition"], rows)


@click.group()
def dimensions() -> None:
    """The dimensions of the semantic layer."""


@dimensions.command("list")
@_as_option
@home_option
@json_option
def dimensions_list(acting_as: str | None, home: Path | None, as_json: bool) -> None:
    """List every dimension."""
    with _client(home, acting_as) as client:
        found = client.get("/dimensions")
    if as_json:
        print_json(found)
        return
    print_table(["dimension", "name"], [(d["name"], d["label"]) for d in found["dimensions"]])
