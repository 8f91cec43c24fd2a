"""schedule: what runs by itself and when, how it went, and having a job run now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table
from amalimart.core.wire import dumps

_LOOK_SECONDS = 0.5


def _client(home: Path | None) -> Any:
    """Jobs are the running engine's: no other process may stand in for it. Raises EngineUnavailable."""
    from amalimart.config.project import find_home, open_project
    from amalimart.core.errors import EngineUnavailable
    from amalimart.orchestrate.project.runtime_files import read_report
    from amalimart.processes.client import EngineClient

    project = open_project(find_home(home))
    if read_report(project.run, "engine") is None:
        raise EngineUnavailable("no engine runs that has schedules", next_step="amalimart up")
    return EngineClient(project)


@click.group()
def schedule() -> None:
    """Jobs that run by themselves."""


@schedule.command("list")
@home_option
@json_option
def list_schedules(home: Path | None, as_json: bool) -> None:
    """List the jobs: when each runs, when next, and how the last run ended."""
    with _client(home) as client:
        found = client.get("/schedules")
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["schedule"]["job"],
            each["schedule"]["cron"],
            each["next_run"] if each["off"] is None else f"off: {each['off']}",
            each["last_run"]["state"] if each["last_run"] else None,
            each["last_run"]["started_at"] if each["last_run"] else None,
            each["does"],
        )
        for each in found["schedules"]
    ]
    print_table(["job", "cron", "next run", "last run", "at", "what it does"], rows)


@schedule.command("run")
@click.argument("job")
@home_option
@json_option
def run(job: str, home: Path | None, as_json: bool) -> None:
    """Have a job run now, or as soon as nothing else does, and wait until it has ended."""
    from amalimart.core.errors import rebuilt
    from amalimart.observe.progress import step

    with _client(home) as client, step(f"job {job}") as shown:
        asked = client.post(f"/schedules/{quote(job, safe='')}/run", {})
        found = None
        while found is None or found["state"] == "running":
            shown(0, 0, "running" if found else "waiting for its turn")
            time.sleep(_LOOK_SECONDS)
            found = _find(client.get(f"/schedules/runs?job={quote(job, safe='')}"), asked)
    if found["error"] is not None:
        raise rebuilt(found["error"])
    if as_json:
        print_json(found)
        return
    for name, value in (found["outcome"] or {}).items():
        click.echo(f"{name}: {_told(value)}")


def _find(runs: Mapping[str, Any], asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    alike = (each for each in runs["runs"] if each["scheduled_for"] == asked["scheduled_for"])
    return next(alike, None)


@schedule.command("history")
@click.argument("job", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@home_option
@json_option
def history(job: str | None, limit: int, home: Path | None, as_json: bool) -> None:
    """List the newest runs, of one job or of all, and what came of them."""
    named = f"&job={quote(job, safe='')}" if job else ""
    with _client(home) as client:
        found = client.get(f"/schedules/runs?limit={limit}{named}")
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["job"],
            each["scheduled_for"],
            each["attempt"],
            each["started_at"],
            each["state"],
            each["error"]["what"] if each["error"] else _told(each["outcome"]),
        )
        for each in found["runs"]
    ]
    headings = ["job", "scheduled for", "attempt", "started at", "state", "what came of it"]
    print_table(headings, rows, [False, False, True])


def _told(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(each)}" for name, each in value.items()) or "none"
    return value if isinstance(value, str) else dumps(value)
