"""Where a table's files lie under a source's folder, whatever the table is called."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path

from amalimart.core.errors import LakeError

_LONGEST = 120


def table_folder(table: str) -> str:
    """A folder name for any table name: readable, valid on every file system, never outside `data`.

    Two names may share a folder (`Users` and `users` on some file systems): file names are unique by
    themselves. Raises LakeError for a name that cannot be one.
    """
    if not table or "\0" in table:
        raise LakeError(f"{table!r} is not a table name", expected="at least one character, and no NUL")
    encoded = re.sub(r"[^A-Za-z0-9_-]", _escaped, table)
    if len(encoded) <= _LONGEST:
        return encoded
    digest = hashlib.sha256(table.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{encoded[: _LONGEST - 20]}-{digest[:16]}"


def new_file(folder: Path, table: str, version: int) -> tuple[str, Path]:
    """Relative and absolute path of a data file that does not exist yet."""
    relative = f"data/{table_folder(table)}/{version:020d}-{secrets.token_hex(6)}.parquet"
    return relative, folder / relative


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
