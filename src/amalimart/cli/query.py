"""query, metrics, dimensions: asking the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amalimart.cli.options import home_option, json_option, parse_day
from amalimart.cli.output import print_json, print_table


def _client(home: Path | None, acting_as: str | None) -> Any:
    from amalimart.config.project import find_home, open_project
    from amalimart.processes.client import EngineClient

    return EngineClient(open_project(find_home(home)), acting_as)


_as_option = click.option("--as", "acting_as", metavar="EMAIL", help="Ask as this user sees it.")


@click.command()
@click.argument("metrics", nargs=-1, required=True)
@click.option("--by", multiple=True, help="Group by dimensions or time grains, comma separated.")
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="Such as \"category = 'Home & Living'\"; all hold. In brackets, joined by or, one holds.",
)
@click.option(
    "--having", multiple=True, metavar="CONDITION", help="Keep rows by their metrics, such as 'gmv >= 1000'."
)
@click.option("--total", is_flag=True, help="One number: not in the metric's usual grouping.")
@click.option("--from", "first", metavar="DAY", help="First day.")
@click.option("--to", "last", metavar="DAY", help="Last day.")
@click.option("--today", metavar="DAY", help="The day that 'this month' and 'this year' count from.")
@click.option("--order-by", help="A metric or dimension of the question; a leading - means descending.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), help="Rows at most.")
@click.option("--compare", is_flag=True, help="Also the preceding range of the same length.")
@click.option("--receipt", is_flag=True, help="Also where the numbers come from.")
@_as_option
@home_option
@json_option
def query(
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    total: bool,
    where: tuple[str, ...],
    having: tuple[str, ...],
    first: str | None,
    last: str | None,
    today: str | None,
    order_by: str | None,
    limit: int | None,
    compare: bool,
    receipt: bool,
    acting_as: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Ask a governed question: amalimart query item_gmv --by vendor,month --today 2024-12-31."""
    from amalimart.semantic.question_text import parse_filters, parse_having

    # Read together: what is joined by or in one text must not be taken for that of another.
    filters = parse_filters(" and ".join(where)) if where else ()
    kept = [parse_having(text) for text in having]
    days = {
        "from": parse_day(first, "--from"),
        "to": parse_day(last, "--to"),
        "today": parse_day(today, "--today"),
    }
    body: dict[str, Any] = {
        "metrics": _names(metrics),
        "filters": [
            {
                "dimension": each.dimension,
                "operator": each.operator.value,
                "values": list(each.values),
                "either": each.either,
            }
            for each in filters
        ],
        "having": [
            {"metric": each.metric, "operator": each.operator.value, "value": str(each.value)}
            for each in kept
        ],
        "order_by": order_by,
        "limit": limit,
        "compare": compare,
        **{key: day.isoformat() for key, day in days.items() if day},
    }
    if by or total:
        body["by"] = _names(by)
    with _client(home, acting_as) as client:
        answer = client.post("/query", body)
    if as_json:
        print_json(answer)
        return
    columns = answer["columns"]
    numeric = [column["kind"] in {"metric", "previous"} for column in columns]
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
        for name in answer["receipt"]["rollups"]:
            click.echo(f"added up beforehand in the rollup {name}", err=True)


def _names(texts: tuple[str, ...]) -> list[str]:
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


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
