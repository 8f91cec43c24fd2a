"""release: which releases there are, what each did, what is held back, and accepting that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from amalimart.cli.asking import engine_client
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

_BLOCKED = "blocked:"


_by_option = click.option("--by", metavar="NAME", help="Who says so, where that is not the local operator.")


@click.group()
def release() -> None:
    """Releases, and builds that were held back."""


@release.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.option("--blocked", is_flag=True, help="The builds that were held back instead.")
@home_option
@json_option
def list_releases(limit: int, blocked: bool, home: Path | None, as_json: bool) -> None:
    """List releases, or builds that were held back, the newest first."""
    with engine_client(home) as client:
        found = client.get(f"/releases{'/blocked' if blocked else ''}?limit={limit}")
    if as_json:
        print_json(found)
    elif blocked:
        print_table(
            ["number", "last tried at", "times", "code", "what"],
            [
                (each["number"], each["last_attempted_at"], each["attempts"], _state(each), each["what"])
                for each in found["blocked"]
            ],
            [True, False, True, False, False],
        )
    else:
        rows = [
            (
                each["release_id"],
                each["published_at"],
                each["fresh_as_of"],
                each["models_built"],
                each["rows_built"],
                each["project_hash"],
            )
            for each in found["releases"]
        ]
        headings = ["release", "published at", "fresh as of", "models", "rows", "project"]
        print_table(headings, rows, [True, False, False, True, True, False])


def _state(build: Mapping[str, Any]) -> str:
    return f"{build['code']}, accepted" if build["accepted"] else str(build["code"])


@release.command("show")
@click.argument("which")
@home_option
@json_option
def show(which: str, home: Path | None, as_json: bool) -> None:
    """Show a release or a build that was held back: a number, latest, blocked:NUMBER or blocked:latest."""
    from amalimart.core.errors import RequestError

    name = which.removeprefix(_BLOCKED)
    if name != "latest" and not name.isdecimal():
        raise RequestError(
            f"not a release: {which!r}", expected="a number, latest, blocked:NUMBER or blocked:latest"
        )
    with engine_client(home) as client:
        if which.startswith(_BLOCKED):
            found = client.get(f"/releases/blocked/{name}")
        else:
            number = client.get("/releases/latest")["release_id"] if name == "latest" else name
            found = client.get(f"/releases/{number}")
    if as_json:
        print_json(found)
    elif which.startswith(_BLOCKED):
        _print_blocked(found)
    else:
        _print_release(found)


def _print_release(found: Mapping[str, Any]) -> None:
    head = found["release"]
    click.echo(f"release {head['release_id']}, published at {head['published_at']}")
    click.echo(f"fresh as of {head['fresh_as_of'] or 'unknown'}, project {head['project_hash']}")
    click.echo(f"sources: {_positions(head['positions'])}")
    if found["reason"]:
        click.echo(f"reason: {found['reason']}")
    if not head["is_recorded"]:
        click.echo("what it did was not kept: an earlier version published it")
    if found["models"]:
        click.echo("")
        rows = [(each["model"], each["fate"], *_rows(each)) for each in found["models"]]
        print_table(["model", "fate", "came", "went", "rows now"], rows, [False, False, True, True, True])
    for check in found["failing"]:
        _print_failing(check)


def _print_failing(check: Mapping[str, Any]) -> None:
    word = check["acceptance"]
    level = "error" if check["is_error"] else "warning"
    since = f" and {check['failing_changes']} of what changed since" if check["failing_changes"] else ""
    click.echo(f"! {level}: {check['name']} fails for {check['failing_rows']} rows{since}")
    if word:
        click.echo(
            f"  accepted by {_who(word)} at {word['accepted_at']} for {word['failing_rows']} rows"
            f" (blocked build {word['blocked_number']}): {word['reason']}"
        )


def _who(word: Mapping[str, Any]) -> str:
    name, subject = str(word["accepted_by"]), str(word["subject"])
    return name if name == subject else f"{name} ({subject})"


def _print_blocked(found: Mapping[str, Any]) -> None:
    click.echo(f"blocked build {found['number']}: {found['code']}: {found['what']}")
    if found["where"]:
        click.echo(f"where: {found['where']}")
    click.echo(
        f"tried {found['attempts']} times, first at {found['attempted_at']},"
        f" last at {found['last_attempted_at']}"
    )
    serving = f"release {found['serving']} served" if found["serving"] else "no release was there to serve"
    click.echo(f"{serving}; project {found['project_hash'] or 'not compiled'}")
    click.echo(f"sources: {_positions(found['positions'])}")
    for check in found["checks"]:
        click.echo("")
        click.echo(f"! {check['name']} fails for {check['failing_rows']} rows, such as")
        sample = check["sample"]
        rows = [
            [
                "(personal)" if name in sample["masked"] else value
                for name, value in zip(sample["columns"], row, strict=True)
            ]
            for row in sample["rows"]
        ]
        print_table(sample["columns"], rows)
    for word in found["accepted"]:
        click.echo(
            f"accepted: {word['check']} for {word['failing_rows']} rows by {_who(word)}: {word['reason']}"
        )


@release.command("diff")
@click.argument("a", type=click.IntRange(min=1))
@click.argument("b", type=click.IntRange(min=1))
@home_option
@json_option
def diff(a: int, b: int, home: Path | None, as_json: bool) -> None:
    """Say what happened from one release to another: sources, project, rows of each model, checks."""
    with engine_client(home) as client:
        found = client.get(f"/releases/difference?one={a}&other={b}")
    if as_json:
        print_json(found)
        return
    before, after = found["before"], found["after"]
    click.echo(f"from release {before['release_id']} to {after['release_id']}")
    for move in found["sources"]:
        click.echo(f"source {move['source']}: commit {_told(move['before'])} to {_told(move['after'])}")
    if found["project_changed"]:
        click.echo(f"project: {before['project_hash']} to {after['project_hash']}")
    else:
        click.echo(f"project: unchanged, {after['project_hash']}")
    if found["unrecorded"]:
        click.echo(
            f"! {found['unrecorded']} releases between did not keep what they did: rows are missing here"
        )
    if found["models"]:
        click.echo("")
        rows = [
            (each["model"], each["releases"], *_rows({**each, "rows": each["after"]}, each["before"]))
            for each in found["models"]
        ]
        headings = ["model", "releases", "came", "went", "rows before", "rows now"]
        print_table(headings, rows, [False, *[True] * 5])
    for change in found["checks"]:
        click.echo(
            f"check {change['name']}: {_verdict(change['before'])} before, {_verdict(change['after'])} now"
        )


def _told(value: object) -> str:
    return "none" if value is None else str(value)


def _rows(each: Mapping[str, Any], *before: int | None) -> Sequence[object]:
    """Rows as a person reads them; what was built anew and not compared did not count them."""
    unknown = "?" if each["came"] is None else None
    return (unknown or each["came"], unknown or each["went"], *before, each["rows"])


def _verdict(state: Mapping[str, Any] | None) -> str:
    if state is None:
        return "not there"
    failing = state["failing_rows"] + state["failing_changes"]
    if not failing:
        return "passes"
    return f"fails for {failing} rows" + (", accepted" if state["acceptance"] else "")


def _positions(positions: Mapping[str, int]) -> str:
    return ", ".join(f"{source} at commit {version}" for source, version in positions.items()) or "none"


@release.command("accept")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--reason", required=True, metavar="TEXT", help="Why it may be published all the same.")
@_by_option
@home_option
@json_option
def accept(number: int, reason: str, by: str | None, home: Path | None, as_json: bool) -> None:
    """Let the checks of a blocked build fail, for as many rows as then: the next build publishes."""
    with engine_client(home) as client:
        done = client.post(f"/releases/blocked/{number}/accept", {"reason": reason, "who": by})
    if as_json:
        print_json(done)
        return
    for word in done["accepted"]:
        click.echo(f"accepted: {word['check']} may fail for {word['failing_rows']} rows")
    click.echo("the next build publishes; amalimart release revoke takes it back", err=True)


@release.command("revoke")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--reason", metavar="TEXT", help="Why it may not any more.")
@_by_option
@home_option
@json_option
def revoke(number: int, reason: str | None, by: str | None, home: Path | None, as_json: bool) -> None:
    """Take back what was accepted of a blocked build: while its checks fail, no build publishes."""
    with engine_client(home) as client:
        done = client.post(f"/releases/blocked/{number}/revoke", {"reason": reason, "who": by})
    if as_json:
        print_json(done)
        return
    for word in done["revoked"]:
        click.echo(f"revoked: {word['check']} may not fail any more")
