"""A copy of the control database while others use it, by the database's own means."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from amalimart.core.errors import ConfigError


def copy_database(path: Path, target: Path) -> None:
    """Write a consistent copy, readable by its owner only. Raises ConfigError where it cannot be read."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            copy.execute("pragma journal_mode = delete")  # one file, without a log beside it
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise ConfigError(
            f"the control database cannot be copied: {error}",
            where=str(path),
            expected="a SQLite file made by this or an earlier version",
            next_step="amalimart doctor",
        ) from error
