"""incident and notify: what went wrong, taking it on, and trying the channels by which people are told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from amalimart.cli.asking import engine_client
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table


@click.group()
def incident() -> None:
    """What went wrong, and who has taken it on."""


@incident.command("list")
@click.option("--all", "include_over", is_flag=True, help="Also those that are over.")
@home_option
@json_option
def list_incidents(include_over: bool, home: Path | None, as_json: bool) -> None:
    """List what is wrong now, the newest first."""
    with engine_client(home) as client:
        found = client.get(f"/incidents?include_over={'true' if include_over else 'false'}")
    if as_json:
        print_json(found)
        return
    rows = [
        (each["number"], each["severity"], _state(each), each["opened_at"], each["title"])
        for each in found["incidents"]
    ]
    print_table(["number", "severity", "state", "since", "what"], rows, [True])


@incident.command("show")
@click.argument("number", type=click.IntRange(min=1))
@home_option
@json_option
def show(number: int, home: Path | None, as_json: bool) -> None:
    """Show an incident, and how far the messages about it have come."""
    with engine_client(home) as client:
        found = client.get(f"/incidents/{number}")
    if as_json:
        print_json(found)
        return
    click.echo(f"incident {found['number']}, {found['severity']}: {found['title']}")
    if found["details"]:
        click.echo(found["details"])
    if found["where"]:
        click.echo(f"where: {found['where']}")
    if found["next_step"]:
        click.echo(f"next: {found['next_step']}")
    click.echo(f"since {found['opened_at']}, last seen {found['last_seen_at']}, {found['times']} times")
    if found["acknowledged_by"]:
        click.echo(
            f"acknowledged by {found['acknowledged_by']} at {found['acknowledged_at']}:"
            f" {found['acknowledgement']}"
        )
    if found["resolved_at"]:
        click.echo(f"over since {found['resolved_at']}")
    if found["deliveries"]:
        click.echo("")
        rows = [
            (
                each["channel"],
                each["event"],
                each["state"],
                each["attempts"],
                each["made_at"],
                each["last_error"],
            )
            for each in found["deliveries"]
        ]
        headings = ["channel", "message", "state", "tries", "made at", "last error"]
        print_table(headings, rows, [False, False, False, True])


def _state(each: Mapping[str, Any]) -> str:
    if each["resolved_at"]:
        return "over"
    return f"acknowledged by {each['acknowledged_by']}" if each["acknowledged_by"] else "open"


@incident.command("ack")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--by", required=True, metavar="NAME", help="Who takes it on.")
@click.option("--reason", required=True, metavar="TEXT", help="In what words: what is being done.")
@home_option
@json_option
def ack(number: int, by: str, reason: str, home: Path | None, as_json: bool) -> None:
    """Take an incident on: nothing more is sent about it until it is over."""
    with engine_client(home) as client:
        done = client.post(f"/incidents/{number}/acknowledge", {"reason": reason, "who": by})
    if as_json:
        print_json(done)
        return
    click.echo(f"acknowledged: incident {number} by {done['acknowledged_by']}")


@click.group()
def notify() -> None:
    """The channels by which people are told of incidents."""


@notify.command("test")
@click.argument("channel")
@home_option
@json_option
def test(channel: str, home: Path | None, as_json: bool) -> None:
    """Send a test message on a channel, and say how that ended."""
    from urllib.parse import quote

    with engine_client(home) as client:
        done = client.post(f"/notify/{quote(channel, safe='')}/test", {})
    if as_json:
        print_json(done)
        return
    click.echo(f"sent: a test message by {channel}" + (f" ({done['remark']})" if done["remark"] else ""))
