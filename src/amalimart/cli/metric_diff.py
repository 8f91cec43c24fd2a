"""metrics diff: what an edit of the definitions changes, for whom, and by how much."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amalimart.cli.asking import engine_client, metric_changes
from amalimart.cli.options import home_option, json_option, parse_day
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.orchestrate.metrics.changes import MetricDiff
    from amalimart.semantic.changes import Change
    from amalimart.semantic.definition_files import DefinitionFiles

_YEAR = 365


@click.command("diff")
@click.argument("before", required=False, metavar="[GIT_REF|FOLDER]")
@click.option(
    "--packaged",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder of the packaged definitions of before, where another version is compared.",
)
@click.option(
    "--from", "first", metavar="DAY", help="First day of the numbers (else a year before the last)."
)
@click.option("--to", "last", metavar="DAY", help="Last day of the numbers (else today).")
@click.option("--no-numbers", is_flag=True, help="Ask no release: definitions only.")
@home_option
@json_option
def metrics_diff(
    before: str | None,
    packaged: Path | None,
    first: str | None,
    last: str | None,
    no_numbers: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Compare the definitions with those of a git ref (HEAD), or of a folder: what changed, and what it does.

    A change is cosmetic (words), additive (more can be asked) or breaking (another number, or none). The
    numbers are of the release that is served, asked as the operator of this machine.
    """
    from amalimart.access.policies import load_policies
    from amalimart.api.dashboards.library import load_dashboards
    from amalimart.api.scorecards.library import load_scorecards
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.lineage.tracing import uses_of
    from amalimart.orchestrate.project.policy_files import PACKAGED_POLICIES

    project = open_project(find_home(home))
    policies = load_policies([PACKAGED_POLICIES, project.overlay("policies")])
    library = load_dashboards(project.overlay("dashboards"), roles=policies.roles)
    dashboards = {name: {use.name for use in uses} for name, uses in library.uses.items()}
    scorecards = load_scorecards(project.overlay("scorecards"), roles=policies.roles).uses
    found = metric_changes(home).diff(
        before or (None if packaged else "HEAD"),
        packaged,
        uses_of(dashboards, scorecards),
        policies,
    )
    effects = None
    if found.changed_values and not no_numbers:
        effects = _effects(found, home, first, last)
    if as_json:
        print_json(_diff_document(found, effects))
    else:
        _show_diff(found, effects)


def _effects(found: MetricDiff, home: Path | None, first: str | None, last: str | None) -> dict[str, Any]:
    from datetime import timedelta

    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock, business_day
    from amalimart.core.errors import InvalidFilter

    to = parse_day(last, "--to") or business_day(SystemClock(), open_project(find_home(home)).zone)
    since = parse_day(first, "--from") or to - timedelta(days=_YEAR - 1)
    if since > to:
        raise InvalidFilter(f"{since} is after {to}", where="--from, --to", expected="from before to")
    body = {
        "before": [_wire(each) for each in found.before],
        "after": [_wire(each) for each in found.after],
        "metrics": list(found.changed_values),
        "from": since.isoformat(),
        "to": to.isoformat(),
        "today": to.isoformat(),
    }
    with engine_client(home) as client:
        measured: dict[str, Any] = client.post("/metrics/effects", body)
    return {"from": body["from"], "to": body["to"], **measured}


def _wire(files: DefinitionFiles) -> dict[str, Any]:
    return {"origin": files.origin, "texts": dict(files.texts)}


def _diff_document(found: MetricDiff, effects: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "changes": [
            {
                "kind": each.kind,
                "name": each.name,
                "weight": each.weight,
                "differences": [asdict(one) for one in each.differences],
                "before": _meaning(each.before),
                "after": _meaning(each.after),
                "lacks_version": each.lacks_version,
                "metrics": list(each.metrics),
            }
            for each in found.changes
        ],
        "affected": [asdict(each) for each in found.affected],
        "numbers": effects,
    }


def _meaning(meaning: tuple[int, str] | None) -> dict[str, Any] | None:
    return None if meaning is None else {"version": meaning[0], "hash": meaning[1]}


def _show_diff(found: MetricDiff, effects: dict[str, Any] | None) -> None:
    if not found.changes:
        click.echo("nothing is different")
        return
    print_table(
        ["change", "what", "name", "difference", "version", "part of"],
        [
            (
                each.weight.value,
                each.kind.value,
                each.name,
                "; ".join(one.what for one in each.differences),
                _versions(each),
                ", ".join(each.metrics),
            )
            for each in found.changes
        ],
    )
    if effects:
        click.echo(f"\nfrom {effects['from']} to {effects['to']}, release {effects['release_id']}")
        print_table(
            ["metric", "before", "after", "currency"],
            [
                (each["metric"], _number(each["before"]), _number(each["after"]), each["after"]["currency"])
                for each in effects["effects"]
            ],
            [False, True, True, False],
        )
    if found.affected:
        click.echo("")
        print_table(
            ["affected", "name", "through"],
            [(each.kind, each.name, ", ".join(each.names)) for each in found.affected],
        )
    lacking = [each.name for each in found.changes if each.lacks_version]
    if lacking:
        click.echo(f"! another meaning under the version of before: {', '.join(lacking)}", err=True)


def _versions(change: Change) -> str | None:
    sides = [str(side[0]) if side else "none" for side in (change.before, change.after)]
    if change.kind != "metric":
        return None
    return sides[0] if sides[0] == sides[1] else " -> ".join(sides)


def _number(measured: dict[str, Any]) -> Any:
    return measured["error"] or measured["value"]
