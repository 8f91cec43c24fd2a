"""The rows that are in the lake's files and journal, counted by reading them, beside what commits say.

A commit says how many rows it brought; whether they are there is known only from the files themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amalimart.lake import TableFiles
from amalimart.warehouse.file.reading import ReadTransaction

MOMENT = "_committed_at"


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file, or a batch of the journal, that holds other than what its commit says.

    first, last  the commits whose rows are in it
    """

    name: str
    first: int
    last: int
    committed: int
    held: int


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows of a table up to a commit: as commits say, and as they are there."""

    committed: int
    held: int
    differing: tuple[HeldFile, ...]


def held_rows(transaction: ReadTransaction, files: TableFiles, up_to: int) -> HeldRows:
    """Count the rows of a table that a release of that position is made of. Raises LakeError, DamagedLake."""
    committed = held = 0
    differing: list[HeldFile] = []
    chosen = [
        (file, path) for file, path in zip(files.files, files.paths, strict=True) if file.first_batch <= up_to
    ]
    counted: dict[str, tuple[int, int]] = {}
    if chosen:
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for _, path in chosen)
        counted = {
            name: (int(rows), int(early))
            for name, rows, early in transaction.rows(
                f"select filename, count(*), count(*) filter (where _batch <= {int(up_to)})"
                f" from read_parquet([{listed}], filename = true, union_by_name = true) group by 1"
            ).rows
        }
    for file, path in chosen:
        rows, early = counted.get(str(path), (0, 0))
        held += early
        committed += file.rows - (rows - early)
        if rows != file.rows:
            differing.append(HeldFile(file.path, file.first_batch, file.last_batch, file.rows, rows))
    for part in files.journal:
        if part.version <= up_to:
            rows = part.read().num_rows
            held, committed = held + rows, committed + part.rows
            if rows != part.rows:
                name = f"journal/{part.segment.name}"
                differing.append(HeldFile(name, part.version, part.version, part.rows, rows))
    return HeldRows(committed, held, tuple(differing))


def newest_change(transaction: ReadTransaction, files: TableFiles) -> datetime | None:
    """The source's own moment of the newest change of a table; None where it tells none."""
    moments: list[datetime] = []
    if files.files:
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files.paths)
        found = transaction.rows(
            f"select max({MOMENT}) from read_parquet([{listed}], union_by_name = true)"
        ).rows
        moments += [moment for (moment,) in found if moment is not None]
    for part in files.journal:
        moments += [each for each in part.read().column(MOMENT).to_pylist() if each is not None]
    return max(moments, default=None)
