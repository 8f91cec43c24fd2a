"""metrics: what they are, what they have meant, and what an edit of them does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from amalimart.cli.asking import as_option, engine_client, metric_changes
from amalimart.cli.metric_diff import metrics_diff
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

names_argument = click.argument("names", nargs=-1, metavar="[NAME...]")


@click.group()
def metrics() -> None:
    """The metrics of the semantic layer."""


metrics.add_command(metrics_diff)


@metrics.command("list")
@click.option("--subject", metavar="AREA", help="Only those of a subject area, such as revenue.")
@as_option
@home_option
@json_option
def metrics_list(subject: str | None, acting_as: str | None, home: Path | None, as_json: bool) -> None:
    """List every metric with its subject area and its meaning."""
    with engine_client(home, acting_as) as client:
        found = client.get("/metrics")
    if subject is not None:
        found["metrics"] = _of_area(subject, found["metrics"])
    if as_json:
        print_json(found)
        return
    rows = [
        (m["name"], m["label"], m["subject_label"], ", ".join(m["aliases"]), m["definition"])
        for m in found["metrics"]
    ]
    print_table(["metric", "name", "area", "also", "definition"], rows)


def _of_area(subject: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from amalimart.core.errors import UnknownName
    from amalimart.core.names import nearest

    areas = sorted({metric["subject"] for metric in listed})
    if subject not in areas:
        raise UnknownName(
            f"no subject area is called {subject!r}",
            expected=f"one of {', '.join(areas)}",
            nearest=nearest(subject, areas),
        )
    return [metric for metric in listed if metric["subject"] == subject]


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
    if metric["definition_fr"]:
        click.echo(metric["definition_fr"])
    adds_up = metric["non_additive"]
    facts = {
        "area": metric["subject_label"],
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

    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110)


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

    found = metric_changes(home).check()
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
    done = metric_changes(home).accept(names, reason)
    if as_json:
        print_json({"metrics": [asdict(each) for each in done]})
        return
    for each in done:
        click.echo(f"written down: {each.name}, {each.standing}")
    if not done:
        click.echo("every metric of the project is written down as it is")
