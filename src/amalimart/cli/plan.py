"""plan: what publishing the project as it stands would change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json

if TYPE_CHECKING:
    from amalimart.orchestrate.releases.project_plan import ProjectPlan
    from amalimart.warehouse.planning.differences import ModelDifference

_MOST_NAMES = 12


@click.command()
@click.option(
    "--models",
    type=click.Path(path_type=Path, file_okay=False),
    help="Another folder of models in the place of the project's own.",
)
@home_option
@json_option
def plan(models: Path | None, home: Path | None, as_json: bool) -> None:
    """Say what the project's files would change against the published release; publishes nothing.

    Exits 5 where a model, metric, dimension or field would break.
    """
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.core.errors import CompileFailed
    from amalimart.core.models import read_published
    from amalimart.orchestrate.releases.project_plan import plan_project
    from amalimart.processes.client import EngineClient

    if models is not None and not models.is_dir():
        raise click.BadParameter(f"there is no folder {str(models)!r}", param_hint="--models")
    project = open_project(find_home(home))
    with EngineClient(project) as client:
        published = read_published(client.get("/models"))
    planned = plan_project(project, SystemClock(), published, models.resolve() if models else None)
    if as_json:
        print_json({**asdict(planned), "is_breaking": planned.is_breaking})
    else:
        _show(planned)
    if planned.is_breaking:
        click.get_current_context().exit(CompileFailed.exit_code)


def _show(planned: ProjectPlan) -> None:
    click.echo(f"against release {planned.release_id}")
    if planned.published == planned.planned:
        click.echo("nothing changes: the project is as it was published")
        return
    for line in (*_changes(planned), *_breaks(planned)):
        click.echo(line)
    click.echo(f"{planned.rows:,} rows would be built anew")


def _changes(planned: ProjectPlan) -> Iterator[str]:
    for difference in planned.models:
        yield f"{difference.change:9} {difference.model}  {_where(difference)}"
        for line in _columns(difference):
            yield f"            {line}"
    for effect in planned.effects:
        rows = "a new model" if effect.rows is None else f"{effect.rows:,} rows"
        cost = f"{effect.cost}, {rows}" if effect.cost in {"rebuilt", "compared"} else str(effect.cost)
        yield f"affected  {effect.model} ({cost}): {_listed(effect.columns) or 'no column'}"
    for check in planned.checks:
        yield f"check     {check.check} is {check.change} ({'error' if check.is_error else 'warn'})"
    for flow in planned.personal:
        yield (
            f"PERSONAL  {flow.column} would carry {', '.join(flow.made_of)} and is not classified personal:"
            " classify it in the model's YAML, or say in governance.yml why it is not"
        )
    if planned.questions.metrics:
        yield f"metrics that may answer otherwise: {_listed(planned.questions.metrics)}"


def _breaks(planned: ProjectPlan) -> Iterator[str]:
    asked = planned.questions
    for broken in planned.breaks:
        near = f"; nearest: {broken.nearest}" if broken.nearest else ""
        yield f"BREAKS    {broken.model}  {broken.file}: {broken.what}{near}"
    for kind, lost in (("metric", asked.metrics_lost), ("dimension", asked.dimensions_lost)):
        for each in lost:
            yield f"BREAKS    the {kind} {each.name} reads {', '.join(each.columns)}, which goes"
    for field in asked.fields_lost:
        yield f"BREAKS    a dataset names {field}, which goes"


def _where(difference: ModelDifference) -> str:
    if not difference.is_own:
        return "by what it reads"
    return f"{difference.file}{f', becomes {difference.becomes}' if difference.becomes else ''}"


def _columns(difference: ModelDifference) -> list[str]:
    if difference.change in {"added", "removed"}:
        return []
    lines = [f"+ {column.name} {column.type}" for column in difference.added]
    lines += [f"- {column.name} {column.type}" for column in difference.dropped]
    lines += [f"~ {each.name} {each.before} becomes {each.after}" for each in difference.retyped]
    return [*lines, "~ another order of its columns"] if difference.is_reordered else lines


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown
