"""Whether a column holds one value only, told by the engine's own statistics: without reading a row.

The statistics cover every row that any open transaction may see, and maybe more: they can say too little, and
never that a column holds one value where it holds two.
"""

from __future__ import annotations

import re

from amalimart.core.names import TableRef, quoted

# Of a text they keep the first eight bytes; a code of up to so many is whole.
_ONE_CODE = re.compile(r"\[Min: ([A-Z0-9]{1,8}), Max: \1, Has Unicode: false, Max String Length: ([0-9])\]")


def statistics_sql(table: TableRef, column: str) -> str:
    """The statement that tells the statistics of a column; of an empty table it has no row."""
    return f"select stats({quoted(column)}) from {table.sql} limit 1"


def only_code(statistics: str) -> str | None:
    """The one code that the column holds beside nulls; None where that is not certain."""
    found = _ONE_CODE.match(statistics)
    return found[1] if found and int(found[2]) == len(found[1]) else None
