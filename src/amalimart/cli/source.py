"""source: the places a project reads, from adding one to reading it anew."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.config.project import Project
    from amalimart.config.source_settings import SourceSettings
    from amalimart.orchestrate.sources.adding import NewSource, SourceLook
    from amalimart.orchestrate.sources.places import SourcePlace
    from amalimart.orchestrate.sources.rights import Right


# A fix may be a line of the server's settings file as well.
_STATEMENT = re.compile(r"(alter|create|drop|grant|select|set)\b", re.IGNORECASE)


@click.group()
def source() -> None:
    """The sources of the project: databases that are followed, and places where files are dropped."""


@source.command("add")
@click.argument("name")
@click.argument("url", required=False)
@click.option("--mapping", help="A packaged mapping, one in sources/, or a file; else NAME, to be drafted.")
@click.option(
    "--capture",
    type=click.Choice(["stream", "poll"]),
    help="How changes of a database are found: told by it (the default), or asked for.",
)
@click.option("--url-from-stdin", is_flag=True, help="Read the URL from standard input: it holds a password.")
@click.option("--folder", type=click.Path(path_type=Path), help="A folder of files, in place of the URL.")
@click.option(
    "--kind",
    type=click.Choice(["postgres", "mysql", "files"]),
    help="What the URL must be; it tells by itself, so this is only checked.",
)
@click.option("--endpoint", help="Address of the object store of s3://, where it is not AWS's own.")
@click.option("--region", help="Region of the bucket of s3://.")
@click.option("--unchecked", is_flag=True, help="Add it without connecting, or although rights are missing.")
@home_option
@json_option
def source_add(
    name: str,
    url: str | None,
    mapping: str | None,
    capture: Literal["stream", "poll"] | None,
    url_from_stdin: bool,
    folder: Path | None,
    kind: str | None,
    endpoint: str | None,
    region: str | None,
    unchecked: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Look at a source, say what is missing, and add it to the project.

    URL is postgresql://user:password@host/database, mysql://user:password@host/database, a folder, or
    s3://bucket/prefix. Without it, it is asked for: a URL on the command line stays in the shell's
    history. The URL of a database goes to the secrets, never to amalimart.yml.
    """
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.sources.adding import NewSource, add_checked, add_unchecked, look_at, next_step
    from amalimart.orchestrate.sources.settings import check_new_name

    project = open_project(find_home(home))
    check_new_name(project, name)
    place = _place(url, folder, url_from_stdin=url_from_stdin, kind=kind)
    new = NewSource(name, place, mapping, capture, endpoint, region, checked=not unchecked)
    look = None
    chosen = None
    if unchecked:
        project = add_unchecked(project, new)
    else:
        look = look_at(project, new)
        _tell(name, look)
        chosen = _fitting_chosen(new, look)
        project = add_checked(project, new, look, chosen)
    settings = project.settings.sources[name]
    step = next_step(project, name, settings)
    click.echo(f"added {name} to {project.settings_file}", err=True)
    click.echo(f"next: {step}", err=True)
    if as_json:
        print_json(_added(name, settings, look, step))


@source.command("list")
@home_option
@json_option
def source_list(home: Path | None, as_json: bool) -> None:
    """List the sources of the project."""
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.project.runtime_files import read_report

    project = open_project(find_home(home))
    found = []
    for name, settings in project.settings.sources.items():
        report = read_report(project.run, f"ingest-{name}")
        found.append(
            {
                "name": name,
                "kind": settings.kind,
                "place": _shown_place(project, name, settings),
                "mapping": settings.mapping,
                "capture": settings.capture if settings.kind != "files" else None,
                "state": str(report.fields.get("state")) if report else "stopped",
            }
        )
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("no source yet; next: amalimart source add NAME URL", err=True)
        return
    columns = ["name", "kind", "place", "mapping", "capture", "state"]
    print_table(columns, [[each[column] for column in columns] for each in found])


@source.command("check")
@click.argument("name")
@home_option
@json_option
def source_check(name: str, home: Path | None, as_json: bool) -> None:
    """Connect again, and say whether it answers, which rights are missing and whether the mapping fits."""
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.sources.map_checking import check_map
    from amalimart.orchestrate.sources.rights import refuse_blocking, rights_of
    from amalimart.orchestrate.sources.settings import known_source

    project = open_project(find_home(home))
    settings = known_source(project, name)
    found = check_map(project, name)
    rights = rights_of(project, name) if not found.misfits else ()
    if as_json:
        document = {"source": name, "rights": [right.as_dict() for right in rights]}
        print_json(document | {"mapping": found.as_dict()})
    else:
        click.echo(f"✓ {_shown_place(project, name, settings)} answers")
        _tell_rights(rights, sys.stdout)
        for table, misfit in found.misfits.items():
            click.echo(f"✗ {table}: {misfit.what}")
        click.echo(
            f"{'✓' if found.usable else '✗'} the mapping fills {len(found.entities)} entities; "
            f"{found.available} metrics answer, {len(found.unavailable)} lack data "
            f"(amalimart map check {name})"
        )
    found.refuse_unusable()
    refuse_blocking(rights, f"the source {name}", settings, f"; then: amalimart source check {name}")


@source.command("resnapshot")
@click.argument("name")
@click.option("--table", "tables", multiple=True, help="Only this table, as the source names it.")
@home_option
@json_option
def source_resnapshot(name: str, tables: tuple[str, ...], home: Path | None, as_json: bool) -> None:
    """Have the running ingest read tables anew; without --table, all of them.

    The request waits until an ingest process takes it up. What is served stays until the new rows are in.
    """
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.project.runtime_files import read_report
    from amalimart.orchestrate.sources.resnapshots import request_resnapshot
    from amalimart.orchestrate.sources.settings import check_tables

    project = open_project(find_home(home))
    check_tables(project, name, tables)
    request_resnapshot(project, name, tables)
    what = ", ".join(tables) if tables else "every table"
    running = read_report(project.run, f"ingest-{name}") is not None
    if as_json:
        print_json({"source": name, "tables": sorted(set(tables)), "running": running})
        return
    when = "now" if running else "when it is started: amalimart up"
    click.echo(f"{what} of {name} will be read anew {when}", err=True)


@source.command("remove")
@click.argument("name")
@home_option
@json_option
def source_remove(name: str, home: Path | None, as_json: bool) -> None:
    """Forget a source's settings and address; what was landed stays, and so does its mapping."""
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.sources.removing import remove_source

    project = open_project(find_home(home))
    left = remove_source(project, name)
    if as_json:
        print_json(left.as_dict())
        return
    click.echo(f"{name} is no longer a source; its address is forgotten", err=True)
    for what in left.described:
        click.echo(f"not deleted: {what}", err=True)


def _place(url: str | None, folder: Path | None, *, url_from_stdin: bool, kind: str | None) -> SourcePlace:
    """Where the source is, from wherever it was said. Raises ConfigError where it is said twice."""
    from amalimart.core.errors import ConfigError
    from amalimart.orchestrate.sources.places import SourcePlace, read_place

    if sum((url is not None, folder is not None, url_from_stdin)) > 1:
        raise ConfigError(
            "the source is named more than once",
            where="URL, --folder, --url-from-stdin",
            expected="one of them",
            next_step="leave the others out",
        )
    if folder is not None:
        place = SourcePlace("files", folder=folder)
    elif url_from_stdin:
        place = read_place(sys.stdin.readline())
    elif url is not None:
        place = read_place(url)
        if place.has_password:
            click.echo(
                "warning: the password was on the command line: it is in the shell's history now, and other "
                "users could see it while the command ran. Leave the URL out and it is asked for.",
                err=True,
            )
    else:
        prompted = "URL of the database, folder, or s3:// prefix"
        place = read_place(click.prompt(prompted, hide_input=True, err=True))
    if kind is not None and place.kind != kind:
        raise ConfigError(
            f"this is a {place.kind} source",
            where="--kind",
            expected=kind,
            next_step="leave --kind out, or correct the URL",
        )
    return place


def _fitting_chosen(new: NewSource, look: SourceLook) -> str | None:
    """Whether to use a mapping that fits, where none was named: asked at a terminal, else only told."""
    if new.mapping is not None or look.mapping is not None or not look.fitting:
        return None
    fitting = look.fitting[0]
    if sys.stdin.isatty() and sys.stderr.isatty():
        question = f"the mapping {fitting!r} fits this source; use it?"
        return fitting if click.confirm(question, default=True, err=True) else None
    click.echo(
        f"the mapping {fitting!r} fits this source: to use it, write `mapping: {fitting}` "
        f"at sources.{new.name} of amalimart.yml",
        err=True,
    )
    return None


def _tell(name: str, look: SourceLook) -> None:
    rows = f", about {look.rows:,} rows" if look.rows else ""
    click.echo(f"✓ {name} answers: {look.tables} tables{rows}", err=True)
    if look.mapping is not None:
        click.echo(f"✓ the mapping {look.mapping.name} fits", err=True)
    _tell_rights(look.rights, sys.stderr)


def _tell_rights(rights: tuple[Right, ...], stream: Any) -> None:
    for right in rights:
        stream.write(f"{'✗' if right.blocking else '·'} {right.what}\n")
        for statement in right.fix:
            stream.write(f"    {statement}{';' if _STATEMENT.match(statement) else ''}\n")
    if rights and not any(right.blocking for right in rights):
        stream.write("✓ every right that is needed is there\n")


def _added(name: str, settings: SourceSettings, look: SourceLook | None, next_command: str) -> dict[str, Any]:
    return {
        "source": name,
        "kind": settings.kind,
        "mapping": settings.mapping,
        "capture": settings.capture if settings.kind != "files" else None,
        "checked": look is not None,
        "tables": look.tables if look else None,
        "rows": look.rows if look else None,
        "fitting_mappings": list(look.fitting) if look else None,
        "rights": [right.as_dict() for right in look.rights] if look else None,
        "next_step": next_command,
    }


def _shown_place(project: Project, name: str, settings: SourceSettings) -> str:
    """Where a source is, without its password; a secret that is not set is said so."""
    from amalimart.orchestrate.sources.describing import shown_place

    return shown_place(project, name, settings)
