"""Deleting files that no reader needs: what a dead writer left, and what was removed long enough ago.

Only called while the source's lease is held, so a file no commit names belongs to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from amalimart.lake.live import LiveState
from amalimart.lake.storage import Storage


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files were deleted: of batches never committed, and of what commits removed or sealed."""

    orphans: int
    expired: int


def sweep(storage: Storage, state: LiveState, *, now: datetime, grace: timedelta) -> Swept:
    """Delete orphans at once, removed files and sealed segments once that is longer ago than `grace`."""
    orphans, expired = storage.clear_data(state.known_paths(), state.removed, now=now, grace=grace)
    folder = storage.folder
    for path in folder.glob("journal/[0-9]*.journal"):
        first = int(path.stem)
        if (
            first < (state.segment or state.version + 1)
            and state.sealed.get(first, now - grace) + grace <= now
        ):
            path.unlink()
            expired += 1
    left_over = ("commits/.*.tmp", "checkpoints/.*.tmp", "incoming/*")
    for path in (path for pattern in left_over for path in folder.glob(pattern)):
        path.unlink()
        orphans += 1
    return Swept(orphans, expired)


def purge(storage: Storage, state: LiveState) -> None:
    """Delete at once what commits removed and sealed, grace period or not.

    A reader on its way through them fails. Needs no lease: nobody writes to a name a second time.
    """
    storage.drop(sorted(state.removed.keys() - state.known_paths()))
    for path in storage.folder.glob("journal/[0-9]*.journal"):
        if int(path.stem) <= state.version and int(path.stem) != state.segment:
            path.unlink(missing_ok=True)


def outlived_history(state: LiveState, *, before: datetime) -> dict[str, tuple[str, ...]]:
    """By table: files that a snapshot replaced before a moment."""
    return {
        table: old
        for table, paths in state.retained.items()
        if (old := tuple(sorted(path for path, replaced in paths.items() if replaced.moment < before)))
    }
