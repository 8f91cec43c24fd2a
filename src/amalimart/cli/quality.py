"""quality: monitored checks, run and looked at; what is known; and a table profiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from amalimart.cli.asking import engine_client
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

_RUN_SECONDS = 3600.0
_EVERY = ("batch", "hour", "day", "week", "quarter", "year")
_FAILED = 1
_SIGNS = {"passed": " ", "failed": "!", "cannot_tell": "?"}


@click.group()
def quality() -> None:
    """Monitored checks: whether the numbers can be trusted."""


@quality.command("run")
@click.argument("name", required=False)
@click.option("--every", type=click.Choice(_EVERY), help="Run the checks that are due that often.")
@home_option
@json_option
def run(name: str | None, every: str | None, home: Path | None, as_json: bool) -> None:
    """Run all checks, those of a schedule word, or the one of a NAME, over the published release.

    The exit code is 1 where a check of severity error fails or a check cannot be read.
    """
    if name is not None and every is not None:
        raise click.UsageError("give a NAME or --every, not both")
    with engine_client(home) as client:
        done = client.post("/quality/run", {"every": every, "check": name}, _RUN_SECONDS)
    if as_json:
        print_json(done)
    else:
        _print_run(done)
    if done["fails"]:
        raise SystemExit(_FAILED)


def _print_run(done: Mapping[str, Any]) -> None:
    click.echo(f"release {done['release_id']}, run {done['run_id']}")
    print_table(
        ["", "check", "subject", "period", "severity", "what"],
        [
            (
                _SIGNS[each["verdict"]],
                each["check"],
                each["subject"],
                each["period"],
                each["severity"],
                each["message"],
            )
            for each in _worst_first(done["results"])
        ],
    )
    for each in done["results"]:
        _print_samples(each)
    for name, error in done["not_run"].items():
        click.echo(f"! {name} could not be run: {error['what']} ({error['where']})")
    results = done["results"]
    told = ", ".join(
        f"{sum(each['verdict'] == verdict for each in results)} {words}"
        for verdict, words in (("passed", "passed"), ("failed", "failed"), ("cannot_tell", "cannot tell"))
    )
    click.echo(f"{done['declared']} checks: {told}, {len(done['not_run'])} not run")


def _worst_first(results: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """What failed, what cannot be told, then what passes: of many subjects of a check in one line."""
    for verdict in ("failed", "cannot_tell"):
        yield from (each for each in results if each["verdict"] == verdict)
    passed: dict[str, list[Mapping[str, Any]]] = {}
    for each in results:
        if each["verdict"] == "passed":
            passed.setdefault(each["check"], []).append(each)
    for alike in passed.values():
        if len(alike) == 1:
            yield alike[0]
        else:
            yield {**alike[0], "subject": f"{len(alike)} subjects", "period": None, "message": "all pass"}


def _print_samples(result: Mapping[str, Any]) -> None:
    sample = result["samples"]
    if not sample or not sample["rows"]:
        return
    click.echo(f"{result['check']}: some of the rows")
    rows = [
        [
            "(personal)" if name in sample["masked"] else value
            for name, value in zip(sample["columns"], row, strict=True)
        ]
        for row in sample["rows"]
    ]
    print_table(sample["columns"], rows)


@quality.command("list")
@click.option("--failing", is_flag=True, help="What fails now and nobody has acknowledged.")
@home_option
@json_option
def list_checks(failing: bool, home: Path | None, as_json: bool) -> None:
    """List the declared checks with what they found last."""
    with engine_client(home) as client:
        found = client.get("/quality")
    if as_json:
        print_json(found)
    elif failing:
        _print_results(found["failing"])
    else:
        print_table(
            ["check", "kind", "every", "severity", "last run", "found", "description"],
            [
                (
                    each["name"],
                    each["kind"],
                    each["every"],
                    each["severity"],
                    each["newest"][0]["checked_at"] if each["newest"] else "never",
                    _found(each["newest"]),
                    each["problem"] or each["description"],
                )
                for each in found["checks"]
            ],
        )


def _found(results: Sequence[Mapping[str, Any]]) -> str:
    counts = {
        "failing": sum(each["is_failing"] for each in results),
        "acknowledged": sum(
            each["verdict"] == "failed" and each["acknowledgement"] is not None for each in results
        ),
        "cannot tell": sum(each["verdict"] == "cannot_tell" for each in results),
        "passed": sum(each["verdict"] == "passed" for each in results),
    }
    return ", ".join(f"{count} {words}" for words, count in counts.items() if count)


@quality.command("show")
@click.argument("name")
@click.option("--subject", metavar="SUBJECT", help="Only what was found of it.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@home_option
@json_option
def show(name: str, subject: str | None, limit: int, home: Path | None, as_json: bool) -> None:
    """Show what a check found, the newest first."""
    from urllib.parse import quote, urlencode

    asked = {"limit": limit, **({"subject": subject} if subject is not None else {})}
    with engine_client(home) as client:
        found = client.get(f"/quality/{quote(name, safe='')}/history?{urlencode(asked)}")
    if as_json:
        print_json(found)
        return
    _print_results(found["results"])
    for each in found["results"][:1]:
        click.echo(f"expected: {each['expected']}")
        click.echo(f"found: {each['actual']}")
        _print_samples(each)


def _print_results(results: Sequence[Mapping[str, Any]]) -> None:
    print_table(
        ["", "checked at", "check", "subject", "period", "what"],
        [
            (
                _SIGNS[each["verdict"]],
                each["checked_at"],
                each["check"],
                each["subject"],
                each["period"],
                each["message"],
            )
            for each in results
        ],
    )
    for each in results:
        if (word := each["acknowledgement"]) is not None:
            about = " ".join(filter(None, (each["subject"], each["period"])))
            click.echo(f"acknowledged: {about} by {word['acknowledged_by']}: {word['reason']}")


@quality.command("ack")
@click.argument("name")
@click.argument("subject")
@click.argument("period", required=False)
@click.option("--reason", required=True, metavar="TEXT", help="Why it is no reason to worry.")
@click.option("--by", metavar="NAME", help="Who says so, where that is not the local operator.")
@home_option
@json_option
def acknowledge(
    name: str,
    subject: str,
    period: str | None,
    reason: str,
    by: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Acknowledge what the check NAME found of SUBJECT: for a PERIOD, or for the present until it passes."""
    from urllib.parse import quote

    body = {"subject": subject, "period": period, "reason": reason, "who": by}
    with engine_client(home) as client:
        done = client.post(f"/quality/{quote(name, safe='')}/acknowledge", body)
    if as_json:
        print_json(done)
        return
    word = done["acknowledged"]
    about = " ".join(filter(None, (word["subject"], word["period"])))
    click.echo(f"acknowledged: {word['check']} of {about}, by {word['acknowledged_by']}")


@quality.command("profile")
@click.argument("table")
@click.option("--exact", is_flag=True, help="Count distinct values instead of estimating them.")
@home_option
@json_option
def profile(table: str, exact: bool, home: Path | None, as_json: bool) -> None:
    """Look at a published TABLE once, such as gold.fact_orders: nulls, distinct values, bounds, strays."""
    from urllib.parse import quote

    with engine_client(home) as client:
        found = client.get(f"/quality/profile/{quote(table, safe='')}?exact={str(exact).lower()}")
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['table']} at release {found['release_id']}: {found['rows']:,} rows")
    print_table(
        ["column", "type", "nulls", "distinct", "smallest", "largest", "not accepted", "orphans"],
        [
            (
                each["name"],
                each["type"],
                each["nulls"],
                f"{'' if each['is_exact'] else 'about '}{each['distinct']}",
                "(personal)" if each["is_personal"] else each["smallest"],
                "(personal)" if each["is_personal"] else each["largest"],
                each["unaccepted"],
                f"{each['orphans']} ({each['references']})" if each["orphans"] is not None else None,
            )
            for each in found["columns"]
        ],
        [False, False, True, True],
    )
