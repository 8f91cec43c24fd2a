"""The command tree; each command lives in the module of its subject and is imported when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from amalimart import __version__

# command -> (module, attribute, one line of help): the help page needs no import of the command
_COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Run the whole path on a simulated marketplace."),
    "init": ("project", "init", "Make a project folder of your own."),
    "source": ("source", "source", "Add, check and list the sources of the project."),
    "map": ("mapping", "mapping", "Draft and check how a source's tables are read."),
    "user": ("user", "user", "Add, change, disable and list the people who may sign in."),
    "key": ("key", "key", "Add, list and revoke API keys."),
    "up": ("project", "up", "Run the engine and one ingest process per source."),
    "status": ("project", "status", "Say what runs, what serves and how fresh it is."),
    "telemetry": ("telemetry", "telemetry", "Print what the running processes have counted."),
    "doctor": ("project", "doctor", "Say what is wrong and the next command."),
    "backup": ("backup", "backup", "Copy everything that cannot be made again."),
    "restore": ("backup", "restore", "Make a project of a backup."),
    "warehouse": ("warehouse", "warehouse", "Build or copy the served file anew, while it serves."),
    "schedule": ("schedule", "schedule", "List the jobs that run by themselves; run one now."),
    "release": ("release", "release", "List, show and compare releases; accept a blocked one."),
    "quality": ("quality", "quality", "Run, list and acknowledge monitored checks; profile a table."),
    "incident": ("incident", "incident", "List and show what went wrong; take it on."),
    "notify": ("incident", "notify", "Try a channel by which people are told."),
    "ingest": ("ingest", "ingest", "Load files once, without a running engine."),
    "bronze": ("bronze", "bronze", "Look into the lake."),
    "model": ("model", "model", "List the models, and build one anew."),
    "rollup": ("rollup", "rollup", "List what is added up beforehand; say what would pay."),
    "plan": ("plan", "plan", "Say what the project's files would change, and publish nothing."),
    "lineage": ("lineage", "lineage", "Say what a number is made of, and what uses it."),
    "governance": ("governance", "governance", "Report owners, access and retention; approve definitions."),
    "dashboard": ("dashboard", "dashboard", "List the dashboards; say what is wrong with their files."),
    "schema": ("schema", "schema", "Write JSON Schemas of the project's files, for editors."),
    "privacy": ("privacy", "privacy", "Hand out or erase what is held about one person."),
    "audit": ("audit", "audit", "List who asked what; verify the log of it."),
    "query": ("query", "query", "Ask a governed question."),
    "mcp": ("mcp", "mcp", "Serve governed numbers to an assistant."),
    "metrics": ("metrics", "metrics", "List, show, compare and export the metrics."),
    "dimensions": ("query", "dimensions", "List the dimensions."),
}


class _Deferred(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[name]
        command: click.Command = getattr(import_module(f"amalimart.cli.{module}"), attribute)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            from amalimart.core.names import nearest

            known = nearest(args[0], _COMMANDS)
            hint = f" Did you mean {known!r}?" if known else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint} amalimart --help lists them.", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=_Deferred, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="amalimart")
def application() -> None:
    """Governed, live analytics for a multi-vendor marketplace."""
