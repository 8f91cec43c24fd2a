"""privacy: what is held about one person, handed out or taken out of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amalimart.cli.asking import engine_client
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

_LOOK_SECONDS = 0.3
_PATIENCE_SECONDS = 1800.0
_by_option = click.option("--by", metavar="NAME", help="Who says so, where that is not the local operator.")


@click.group()
def privacy() -> None:
    """What is held about one person: hand it out, or erase it."""


@privacy.command("export")
@click.argument("user")
@click.argument("folder", type=click.Path(path_type=Path))
@_by_option
@home_option
@json_option
def export(user: str, folder: Path, by: str | None, home: Path | None, as_json: bool) -> None:
    """Write everything that is held about USER as JSON and CSV into a new FOLDER."""
    from amalimart.orchestrate.privacy.exporting import write_export

    with engine_client(home) as client:
        found = client.post("/privacy/export", {"user": user, "who": by}, _PATIENCE_SECONDS)
    written = write_export(folder, user, found["tables"])
    tables = [
        {"layer": each["layer"], "table": each["table"], "rows": len(each["rows"])}
        for each in found["tables"]
    ]
    if as_json:
        print_json({"user": user, "folder": str(folder), "files": len(written), "tables": tables})
        return
    print_table(
        ["layer", "table", "rows"],
        [(each["layer"], each["table"], each["rows"]) for each in tables],
        numeric=(False, False, True),
    )
    click.echo(f"{len(written)} files in {folder}: keep them as safely as the person would", err=True)


@privacy.command("erase")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do it. Without it, only what would change is said.")
@click.option("--reason", default="asked for by the person", show_default=True, metavar="TEXT", help="Why.")
@_by_option
@home_option
@json_option
def erase(user: str, yes: bool, reason: str, by: str | None, home: Path | None, as_json: bool) -> None:
    """Take what is personal of USER out of everything that is kept. Numbers stay; it cannot be undone."""
    with engine_client(home) as client:
        plan = client.post("/privacy/plan", {"user": user}, _PATIENCE_SECONDS)
        result = _erased(client, user, reason, by) if yes else None
    if as_json:
        print_json({"user": user, "plan": plan, "done": result})
        return
    _tell_plan(plan)
    if result is None:
        click.echo("nothing was changed: --yes does it, and it cannot be undone", err=True)
        return
    click.echo(f"erased; release {result['release_id']} serves" if result["release_id"] else "erased")
    if result["question_files"]:
        click.echo(f"files of scheduled questions deleted: {result['question_files']}")
    for file in result["files_quoting"]:
        click.echo(f"! {file} quotes the person; delete it", err=True)
    for folder in result["backups_out_of_reach"]:
        click.echo(f"! {folder}: restore it with --erased-in of this project only", err=True)


@privacy.command("list")
@home_option
@json_option
def erasures(home: Path | None, as_json: bool) -> None:
    """List who was erased, each by a mark that tells nothing else."""
    with engine_client(home) as client:
        found = client.get("/privacy/erasures")["erasures"]
    if as_json:
        print_json({"erasures": found})
        return
    print_table(
        ["person", "begun", "done", "by", "rows", "reason"],
        [
            (
                each["person"],
                each["begun_at"],
                each["done_at"] or "not yet",
                each["erased_by"],
                sum(each["counts"].values()),
                each["reason"],
            )
            for each in found
        ],
        numeric=(False, False, False, False, True, False),
    )


def _erased(client: Any, user: str, reason: str, by: str | None) -> dict[str, Any]:
    """Have it done, show how far it is, and return what it brought. Raises what it failed with."""
    import time

    from amalimart.core.errors import rebuilt
    from amalimart.observe.progress import step

    with step("erasing") as shown:
        found = client.post("/privacy/erase", {"user": user, "reason": reason, "who": by}, _PATIENCE_SECONDS)
        while found["state"] == "running":
            shown(round(100 * found["share"]), 100, str(found["what"]))
            time.sleep(_LOOK_SECONDS)
            found = client.get(f"/operations/{found['operation_id']}")
        if found["error"] is not None:
            raise rebuilt(found["error"])
        result: dict[str, Any] = found["result"]
        return result


def _tell_plan(plan: dict[str, Any]) -> None:
    if plan["was_erased"]:
        click.echo("was erased before; what follows is left", err=True)
    lake = [("lake", each["table"], each["rows"], each["files"]) for each in plan["lake"]]
    warehouse = [("warehouse", each["table"], each["rows"], "") for each in plan["warehouse"]]
    print_table(["layer", "table", "rows", "files"], [*lake, *warehouse], numeric=(False, False, True, True))
    for entity in plan["out_of_reach"]:
        click.echo(f"! {entity} has personal columns, and its rows name no user: look yourself", err=True)
    for table in plan["unread"]:
        click.echo(f"! {table} is in the lake, and no mapping reads it any more: look yourself", err=True)
    for backup in plan["backups"]:
        state = "is there" if backup["is_there"] else "is out of reach"
        click.echo(
            f"! the backup {backup['folder']} of {backup['created_at']} {state} and holds the person until"
            " it is deleted; a restore erases again",
            err=True,
        )
