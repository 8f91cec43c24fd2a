"""governance: who answers for what, who sees what, and what somebody has to approve."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amalimart.cli.asking import engine_client
from amalimart.cli.control import LOCAL_OPERATOR
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.control.deciding import Decider
    from amalimart.governance.access_review import AccessReview, ReviewedKey, ReviewedUser
    from amalimart.governance.personal_flow import PersonalFlow
    from amalimart.governance.report import GovernanceReport, TableEntry
    from amalimart.orchestrate.governance import Governance

by_option = click.option("--by", required=True, metavar="NAME", help="Who says so.")
reason_option = click.option("--reason", required=True, metavar="TEXT", help="Why.")


def _governance(home: Path | None) -> Governance:
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.orchestrate.governance import Governance

    return Governance(open_project(find_home(home)), SystemClock())


def _decider(by: str) -> Decider:
    from amalimart.control.deciding import Decider

    return Decider(by, LOCAL_OPERATOR)


@click.group()
def governance() -> None:
    """Owners, classes, access, retention and approvals."""


@governance.command()
@home_option
@json_option
def report(home: Path | None, as_json: bool) -> None:
    """Report tables and metrics: who answers for them, who sees what, what is kept, and what is amiss."""
    found = _governance(home)
    told = found.report()
    flow = _flow(found, home)
    if as_json:
        print_json(
            {**asdict(told), "personal_flow": None if flow is None else [asdict(each) for each in flow]}
        )
    else:
        _show_report(told, flow)


def _flow(found: Governance, home: Path | None) -> tuple[PersonalFlow, ...] | None:
    """None where nothing is published yet."""
    from amalimart.core.errors import NothingPublished
    from amalimart.core.models import read_published

    with engine_client(home) as client:
        try:
            published = read_published(client.get("/models"))
        except NothingPublished:
            return None
    return found.personal_flow(published)


def _show_report(told: GovernanceReport, flow: tuple[PersonalFlow, ...] | None) -> None:
    print_table(
        ["table", "owner", "steward", "grain", "personal", "public", "definition"],
        [
            (
                entry.table,
                entry.responsible.owner,
                entry.responsible.steward,
                entry.grain,
                _columns(entry, "personal"),
                _columns(entry, "public"),
                entry.standing,
            )
            for entry in told.tables
        ],
    )
    click.echo("")
    print_table(
        ["metric", "owner", "steward", "certified", "by", "seen by"],
        [
            (
                entry.metric,
                entry.responsible.owner,
                entry.responsible.steward,
                entry.standing,
                entry.approved_by,
                ", ".join(entry.seen_by),
            )
            for entry in told.metrics
        ],
    )
    click.echo("")
    print_table(
        ["layer", "what", "kept", "setting", "enforced by"],
        [(each.layer, each.what, each.kept, each.declared, each.enforced_by) for each in told.retention],
    )
    for secret in told.secrets:
        click.echo(f"secret, never landed: {secret.source}.{secret.table}: {', '.join(secret.columns)}")
    if flow is None:
        click.echo("nothing is published yet: where personal values flow is not known")
    for each in flow or ():
        click.echo(f"! {each.column} carries {', '.join(each.made_of)} and is not classified personal")
    for gap in told.gaps:
        click.echo(f"! {gap}")


def _columns(entry: TableEntry, kind: str) -> str:
    return ", ".join(
        f"{column.name} ({', '.join(column.seen_by) or 'nobody'})" if kind == "personal" else column.name
        for column in entry.columns
        if column.data_class == kind
    )


@governance.command("access-review")
@home_option
@json_option
def review_access(home: Path | None, as_json: bool) -> None:
    """Review who may see what: every person and role, unused and disabled accounts, the last sign-off."""
    found = _governance(home)
    review, sign_offs = found.review(), found.sign_offs()
    if as_json:
        last = asdict(sign_offs[-1]) if sign_offs else None
        print_json({**asdict(review), "last_sign_off": last})
        return
    _show_review(review)
    if not sign_offs:
        click.echo("no review has been signed off yet")
    else:
        last_one = sign_offs[-1]
        same = "this review" if last_one.report_hash == review.report_hash else "another one"
        click.echo(f"last signed off: {same}, by {last_one.signed_by} at {last_one.signed_at:%Y-%m-%d %H:%M}")


def _show_review(review: AccessReview) -> None:
    print_table(
        ["person", "role", "rows of", "last sign-in", "sessions", "remarks"],
        [
            (
                user.email,
                user.role,
                _ids(user),
                f"{user.last_signed_in_at:%Y-%m-%d}" if user.last_signed_in_at else None,
                user.sessions,
                "; ".join(user.remarks),
            )
            for user in review.users
        ],
        [False, False, False, False, True, False],
    )
    if review.keys:
        click.echo("")
        print_table(
            ["key", "acts as", "rows of", "expires", "last used", "remarks"],
            [
                (
                    key.name,
                    key.user or key.role,
                    _ids(key),
                    f"{key.expires_at:%Y-%m-%d}" if key.expires_at else None,
                    f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else None,
                    "; ".join(key.remarks),
                )
                for key in review.keys
            ],
        )
    click.echo("")
    print_table(
        ["role", "people", "metrics", "datasets", "own rows only", "masked columns"],
        [
            (
                role.role,
                role.users,
                len(role.metrics),
                len(role.rows),
                ", ".join(name for name, rows in role.rows.items() if rows != "all"),
                ", ".join(role.masked),
            )
            for role in review.roles
        ],
        [False, True, True, True, False, False],
    )
    click.echo(f"report {review.report_hash}, reviewed at {review.reviewed_at:%Y-%m-%d %H:%M} UTC")


def _ids(user: ReviewedUser | ReviewedKey) -> str:
    return ", ".join((*user.vendor_ids, *user.business_ids, *user.delivery_partner_ids))


@governance.command("access-reviews")
@click.option("--show", type=int, metavar="NUMBER", help="All of one of them, as JSON.")
@home_option
@json_option
def kept_reviews(show: int | None, home: Path | None, as_json: bool) -> None:
    """List the access reviews that were made by themselves and are kept."""
    found = _governance(home)
    if show is not None:
        print_json(asdict(found.kept_review(show)))
        return
    kept = found.kept_reviews()
    if as_json:
        print_json(
            {
                "reviews": [
                    {
                        "number": each.number,
                        "made_at": each.made_at,
                        "report_hash": each.report_hash,
                        **each.report["figures"],
                    }
                    for each in kept
                ]
            }
        )
        return
    print_table(
        ["review", "made", "people", "not signed in", "keys", "report"],
        [
            (
                each.number,
                f"{each.made_at:%Y-%m-%d %H:%M}",
                each.report["figures"]["people"],
                each.report["figures"]["unused"],
                each.report["figures"]["keys"],
                each.report_hash[:12],
            )
            for each in kept
        ],
        [True, False, True, True, True, False],
    )


@governance.command("sign-off")
@by_option
@reason_option
@click.option("--report", "report_hash", metavar="HASH", help="Only if access is still as in that review.")
@home_option
@json_option
def sign_off(by: str, reason: str, report_hash: str | None, home: Path | None, as_json: bool) -> None:
    """Sign off the access review as it is now; it is kept with the audit."""
    done = _governance(home).sign_off(_decider(by), reason, report_hash)
    if as_json:
        print_json(asdict(done))
    else:
        click.echo(f"signed off: report {done.report_hash}, {done.users} people, by {done.signed_by}")


@governance.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@by_option
@reason_option
@home_option
@json_option
def approve(names: tuple[str, ...], by: str, reason: str, home: Path | None, as_json: bool) -> None:
    """Approve models and metrics by NAME, each exactly as it is defined now: all of them or none."""
    approvals = _governance(home).approve(names, _decider(by), reason)
    if as_json:
        print_json({"approvals": [asdict(each) for each in approvals]})
        return
    for each in approvals:
        click.echo(f"approved: the {each.kind} {each.name} as {each.definition_hash[:12]}")


@governance.command()
@home_option
@json_option
def changes(home: Path | None, as_json: bool) -> None:
    """List models and metrics whose definition, as it is now, nobody approved."""
    found = _governance(home).changes()
    if as_json:
        documents: list[dict[str, Any]] = [
            {
                "kind": each.definition.kind,
                "name": each.definition.name,
                "standing": each.standing,
                "hash": each.definition.hash,
                "where": each.definition.where,
                "last_approval": asdict(each.approval) if each.approval else None,
            }
            for each in found
        ]
        print_json({"changes": documents})
        return
    if not found:
        click.echo("every definition is approved, or is the packaged one")
        return
    print_table(
        ["name", "kind", "standing", "definition", "last approved"],
        [
            (
                each.definition.name,
                each.definition.kind.value,
                each.standing.value,
                each.definition.hash[:12],
                f"{each.approval.approved_at:%Y-%m-%d} by {each.approval.approved_by}"
                if each.approval
                else None,
            )
            for each in found
        ],
    )
