"""commands.md: every command, argument and option, from the command tree itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from amalimart.cli.application import application
from tools.reference_pages.markdown import code, page, section, table, text

_INTRO = """
Data goes to standard output, everything else to standard error. `--json` prints JSON for programs, and an
error is JSON too. A command that needs a project takes it from `--home`, else from `AMALIMART_HOME`, else
from the folder you stand in or one above it. Exit codes are listed in [errors.md](errors.md#exit-codes).
"""


def commands_page() -> str:
    """The page."""
    found = list(walk(application, ("amalimart",)))
    overview = table(
        ["Command", "What it does"],
        [[f"[`{' '.join(path)}`](#{'-'.join(path)})", text(_help(command))] for path, command in found],
    )
    return page("Commands", _INTRO, overview, *(_section(path, command) for path, command in found))


def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None:
            yield from walk(child, (*path, name))


def _section(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(path))
    usage = " ".join([*path, *command.collect_usage_pieces(context)])
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    described = "\n\n".join(text(part) for part in (command.help or "").split("\n\n"))
    return section(
        " ".join(path),
        described,
        f"```\n{usage}\n```",
        table(["Argument", "Type", "Given"], [_argument(p) for p in arguments]) if arguments else "",
        table(["Option", "Value", "Default", "Meaning"], [_option(p) for p in options]) if options else "",
    )


def _argument(parameter: click.Argument) -> list[str]:
    given = "one or more" if parameter.nargs == -1 else "once"
    return [code(parameter.human_readable_name), _kind(parameter), given]


def _option(option: click.Option) -> list[str]:
    names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
    kind = "flag" if option.is_flag else _kind(option)
    kind += ", may be repeated" if option.multiple else ""
    default = ""
    if option.required:
        default = "required"
    elif option.show_default and not option.is_flag:
        default = code(option.default)
    meaning = text(option.help) if option.help else _PLAIN[option.name or ""]
    return [names, kind, default, meaning]


# Options whose name says what they mean, so that the command itself gives no help for them.
_PLAIN = {
    "home": "The folder that holds the demo's project.",
    "kind": "A database to follow, or a folder of files.",
    "port": "Where pages and API listen.",
    "role": "Decides what the person may see; see [policies.md](policies.md).",
}


def _kind(parameter: click.Parameter) -> str:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return "one of " + ", ".join(code(choice) for choice in kind.choices)
    if isinstance(kind, click.IntRange | click.FloatRange):
        whole = "whole number" if isinstance(kind, click.IntRange) else "number"
        return f"{whole}, {_bound(kind.min)} to {_bound(kind.max)}"
    if isinstance(kind, click.Path):
        return "folder"
    shown = parameter.metavar or (
        "TEXT" if isinstance(kind, click.types.StringParamType) else kind.name.upper()
    )
    return code(shown)


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _help(command: click.Command) -> str:
    return (command.help or "").split("\n\n", maxsplit=1)[0]
