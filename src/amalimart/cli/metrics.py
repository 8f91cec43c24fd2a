"""metrics: what they are, what they have meant, and what an edit of them does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amalimart.cli.asking import as_option, engine_client
from amalimart.cli.options import home_option, json_option, parse_day
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.orchestrate.metric_changes import MetricChanges, MetricDiff

_YEAR = 365
names_argument = click.argument("names", nargs=-1, metavar="[NAME...]")


@click.group()
def metrics() -> None:
    """The metrics of the semantic layer."""


@metrics.command("list")
@as_option
@home_option
@json_option
def metrics_list(acting_as: str | None, home: Path | None, as_json: bool) -> None:
    """List every metric with its meaning."""
    with engine_client(home, acting_as) as client:
        found = client.get("/metrics")
    if as_json:
        print_json(found)
        return
    rows = [(m["name"], m["label"], ", ".join(m["aliases"]), m["definition"]) for m in found["metrics"]]
    print_table(["metric", "name", "also", "definition"], rows)


@metrics.command("show")
@click.argument("name")
@as_option
@home_option
@json_option
def metrics_show(name: str, acting_as: str | None, home: Path | None, as_json: bool) -> None:
    """Show one metric: what it means, its version, and what each version before it meant."""
    from urllib.parse import quote

    with engine_client(home, acting_as) as client:
        found = client.get(f"/metrics/{quote(name, safe='')}")
    if as_json:
        print_json(found)
        return
    metric = found["metric"]
    click.echo(f"{metric['name']}: {metric['label']} · {metric['label_fr']}")
    click.echo(metric["definition"])
    adds_up = metric["non_additive"]
    facts = {
        "formula": metric["formula"],
        "unit": metric["unit"],
        "owner": metric["owner"],
        "also": ", ".join(metric["aliases"]),
        "made of": ", ".join(metric["components"]),
        "does not add up over": "anything" if adds_up is None else ", ".join(adds_up),
        "by": ", ".join(metric["dimensions"]),
        "lacks": metric["missing"],
        "version": f"{metric['version']} ({metric['hash']})",
    }
    for what, said in facts.items():
        if said:
            click.echo(f"{what}: {said}")
    if found["changes"]:
        click.echo("")
        print_table(
            ["version", "since", "what changed", "hash"],
            [(each["version"], each["date"], each["what"], each["hash"]) for each in found["changes"]],
        )


@metrics.command("diff")
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
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.governance import PACKAGED_POLICIES

    project = open_project(find_home(home))
    library = load_dashboards(project.overlay("dashboards"))
    dashboards = {name: {use.name for use in uses} for name, uses in library.uses.items()}
    found = _changes(home).diff(
        before or (None if packaged else "HEAD"),
        packaged,
        dashboards,
        load_policies([PACKAGED_POLICIES, project.overlay("policies")]),
    )
    effects = None
    if found.changed_values and not no_numbers:
        effects = _effects(found, home, first, last)
    if as_json:
        print_json(_diff_document(found, effects))
    else:
        _show_diff(found, effects)


def _changes(home: Path | None) -> MetricChanges:
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.orchestrate.metric_changes import MetricChanges

    return MetricChanges(open_project(find_home(home)), SystemClock())


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


def _wire(files: Any) -> dict[str, Any]:
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


def _versions(change: Any) -> str | None:
    sides = [str(side[0]) if side else "none" for side in (change.before, change.after)]
    if change.kind != "metric":
        return None
    return sides[0] if sides[0] == sides[1] else " -> ".join(sides)


def _number(measured: dict[str, Any]) -> Any:
    return measured["error"] or measured["value"]


@metrics.command("export")
@click.option(
    "--format", "form", type=click.Choice(["ossie"]), default="ossie", show_default=True, help="Whose form."
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; without it, standard output."
)
@click.option("--report", is_flag=True, help="The report of what the form cannot carry, in its place.")
@home_option
@json_option
def metrics_export(form: str, output: Path | None, report: bool, home: Path | None, as_json: bool) -> None:
    """Export the definitions for other tools, and say what the form cannot carry.

    ossie is Apache Ossie, formerly Open Semantic Interchange: one YAML document, with --json one of JSON.
    """
    from amalimart.config.project import find_home, open_project
    from amalimart.core.wire import dumps
    from amalimart.semantic.export.ossie import ossie_export
    from amalimart.semantic.loading import PACKAGED, load_model

    project = open_project(find_home(home))
    exported = ossie_export(load_model([PACKAGED, project.overlay("metrics")]), project.settings.name)
    lost = exported.not_carried
    if report:
        if as_json:
            print_json({"format": form, "not_carried": [asdict(each) for each in lost]})
        else:
            print_table(["not carried", "why"], [(each.what, each.why) for each in lost])
        return
    if output is None and as_json:
        print_json(exported.document)
    else:
        text = dumps(exported.document, indent=2) if as_json else _yaml(exported.document)
        _write(text, output)
    click.echo(f"not carried: {len(lost)} things (--report names them)", err=True)


def _yaml(document: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def _write(text: str, output: Path | None) -> None:
    from amalimart.core.errors import RequestError

    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RequestError(f"the file cannot be written: {error.strerror}", where=str(output)) from error


@metrics.command("check")
@home_option
@json_option
def metrics_check(home: Path | None, as_json: bool) -> None:
    """Check that every metric of the project is written down as it is now; else it fails."""
    from amalimart.core.errors import RequestError
    from amalimart.governance.metric_versions import Recorded, unbumped

    found = _changes(home).check()
    lacking = [each for each in found if each.standing is not Recorded.YES]
    if no_bump := [each for each in lacking if each.standing is Recorded.NO_BUMP]:
        raise unbumped(no_bump)
    if lacking:
        raise RequestError(
            "not written down as they are: "
            + ", ".join(f"{each.name} ({each.standing})" for each in lacking),
            where=", ".join(each.where for each in lacking),
            next_step=lacking[0].next_step,
        )
    if as_json:
        print_json({"metrics": [asdict(each) for each in found]})
    else:
        click.echo(f"{len(found)} metrics of the project, each written down as it is")


@metrics.command("accept")
@names_argument
@click.option("--reason", required=True, metavar="TEXT", help="What changed, in one line.")
@home_option
@json_option
def metrics_accept(names: tuple[str, ...], reason: str, home: Path | None, as_json: bool) -> None:
    """Write down the project's metrics as they mean now: those of NAME, else all that lack it.

    They are written to metric_versions.yml beside amalimart.yml, which belongs under version control. A
    metric that means something else than before has to declare a new `version` first.
    """
    done = _changes(home).accept(names, reason)
    if as_json:
        print_json({"metrics": [asdict(each) for each in done]})
        return
    for each in done:
        click.echo(f"written down: {each.name}, {each.standing}")
    if not done:
        click.echo("every metric of the project is written down as it is")
