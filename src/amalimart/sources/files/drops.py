"""Which file is which table, by its name alone.

    orders.csv                   the table `orders`, whole: a changed file replaces it
    orders/2026-01-01.csv        one of the many files of `orders`, each taken once and added
    orders/2026/01/02.parquet    the same; its place in the order is by its whole name

Hidden files (a leading dot; below a table's folder a leading underscore, too) and other kinds of file
are left alone, so that a writer can work under such a name and rename.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from amalimart.core.errors import SourceMismatch
from amalimart.sources.files.formats import CsvFormat, FileFormat, ParquetFormat
from amalimart.sources.files.stored import StoredFile

QUIET = timedelta(seconds=1)
LEDGER_TABLE = "_taken_files"

_FORMATS: Mapping[str, FileFormat] = {
    ".csv": CsvFormat(),
    ".csv.gz": CsvFormat("gzip"),
    ".csv.zst": CsvFormat("zstd"),
    ".parquet": ParquetFormat(),
}


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """One file of one table."""

    table: str
    stored: StoredFile
    format: FileFormat

    @property
    def path(self) -> str:
        return self.stored.path


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a listing means.

    whole     table -> its one file
    drops     table -> its files in the order of their names
    refused   table -> why its files cannot be one table
    """

    whole: Mapping[str, DroppedFile]
    drops: Mapping[str, tuple[DroppedFile, ...]]
    refused: Mapping[str, SourceMismatch]


def dropped(files: Iterable[StoredFile], where: str) -> Dropped:
    """Sort a listing into tables."""
    whole: dict[str, DroppedFile] = {}
    drops: dict[str, list[DroppedFile]] = {}
    refused: dict[str, SourceMismatch] = {}
    for stored in sorted(files, key=lambda file: file.path):
        *folders, name = stored.path.split("/")
        suffix = _suffix(name)
        if suffix is None or _is_hidden(folders, name):
            continue
        table = folders[0] if folders else name[: -len(suffix)]
        file = DroppedFile(table, stored, _FORMATS[suffix])
        if table == LEDGER_TABLE:
            refused[table] = _reserved(stored, where)
        elif folders:
            drops.setdefault(table, []).append(file)
        elif table in whole:
            refused[table] = _two_files(whole[table], file, where)
        else:
            whole[table] = file
    for table in sorted(whole.keys() & drops.keys()):
        refused[table] = _file_and_folder(whole[table], where)
    return Dropped(
        whole={table: file for table, file in whole.items() if table not in refused},
        drops={table: tuple(files) for table, files in drops.items() if table not in refused},
        refused=refused,
    )


def is_quiet(file: StoredFile, now: datetime) -> bool:
    """Whether a file has been left alone for long enough to be whole.

    A time ahead of ours is another machine's clock and tells nothing.
    """
    return abs(now - file.modified_at) > QUIET


def _suffix(name: str) -> str | None:
    folded = name.lower()
    return next((suffix for suffix in _FORMATS if folded.endswith(suffix)), None)


def _is_hidden(folders: list[str], name: str) -> bool:
    if name.startswith("."):
        return True
    below = [*folders[1:], name] if folders else []
    return any(part.startswith((".", "_")) for part in [*folders[:1], *below])


def _two_files(first: DroppedFile, second: DroppedFile, where: str) -> SourceMismatch:
    return SourceMismatch(
        f"two files are the table {first.table!r}",
        where=f"{where}/{second.path}",
        expected=f"only one of {first.path} and {second.path}",
        next_step=f"remove or rename one, or put both into a folder {first.table}/ if they add up",
    )


def _file_and_folder(file: DroppedFile, where: str) -> SourceMismatch:
    return SourceMismatch(
        f"the table {file.table!r} is a file and a folder",
        where=f"{where}/{file.path}",
        expected=f"only one of {file.path} and {file.table}/",
        next_step=f"move {file.path} into {file.table}/ if they add up, or rename one",
    )


def _reserved(file: StoredFile, where: str) -> SourceMismatch:
    return SourceMismatch(
        f"{LEDGER_TABLE!r} is a name of the lake's own",
        where=f"{where}/{file.path}",
        expected="any other name",
        next_step="rename the file",
    )
