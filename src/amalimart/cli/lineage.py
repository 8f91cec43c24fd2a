"""lineage: what a number is made of, and what would change with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json

if TYPE_CHECKING:
    from amalimart.catalog.impact import Impact
    from amalimart.catalog.lineage import Lineage, Node, Reached

_INDENT = "  "


@click.command()
@click.argument("name")
@click.option("--rows", "with_rows", is_flag=True, help="Also what decides rows, and whose rows are decided.")
@click.option("--drop", is_flag=True, help="Of a source's column: what breaks and what changes if it goes.")
@home_option
@json_option
def lineage(name: str, with_rows: bool, drop: bool, home: Path | None, as_json: bool) -> None:
    """Say what NAME is made of, back to the sources, and what uses it, on to the pages.

    NAME is schema.table.column, schema.table for its rows, source.table.column, a metric, a dimension,
    "dashboard NAME" or "scorecard NAME". Everything of "used by" would change, or break, if NAME did.
    """
    from amalimart.api.dashboards.library import load_dashboards
    from amalimart.api.scorecards.library import load_scorecards
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.core.models import read_published
    from amalimart.orchestrate.lineage.impact import drop_impact
    from amalimart.orchestrate.lineage.tracing import published_lineage, uses_of
    from amalimart.orchestrate.project.policy_files import policies_of
    from amalimart.processes.client import EngineClient

    project = open_project(find_home(home))
    with EngineClient(project) as client:
        published = read_published(client.get("/models"))
    roles = policies_of(project).roles
    library = load_dashboards(project.overlay("dashboards"), roles=roles)
    dashboards = {name: {use.name for use in uses} for name, uses in library.uses.items()}
    pages = uses_of(dashboards, load_scorecards(project.overlay("scorecards"), roles=roles).uses)
    if drop:
        impact = drop_impact(project, SystemClock(), published, pages, name)
        if as_json:
            print_json(_impact_document(impact))
        else:
            _show_impact(impact)
        return
    found = published_lineage(project, SystemClock(), published, pages)
    node = found.find(name)
    if as_json:
        print_json(_document(found, node))
    else:
        _show(found, node, with_rows=with_rows or node.kind == "rows")


def _impact_document(impact: Impact) -> dict[str, object]:
    counts = Counter((each.breaks, each.what) for each in impact.affected)
    return {
        "column": impact.column,
        "stops": list(impact.stops),
        "counts": {
            word: {what: count for (breaks, what), count in counts.items() if breaks is is_break}
            for word, is_break in (("breaks", True), ("changes", False))
        },
        "affected": [asdict(each) for each in impact.affected],
    }


def _show_impact(impact: Impact) -> None:
    from amalimart.catalog.impact import What

    click.echo(f"without {impact.column}")
    for sentence in impact.stops:
        click.echo(f"! {sentence}")
    for word, breaks in (("breaks", True), ("changes", False)):
        found = {what: impact.names(what, breaks=breaks) for what in What}
        told = {what: names for what, names in found.items() if names}
        counted = ", ".join(
            f"{len(names)} {what}{'' if len(names) == 1 else 's'}" for what, names in told.items()
        )
        click.echo(f"\n{word}: {counted or 'nothing'}")
        for what, names in told.items():
            if what is What.COLUMN:
                _say_columns(names)
            else:
                click.echo(f"{_INDENT}{what}s: {', '.join(names)}")


def _document(found: Lineage, node: Node) -> dict[str, object]:
    def told(reached: Iterable[Reached], by_value: Iterable[Reached]) -> list[dict[str, object]]:
        values = {each.node for each in by_value}
        return [
            {
                **asdict(each.node),
                "through": "values" if each.node in values else "rows",
                "steps": each.steps,
                "by": [asdict(neighbour) for neighbour in each.by],
            }
            for each in reached
        ]

    return {
        **asdict(node),
        "made_of": told(found.made_of(node, with_rows=True), found.made_of(node)),
        "used_by": told(found.used_by(node, with_rows=True), found.used_by(node)),
        "untraced": sorted(found.untraced),
    }


def _show(found: Lineage, node: Node, *, with_rows: bool) -> None:
    click.echo(f"{node.name} ({node.kind})")
    if tree := list(_tree(found, node, set(), 1)):
        click.echo("\nmade of\n" + "\n".join(tree))
    above = _others(found.made_of(node, with_rows=True), found.made_of(node))
    _say("its rows are decided by", above, with_rows=with_rows)
    _say("used by", [each.node for each in found.used_by(node)], with_rows=True)
    below = _others(found.used_by(node, with_rows=True), found.used_by(node))
    _say("decides rows, and what is made of them", below, with_rows=with_rows)
    if not (tree or above or found.used_by(node) or below):
        click.echo("made of nothing that is known here, and used by nothing")
    met = {_relation(each.node) for each in (*found.made_of(node), *found.used_by(node))}
    for relation in sorted(found.untraced & met):
        click.echo(f"\n{relation} cannot be told column by column: all of it counts as made of all it reads")


def _others(all_of_them: Iterable[Reached], by_value: Iterable[Reached]) -> list[Node]:
    told = {each.node for each in by_value}
    return [each.node for each in all_of_them if each.node not in told]


def _say(what: str, nodes: list[Node], *, with_rows: bool) -> None:
    if not nodes:
        return
    by_kind: dict[str, list[str]] = {}
    for node in nodes:
        by_kind.setdefault(node.kind, []).append(node.name)
    if not with_rows:
        counted = ", ".join(
            f"{len(names)} {kind}{'' if kind == 'rows' else 's'}" for kind, names in by_kind.items()
        )
        click.echo(f"\n{what}: {counted} (--rows names them)")
        return
    click.echo(f"\n{what}")
    for kind, names in by_kind.items():
        if kind in {"column", "source column"}:
            _say_columns(names)
        else:
            plain = sorted(name.removeprefix(f"{kind} ") for name in names)
            click.echo(f"{_INDENT}{'rows of' if kind == 'rows' else kind + 's'}: {', '.join(plain)}")


def _tree(found: Lineage, node: Node, shown: set[Node], depth: int) -> Iterator[str]:
    for each in found.parts(node):
        again = each in shown
        kind = "" if each.kind == "column" else f" ({each.kind})"
        yield f"{_INDENT * depth}{each.name}{kind}{' as above' if again and found.parts(each) else ''}"
        if not again:
            shown.add(each)
            yield from _tree(found, each, shown, depth + 1)


def _say_columns(names: Iterable[str]) -> None:
    by_relation: dict[str, list[str]] = {}
    for name in sorted(names):
        relation, _, column = name.rpartition(".")
        by_relation.setdefault(relation, []).append(column)
    for relation, columns in by_relation.items():
        click.echo(f"{_INDENT}{relation}: {', '.join(columns)}")


def _relation(node: Node) -> str:
    return node.name if node.kind == "rows" else node.name.rpartition(".")[0]
