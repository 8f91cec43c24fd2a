"""What is told of one person's data: what there is, what was erased, and which backups still hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TableCount:
    """Rows of one table that hold something personal, and in how many files, the journal being one."""

    table: str
    rows: int
    files: int


@dataclass(frozen=True, slots=True)
class KnownBackup:
    """A backup that was taken of the project.

    is_there  whether it is still where it was put, as far as this machine can see
    """

    folder: str
    created_at: datetime
    is_there: bool


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What erasing a person would change.

    was_erased    whether it was done before; what is left then is what an earlier run did not finish
    lake          tables of the sources with something to take out
    warehouse     tables with rows of the person; they stay, without what is personal
    out_of_reach  entities with personal columns whose rows name no user
    unread        tables in the lake that no mapping reads any more: nobody can tell whose their rows are
    backups       which hold the person until they are deleted; a restore erases again
    """

    was_erased: bool
    lake: tuple[TableCount, ...]
    warehouse: tuple[TableCount, ...]
    out_of_reach: tuple[str, ...]
    unread: tuple[str, ...]
    backups: tuple[KnownBackup, ...]


@dataclass(frozen=True, slots=True)
class PersonTable:
    """Rows of one table that concern a person, in one layer: lake, warehouse or quarantine."""

    layer: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """A person who was erased, by the mark that stands for them; done_at is None until nothing is left."""

    person: str
    begun_at: datetime
    done_at: datetime | None
    erased_by: str
    reason: str
    counts: Mapping[str, int]
