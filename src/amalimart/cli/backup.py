"""backup and restore: a copy of everything that cannot be made again, and a project made of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.orchestrate.backups.manifest import Manifest


class _CreatesByDefault(click.Group):
    """`backup TARGET` is short for `backup create TARGET`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_CreatesByDefault)
def backup() -> None:
    """Copy everything that cannot be made again; `backup TARGET` is short for `backup create TARGET`."""


@backup.command("create")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--with-warehouse", is_flag=True, help="Also copy the served file, so that nothing is rebuilt.")
@home_option
@json_option
def create(target: Path, with_warehouse: bool, home: Path | None, as_json: bool) -> None:
    """Write a backup into a new folder, while the project runs."""
    from amalimart.cli.warehouse import run_operation
    from amalimart.config.project import find_home, open_project
    from amalimart.core.clock import SystemClock
    from amalimart.core.operations import OperationKind
    from amalimart.observe.progress import step
    from amalimart.orchestrate.backups.taking import back_up

    project = open_project(find_home(home))
    copy = Path(run_operation(project, OperationKind.COPY)["file"]) if with_warehouse else None
    try:
        with step("backup, files") as shown:
            manifest = back_up(project, target, SystemClock(), shown, copy)
            shown.summary = f"{len(manifest.files):,} files, {manifest.total_bytes:,} bytes"
    finally:
        if copy is not None:
            copy.unlink(missing_ok=True)
    _tell(manifest, as_json)


@backup.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def verify(folder: Path, as_json: bool) -> None:
    """Read every file of a backup and hold it against its checksum."""
    from amalimart.observe.progress import step
    from amalimart.orchestrate.backups.restoring import verify_backup

    with step("verifying, files") as shown:
        manifest = verify_backup(folder, shown)
        shown.summary = f"{len(manifest.files):,} files, {manifest.total_bytes:,} bytes"
    _tell(manifest, as_json)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("home", type=click.Path(path_type=Path))
@click.option(
    "--erased-in",
    type=click.Path(path_type=Path),
    metavar="HOME",
    help="The project that the backup is of: who was erased in it since is erased again.",
)
@json_option
def restore(folder: Path, home: Path, erased_in: Path | None, as_json: bool) -> None:
    """Make a project of a backup, in a folder that is new or empty. The backup is verified first."""
    from amalimart.observe.progress import step
    from amalimart.orchestrate.backups.restoring import restore_backup

    with step("restoring, files") as shown:
        project, manifest = restore_backup(folder, home, shown, erased_in=erased_in)
        shown.summary = f"{len(manifest.files):,} files, {manifest.total_bytes:,} bytes"
    _tell(manifest, as_json)
    click.echo(f"next: amalimart up --home {project.home}", err=True)


def _tell(manifest: Manifest, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = {
            "created_at": manifest.created_at,
            "product": manifest.product,
            "kept_in": manifest.kept_in,
            "files": len(manifest.files),
            "bytes": manifest.total_bytes,
            "sources": [
                {"source": each.source, "version": each.version, "fresh_as_of": each.fresh_as_of}
                for each in manifest.sources
            ],
        }
        print_json(document)
        return
    click.echo(f"{len(manifest.files):,} files, {manifest.total_bytes:,} bytes, of {manifest.created_at}")
    if manifest.kept_in is not None:
        click.echo(f"the lake itself is kept in {manifest.kept_in}; only what was not there yet is in here")
    print_table(
        ["source", "commits", "fresh as of"],
        [(each.source, each.version, each.fresh_as_of) for each in manifest.sources],
    )
