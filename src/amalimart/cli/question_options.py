"""The options by which a question is put on the command line, and the body that the engine is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from amalimart.cli.options import parse_day

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.argument("metrics", nargs=-1, required=True),
    click.option("--by", multiple=True, help="Group by dimensions or time grains, comma separated."),
    click.option(
        "--where",
        multiple=True,
        metavar="CONDITION",
        help="Such as \"category = 'Home & Living'\"; all hold. In brackets, joined by or, one holds.",
    ),
    click.option(
        "--having",
        multiple=True,
        metavar="CONDITION",
        help="Keep rows by their metrics, such as 'gmv >= 1000'.",
    ),
    click.option("--total", is_flag=True, help="One number: not in the metric's usual grouping."),
    click.option("--from", "first", metavar="DAY", help="First day."),
    click.option("--to", "last", metavar="DAY", help="Last day."),
    click.option("--today", metavar="DAY", help="The day that 'this month' and 'this year' count from."),
    click.option("--time", metavar="ROLE", help="Count by another date, such as delivered or refunded."),
    click.option("--fill", is_flag=True, help="A row for every bucket of time, empty ones too."),
    click.option("--order-by", help="A metric or dimension of the question; a leading - means descending."),
    click.option("--limit", type=click.IntRange(1, 1_000_000), help="Rows at most."),
    click.option(
        "--top", metavar="DIMENSION=N", help="The N best of a dimension, and one row for all others."
    ),
    click.option("--top-by", metavar="METRIC", help="By which metric they are the best; else by the first."),
    click.option(
        "--totals",
        type=click.Choice(["total", "subtotals"]),
        help="Also a row for the total, or rows that add up the last groups one by one.",
    ),
    click.option("--compare", is_flag=True, help="Also the preceding range of the same length."),
    click.option(
        "--compare-with",
        metavar="DAYS",
        help="Compare with previous_period, same_period_last_year, or days: 2023-01-01..2023-03-31.",
    ),
    click.option(
        "--as-of",
        metavar="RELEASE",
        help="The release to answer from: current (as without it), or its number.",
    ),
    click.option("--changes", is_flag=True, help="When comparing: also by how much, and by which share."),
)


def question_options(command: _Command) -> _Command:
    """Give a command the options of a question; it takes their values as keywords for `question_body`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def question_body(given: dict[str, Any]) -> dict[str, Any]:
    """The question as POST /query takes it. Raises InvalidFilter or a usage error."""
    from amalimart.semantic.question_text import parse_filters, parse_having

    # Read together: what is joined by or in one text must not be taken for that of another.
    filters = parse_filters(" and ".join(given["where"])) if given["where"] else ()
    days = {
        "from": parse_day(given["first"], "--from"),
        "to": parse_day(given["last"], "--to"),
        "today": parse_day(given["today"], "--today"),
    }
    body: dict[str, Any] = {
        "metrics": _names(given["metrics"]),
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
            for each in map(parse_having, given["having"])
        ],
        "compare_with": _compared(given["compare_with"]),
        "totals": given["totals"] or "none",
        "top": _top(given["top"], given["top_by"]),
        "as_of": _release(given["as_of"]),
        **{name: given[name] for name in ("order_by", "limit", "time", "fill", "compare", "changes")},
        **_texts(days),
    }
    if given["by"] or given["total"]:
        body["by"] = _names(given["by"])
    return body


def _names(texts: tuple[str, ...]) -> list[str]:
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _texts(days: dict[str, date | None]) -> dict[str, str]:
    return {key: day.isoformat() for key, day in days.items() if day}


def _compared(text: str | None) -> str | dict[str, str] | None:
    """What to compare with: a word, or two days."""
    if text is None or ".." not in text:
        return text
    first, _, last = text.partition("..")
    return _texts({"from": parse_day(first, "--compare-with"), "to": parse_day(last, "--compare-with")})


def _release(text: str | None) -> int | str | None:
    if text is None or text == "current":
        return text
    if not text.isdecimal():
        raise click.UsageError(f"--as-of {text!r} is no release; write its number, or current")
    return int(text)


def _top(text: str | None, metric: str | None) -> dict[str, Any] | None:
    if text is None:
        if metric is not None:
            raise click.UsageError("--top-by says nothing without --top")
        return None
    dimension, _, count = text.partition("=")
    if not count.isdecimal():
        raise click.UsageError(f"--top {text!r} has no number; write it like vendor=5")
    return {"dimension": dimension.strip(), "count": int(count), "metric": metric}
