"""Markdown by the piece: tables, code, lists. Texts from the code are escaped here and nowhere else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

_NOTICE = "<!-- Written by tools/reference.py from the code; run it again instead of editing this page. -->"
_SPECIAL = re.compile(r"([|<>*\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_CODE_OR_TEXT = re.compile(r"(`[^`]*`)")


def page(title: str, intro: str, *parts: str) -> str:
    """A whole page: title, notice, introduction, parts."""
    return (
        "\n\n".join([f"# {title}", _NOTICE, intro.strip(), *(part.strip() for part in parts if part)]) + "\n"
    )


def section(title: str, *parts: str, level: int = 2) -> str:
    """A heading with what stands under it."""
    return "\n\n".join([f"{'#' * level} {title}", *(part.strip() for part in parts if part)])


def text(words: str | None) -> str:
    """Prose from the code on one line, safe in a table; what stands in backticks stays code."""
    joined = " ".join((words or "").split())
    pieces = _CODE_OR_TEXT.split(joined)
    return "".join(
        piece.replace("|", "\\|") if piece.startswith("`") else _SPECIAL.sub(r"\\\1", piece)
        for piece in pieces
    )


def code(value: object) -> str:
    """A name or value as code, safe in a table."""
    shown = str(value).replace("|", "\\|")
    return f"`{shown}`" if shown else ""


def codes(values: Iterable[object]) -> str:
    """Names as code, comma separated."""
    return ", ".join(code(value) for value in values)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty cells stay empty."""
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def summary(thing: object) -> str:
    """The first paragraph of a docstring. Raises ValueError where there is none."""
    documented = inspect.getdoc(thing)
    if not documented:
        raise ValueError(f"{thing!r} has no docstring")
    return " ".join(documented.split("\n\n")[0].split())


def count(number: int, singular: str) -> str:
    """1 metric, 2 metrics."""
    return f"{number} {singular}" + ("" if number == 1 else "s")
