"""audit: who asked what, and whether the log of it is what was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amalimart.cli.control import opened_control
from amalimart.cli.options import home_option, json_option, parse_day
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.access.audit_record import Link
    from amalimart.config.project import Project
    from amalimart.control.audit.reading import ListedRecord
    from amalimart.orchestrate.project.auditing import AuditTrail


@contextmanager
def _opened(home: Path | None) -> Iterator[tuple[Project, AuditTrail]]:
    from amalimart.orchestrate.project.auditing import open_audit

    with opened_control(home) as (project, control):
        yield project, open_audit(project, control)


@click.group()
def audit() -> None:
    """Who asked what, when, and under which policy and release."""


@audit.command("list")
@click.option("--day", help="Of one business day, YYYY-MM-DD.")
@click.option("--subject", help="Of one person or key, as they sign in; hashed before it is looked for.")
@click.option(
    "--outcome", type=click.Choice(["answered", "denied", "refused", "failed"]), help="That ended like this."
)
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="Records at most."
)
@home_option
@json_option
def list_(
    day: str | None, subject: str | None, outcome: str | None, limit: int, home: Path | None, as_json: bool
) -> None:
    """List what was asked, the newest first."""
    from datetime import datetime, time, timedelta

    from amalimart.access.audit_record import Outcome
    from amalimart.control.audit.reading import AuditFilter

    asked_for = parse_day(day, "--day")
    with _opened(home) as (project, trail):
        since = datetime.combine(asked_for, time(), project.zone) if asked_for else None
        before = datetime.combine(asked_for + timedelta(days=1), time(), project.zone) if asked_for else None
        wanted = AuditFilter(since, before, subject, Outcome(outcome) if outcome else None)
        found = trail.list(wanted, limit)
    if as_json:
        print_json({"records": [_record(each) for each in found]})
        return
    rows = [
        (
            each.record.sequence,
            each.record.at,
            _who(each),
            each.record.door,
            each.record.outcome,
            each.record.release_id,
            _asked(each.shape),
        )
        for each in found
    ]
    print_table(["record", "at", "who", "door", "outcome", "release", "what"], rows, [True])


@audit.command("verify")
@click.option(
    "--known", metavar="NUMBER:MAC", help="An end of the log that was noted before: it must be there."
)
@home_option
@json_option
def verify(known: str | None, home: Path | None, as_json: bool) -> None:
    """Look whether the log is what was written; exits 8 where it is not."""
    from amalimart.core.errors import AuditBroken

    noted = _link(known) if known else None
    with _opened(home) as (_, trail):
        verdict = trail.verify(noted)
    if as_json:
        print_json(
            {
                "whole": verdict.is_whole,
                "records": verdict.records,
                "unvouched": verdict.unvouched,
                "begins_after": verdict.begins_after,
                "end": f"{verdict.end.sequence}:{verdict.end.mac}",
                "breaks": [{"sequence": each.sequence, "what": each.what} for each in verdict.breaks],
            }
        )
    else:
        click.echo(f"{verdict.records} records after number {verdict.begins_after}")
        if verdict.unvouched:
            click.echo(
                f"! {verdict.unvouched} records lie before the log was resealed: nobody vouches for them"
            )
        for each in verdict.breaks:
            place = "" if each.sequence is None else f"record {each.sequence}: "
            click.echo(f"✗ {place}{each.what}")
        if verdict.is_whole:
            click.echo("✓ the log is what was written")
            click.echo(f"its end, to be noted elsewhere: {verdict.end.sequence}:{verdict.end.mac}")
    if not verdict.is_whole:
        click.get_current_context().exit(AuditBroken.exit_code)


@audit.command("reseal")
@click.option("--by", required=True, metavar="NAME", help="Who decides it.")
@click.option("--reason", required=True, metavar="TEXT", help="Why: what happened to the log.")
@home_option
@json_option
def reseal(by: str, reason: str, home: Path | None, as_json: bool) -> None:
    """Go on with a broken log from where it ends; nobody vouches for what was before."""
    from amalimart.control.deciding import Decider
    from amalimart.core.clock import SystemClock

    with _opened(home) as (_, trail):
        end = trail.reseal(SystemClock(), Decider(by, "local operator"), reason)
    if as_json:
        print_json({"begins_after": end.sequence})
    else:
        click.echo(f"resealed: the log begins anew after record {end.sequence}")


def _link(text: str) -> Link:
    from amalimart.access.audit_record import Link
    from amalimart.core.errors import RequestError

    number, _, mac = text.partition(":")
    if not number.isdecimal() or len(mac) != 64:
        raise RequestError(
            f"--known is no end of a log: {text!r}",
            expected="NUMBER:MAC, as amalimart audit verify prints it",
        )
    return Link(int(number), mac)


def _record(each: ListedRecord) -> dict[str, Any]:
    record = each.record
    return {
        "sequence": record.sequence,
        "at": record.at,
        "subject": record.subject,
        "role": record.role,
        "door": record.door,
        "kind": record.kind,
        "asked": each.shape,
        "policy": record.policy,
        "release_id": record.release_id,
        "outcome": record.outcome,
        "errors": [code for code in record.errors.split(",") if code],
    }


def _who(each: ListedRecord) -> str:
    """Who asked, and where an admin looked as them, that one too."""
    admin = str((each.shape or {}).get("viewed_by", ""))
    return f"{each.record.role} {each.record.subject[:12]}" + (f", seen by {admin[:12]}" if admin else "")


def _asked(shape: Mapping[str, Any] | None) -> str:
    """A shape in a line."""
    if shape is None:
        return "?"
    if "values" in shape:
        return f"values of {shape['values']}"
    questions = shape.get("questions", [])
    first = questions[0] if questions else {}
    by = [*first.get("by", []), *([first["grain"]] if "grain" in first else [])]
    said = ", ".join(first.get("metrics", [])) + (f" by {', '.join(by)}" if by else "")
    return said + (f", and {len(questions) - 1} more" if len(questions) > 1 else "")
