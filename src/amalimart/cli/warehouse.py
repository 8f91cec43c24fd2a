"""warehouse: making the hot file anew, while it serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.config.project import Project
    from amalimart.core.operations import OperationKind

_LOOK_SECONDS = 0.3


@click.group()
def warehouse() -> None:
    """The file that the numbers are served from."""


@warehouse.command("rebuild")
@home_option
@json_option
def rebuild(home: Path | None, as_json: bool) -> None:
    """Build everything anew from the lake, hold it against what serves, and let it take over."""
    from amalimart.config.project import find_home, open_project
    from amalimart.core.operations import OperationKind

    result = run_operation(open_project(find_home(home)), OperationKind.REBUILD)
    if as_json:
        print_json(result)
        return
    click.echo(f"release {result['release_id']} serves, from a file of {result['bytes_after']:,} bytes")
    differences = result["differences"]
    if not result["at_one_position"]:
        click.echo("! what served was behind, because a release is held back: tables may differ", err=True)
    if not differences:
        click.echo(f"all {result['tables']} tables equal what served before")
        return
    click.echo(f"{len(differences)} of {result['tables']} tables differ from what served before:")
    print_table(
        ["table", "rows before", "rows now"],
        [(each["table"], each["served_rows"], each["fresh_rows"]) for each in differences],
        numeric=(False, True, True),
    )


@warehouse.command("compact")
@home_option
@json_option
def compact(home: Path | None, as_json: bool) -> None:
    """Copy what serves into a smaller file, and let it take over."""
    from amalimart.config.project import find_home, open_project
    from amalimart.core.operations import OperationKind

    result = run_operation(open_project(find_home(home)), OperationKind.COMPACT)
    if as_json:
        print_json(result)
        return
    click.echo(f"{result['bytes_before']:,} bytes became {result['bytes_after']:,}")


def run_operation(project: Project, kind: OperationKind) -> dict[str, Any]:
    """Let the engine do it, show how far it is, and return what it brought. Raises what it failed with."""
    import time

    from amalimart.core.errors import rebuilt
    from amalimart.observe.progress import step
    from amalimart.processes.client import EngineClient

    with EngineClient(project) as client, step(f"{kind.value} of the warehouse") as shown:
        found = client.post("/operations", {"kind": kind.value})
        while found["state"] == "running":
            shown(round(100 * found["share"]), 100, str(found["what"]))
            time.sleep(_LOOK_SECONDS)
            found = client.get(f"/operations/{found['operation_id']}")
        if found["error"] is not None:
            raise rebuilt(found["error"])
        result: dict[str, Any] = found["result"]
        return result
