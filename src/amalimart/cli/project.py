"""init, up, status, doctor: the life of a project."""

from __future__ import annotations

from pathlib import Path

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

_SCHEMAS = "schemas"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default="marketplace", show_default=True, help="Name of the marketplace.")
@click.option("--time-zone", default="Africa/Accra", show_default=True, help="Business time zone.")
@click.option("--currency", default="GHS", show_default=True, help="Business currency, ISO 4217.")
@click.option("--country", help="Country in two letters, ISO 3166: its public holidays are no ordinary days.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def init(folder: Path, name: str, time_zone: str, currency: str, country: str | None, port: int) -> None:
    """Make a project folder: settings, places for your own models and metrics, nothing secret."""
    from amalimart.orchestrate.project.init import init_project
    from amalimart.processes.editor_schemas import write_schemas

    project = init_project(
        folder.resolve(),
        name=name,
        time_zone=time_zone,
        currency=currency,
        country=country,
        port=port,
        schemas=_SCHEMAS,
    )
    write_schemas(project.home / _SCHEMAS)
    click.echo(f"made {project.home}", err=True)
    click.echo("next: cd there, then amalimart source add --help", err=True)


@click.command()
@home_option
def up(home: Path | None) -> None:
    """Run the engine and one ingest process per source until Ctrl-C."""
    from amalimart.config.project import find_home, open_project
    from amalimart.processes.up import check_before_start, run_project

    project = open_project(find_home(home))
    check_before_start(project)
    serve = project.settings.serve
    click.echo(
        f"starting {project.settings.name} at http://{serve.host}:{serve.port}; Ctrl-C stops it", err=True
    )
    run_project(project)


@click.command()
@home_option
@json_option
def status(home: Path | None, as_json: bool) -> None:
    """Say what runs, what serves and how fresh it is."""
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.orchestrate.project.runtime_files import read_report
    from amalimart.orchestrate.watching.status import project_status
    from amalimart.processes.client import EngineClient

    project = open_project(find_home(home))
    said = None
    if read_report(project.run, "engine") is not None:
        with EngineClient(project) as client:
            said = client.get("/status")
    found = project_status(project, SystemClock(), said)
    if as_json:
        print_json(found.as_dict())
        return
    click.echo(f"engine:  {found.engine or 'not running (amalimart up)'}")
    click.echo(f"serving: release {found.release_id or '–'}, {found.phase}: {found.message}")
    if found.operation is not None:
        running = found.operation["state"] == "running"
        how_far = f", {found.operation['share']:.0%}: {found.operation['what']}" if running else ""
        reason = f": {found.operation['error']['what']}" if found.operation["error"] else ""
        named = f"{found.operation['kind']} {found.operation['state']}"
        click.echo(f"last on the warehouse: {named}{how_far}{reason}")
    rows = [(s.name, s.state, s.version, s.fresh_as_of, s.lag_seconds, s.error) for s in found.sources]
    print_table(["source", "state", "commits", "fresh as of", "lag, s", "trouble"], rows)
    for found_source in found.sources:
        for table, reason in found_source.stopped.items():
            click.echo(f"! {found_source.name}.{table} stands still: {reason}")
    for broken in found.policies:
        click.echo(f"! {broken}")
    for word in found.accepted:
        click.echo(
            f"! {word.check} may fail for {word.failing_rows} rows, accepted by {word.accepted_by}"
            f" (blocked build {word.blocked_number}): {word.reason}"
        )


@click.command()
@home_option
@json_option
def doctor(home: Path | None, as_json: bool) -> None:
    """Say what is wrong and the next command; exits 8 where there is a problem."""
    from amalimart.config.project import find_home
    from amalimart.core.clock import SystemClock
    from amalimart.core.errors import RuntimeTrouble
    from amalimart.orchestrate.watching.doctor import Verdict, examine
    from amalimart.processes.client import published_by

    found = find_home(home)
    findings = list(examine(found, SystemClock(), published_by(found)))
    problems = [finding for finding in findings if finding.verdict is Verdict.PROBLEM]
    if as_json:
        print_json(
            [
                {
                    "subject": f.subject,
                    "verdict": f.verdict.value,
                    "detail": f.detail,
                    "next_step": f.next_step,
                }
                for f in findings
            ]
        )
    else:
        marks = {Verdict.OK: "✓", Verdict.NOTE: "·", Verdict.PROBLEM: "✗"}
        for finding in findings:
            click.echo(f"{marks[finding.verdict]} {finding.subject}: {finding.detail}")
            if finding.next_step:
                click.echo(f"    next: {finding.next_step}")
    if problems:
        click.get_current_context().exit(RuntimeTrouble.exit_code)
