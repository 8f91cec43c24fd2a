"""How data is printed: JSON for programs, an aligned table for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from amalimart.core.wire import dumps

_PIPE_WIDTH = 400


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(dumps(document, indent=2) + "\n")


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]], numeric: Sequence[bool] = ()) -> None:
    """Rows under headings, numbers to the right. Control characters are shown, not obeyed."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for position, heading in enumerate(headings):
        right = position < len(numeric) and numeric[position]
        table.add_column(Text(heading), justify="right" if right else "left", no_wrap=position == 0 or right)
    for row in rows:
        table.add_row(*(Text(_visible(value)) for value in row))
    # A pipe has no width: nothing is cut or wrapped for it.
    Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def _visible(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else dumps(value).strip('"')
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
