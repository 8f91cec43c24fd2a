"""Opening a file with the engine: what may hold it, what is in it, and the settings that then are locked.

After set-up the engine can touch no file but its own and the lake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from amalimart.core.errors import EngineUnavailable, NewerFormat
from amalimart.core.memory import memory_bytes
from amalimart.warehouse.file.engine_words import engine_error
from amalimart.warehouse.file.file_format import record_format, refuse_newer
from amalimart.warehouse.project import model_log
from amalimart.warehouse.releases.release_log import create_tables

CATALOG = "warehouse"
"""The name under which an opened file is attached."""

# Small row groups let a query for some keys skip nearly all of a large table; so does comparing each group's
# bounds with up to so many keys of a join.
_ROW_GROUP = 12_288
_KEYS_THAT_PRUNE = 5_000
_STORAGE_VERSION = "with version number"

# One heavy question may slow the engine down, but must leave the machine and its disk to the others.
_MEMORY_SHARE = 0.6
_LARGEST_SPILL = "20GB"


class OtherStorageError(Exception):
    """The file is written as another version of the engine does: it can be built again, and is not shown."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What one file is opened with.

    spill              the folder for what does not fit into memory
    folders            the others that may be read or written
    memory_mebibytes   as much memory as the engine may take
    """

    spill: Path
    folders: Sequence[Path]
    memory_mebibytes: int


def opened_file(file: Path, settings: EngineSettings) -> duckdb.DuckDBPyConnection:
    """A connection to a file, made where there is none, with the tables that every file has.

    Raises EngineUnavailable where another process holds it, OtherStorageError, NewerFormat, DiskFull,
    WarehouseError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    try:
        connection.execute(attaching(file, CATALOG))
    except duckdb.IOException as error:
        connection.close()
        if "lock" in str(error).lower():
            raise EngineUnavailable(
                "another process has the warehouse open",
                where=str(file),
                next_step="use the running engine (amalimart status), or stop it first",
            ) from error
        if _STORAGE_VERSION in str(error):
            raise OtherStorageError(str(error).splitlines()[0]) from error
        raise engine_error(error, str(file)) from error
    connection.execute(f"use {CATALOG}")
    try:
        refuse_newer(connection, str(file))
    except NewerFormat:
        connection.close()
        raise
    _lock_down(connection, settings)
    create_tables(connection)
    connection.execute(model_log.DDL)
    record_format(connection)
    return connection


def attaching(file: Path, name: str) -> str:
    """The statement that attaches a file under a name."""
    return f"attach '{_escaped(file)}' as {name} (row_group_size {_ROW_GROUP})"


def most_memory_bytes() -> int:
    """As much of the memory of this machine, or of its container, as one engine may take."""
    return int(memory_bytes() * _MEMORY_SHARE)


def _lock_down(connection: duckdb.DuckDBPyConnection, wanted: EngineSettings) -> None:
    folders = [str(folder.resolve()) for folder in (wanted.spill, *wanted.folders)]
    settings = connection.cursor()
    settings.execute("set preserve_insertion_order = false")
    settings.execute(f"set global dynamic_or_filter_threshold = {_KEYS_THAT_PRUNE}")
    settings.execute(f"set memory_limit = '{wanted.memory_mebibytes}MiB'")
    settings.execute(f"set max_temp_directory_size = '{_LARGEST_SPILL}'")
    settings.execute("set global timezone = 'UTC'")  # nothing may depend on the machine's zone
    settings.execute(f"set temp_directory = '{_escaped(wanted.spill)}'")
    quoted = ", ".join(f"'{_escaped(folder)}'" for folder in folders)
    settings.execute(f"set allowed_directories = [{quoted}]")
    settings.execute("set enable_external_access = false")
    settings.execute("set allowed_configs = ['threads']")
    settings.execute("set lock_configuration = true")


def _escaped(path: object) -> str:
    return str(path).replace("'", "''")
