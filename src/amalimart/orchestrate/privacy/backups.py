"""Which backups still hold people who were erased since, and what makes a restore of them erase again.

A copy of all tombstones is laid beside each backup that this machine can reach; a backup out of reach is
named to the operator, who hands the tombstones over at its restore.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine as Database

from amalimart.control.privacy.erasures import known_backups
from amalimart.core.privacy import KnownBackup
from amalimart.lake.tombstones import FOLDER, Tombstones
from amalimart.orchestrate.backups.manifest import MANIFEST


def backups_of(database: Database) -> tuple[KnownBackup, ...]:
    """Every backup that was taken of the project, the oldest first."""
    return known_backups(database, MANIFEST)


def lay_beside(database: Database, stones: Tombstones) -> tuple[KnownBackup, ...]:
    """Lay the tombstones beside every backup that is within reach; returns those where that failed."""
    missed = []
    for backup in backups_of(database):
        is_laid = False
        if backup.is_there:
            with suppress(OSError):
                stones.copy_to(Path(backup.folder) / FOLDER)
                is_laid = True
        if not is_laid:
            missed.append(backup)
    return tuple(missed)
