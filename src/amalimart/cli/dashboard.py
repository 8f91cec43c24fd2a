"""dashboard: which pages a project has, and what is wrong with their files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table


@click.group()
def dashboard() -> None:
    """The dashboards of the project."""


@dashboard.command("list")
@home_option
@json_option
def dashboard_list(home: Path | None, as_json: bool) -> None:
    """List every dashboard: who may open it, whose home it is, and the file it is read from."""
    from amalimart.api.dashboards.library import dashboard_files, load_dashboards
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.project.policy_files import policies_of

    project = open_project(find_home(home))
    overlay = project.overlay("dashboards")
    files = dashboard_files(overlay)
    found = load_dashboards(overlay, roles=policies_of(project).roles).dashboards.values()
    if as_json:
        rows = [
            {
                "name": each.name,
                "title": each.title,
                "roles": [role.value for role in each.roles],
                "home_of": [role.value for role in each.home_of],
                "tiles": len(each.tiles),
                "file": str(files[each.name]),
            }
            for each in found
        ]
        print_json({"dashboards": rows})
        return
    print_table(
        ["dashboard", "title", "may open", "home of", "tiles", "from"],
        [
            (
                each.name,
                each.title,
                ", ".join(role.value for role in each.roles),
                ", ".join(role.value for role in each.home_of),
                str(len(each.tiles)),
                "the project" if files[each.name].parent == overlay else "the product",
            )
            for each in found
        ],
    )


@dashboard.command("check")
@home_option
@json_option
def dashboard_check(home: Path | None, as_json: bool) -> None:
    """Say everything that is wrong with the dashboards, each with its file and line.

    Names that are not known, what a role may not see, what a metric cannot be asked by, and texts that
    another language lacks. Scorecards are read too. Ends with an error unless only texts are lacking.
    """
    from amalimart.access.policies import load_policies
    from amalimart.api.dashboards.checking import Severity, check_dashboards
    from amalimart.api.scorecards.library import load_scorecards
    from amalimart.config.project import find_home, open_project
    from amalimart.core.errors import ConfigError
    from amalimart.semantic.loading import PACKAGED, load_model

    project = open_project(find_home(home))
    model = load_model([PACKAGED, project.overlay("metrics")])
    policies = load_policies([PACKAGED.parent / "policies", project.overlay("policies")])
    found = check_dashboards(model, policies, project.overlay("dashboards"))
    load_scorecards(project.overlay("scorecards"), roles=policies.roles).check_names(model.metric_names)
    if as_json:
        print_json({"findings": [asdict(each) for each in found]})
    elif found:
        print_table(
            ["", "where", "what", "nearest"],
            [(each.severity.value, each.where, each.what, each.nearest or "") for each in found],
        )
    else:
        click.echo("every dashboard can be shown to everybody who may open it", err=True)
    errors = [each for each in found if each.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        raise ConfigError(
            f"{len(errors)} mistakes in dashboards, the first: {first.what}"
            if len(errors) > 1
            else first.what,
            where=first.where,
            nearest=first.nearest,
            next_step=first.next_step,
        )
