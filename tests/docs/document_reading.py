"""Reads what a page of documentation shows: its links, its commands, its questions. Runs none of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from amalimart.cli.application import application

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[(?:[^\]]*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')
_WRITTEN_BY_US = re.compile(r"(?:^|\s)(?:\.venv/bin/)?(amalimart\s.*)$")


def anchors_of(text: str) -> set[str]:
    """The anchors of a page, as the usual renderers make them from headings."""
    found: set[str] = set(_ANCHOR.findall(text))
    for heading in HEADING.findall(_FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower().replace("`", "").strip()
        slug = "".join(c for c in words.replace(" ", "-") if c.isalnum() or c in "-_")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def broken_links(document: Path) -> list[str]:
    """Relative links of a page that lead to no file or no heading."""
    text = document.read_text(encoding="utf-8")
    prose = _INLINE.sub(lambda code: code[0] if "](" not in code[0] else "", _FENCE.sub("", text))
    broken = []
    for link in LINK.findall(prose):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


def code_lines(text: str) -> Iterator[str]:
    """Every line of a shell block, continued lines joined, and every piece of inline code."""
    for language, block in _FENCED.findall(text):
        if language in {"", "sh", "bash", "shell", "console"}:
            yield from block.replace("\\\n", " ").splitlines()
    yield from _INLINE.findall(_FENCE.sub("", text))


def shown_commands(text: str) -> Iterator[str]:
    """Command lines that call amalimart, also behind a pipe or a path of the virtual environment."""
    for line in code_lines(text):
        found = _WRITTEN_BY_US.search(line.partition(" #")[0].rpartition("| ")[2].strip())
        if found and not line.strip().startswith(("├", "└", "amalimart [", "class ", "import ")):
            yield found[1]


def parsing_trouble(line: str) -> str | None:
    """Why a command line would be refused as usage, or None. Nothing is run."""
    arguments = shlex.split(line)[1:]
    command: click.Command = application
    context = click.Context(command)
    while isinstance(command, click.Group):
        if not arguments or arguments[0] in {"--help", "-h", "--version"}:
            return None
        child = command.get_command(context, arguments[0])
        if child is None:
            return f"no command {arguments[0]!r}"
        command, context, arguments = child, click.Context(child, parent=context), arguments[1:]
    if not arguments or arguments == ["--help"]:
        return None  # the bare name of a command
    try:
        command.make_context("documented", list(arguments), resilient_parsing=False)
    except click.exceptions.Exit:
        return None
    except click.UsageError as error:
        return error.format_message()
    return None
