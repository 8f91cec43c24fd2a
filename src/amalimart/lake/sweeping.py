"""Deleting files that no reader needs: what a dead writer left, and what was removed long enough ago.

Only called while the source's lease is held, so a file no commit names belongs to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from amalimart.lake.live import LiveState


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files were deleted: of batches never committed, and of what commits removed or sealed."""

    orphans: int
    expired: int


def sweep(folder: Path, state: LiveState, *, now: datetime, grace: timedelta) -> Swept:
    """Delete orphans at once, removed files and sealed segments once that is longer ago than `grace`."""
    known = state.known_paths()
    orphans = expired = 0
    for path in folder.glob("data/*/*"):
        relative = path.relative_to(folder).as_posix()
        if relative in known or not path.is_file():
            continue
        removed_at = state.removed.get(relative)
        if removed_at is None:
            path.unlink()
            orphans += 1
        elif removed_at + grace <= now:
            path.unlink()
            expired += 1
    for path in folder.glob("journal/[0-9]*.journal"):
        first = int(path.stem)
        if (
            first < (state.segment or state.version + 1)
            and state.sealed.get(first, now - grace) + grace <= now
        ):
            path.unlink()
            expired += 1
    for path in [*folder.glob("commits/.*.tmp"), *folder.glob("checkpoints/.*.tmp")]:
        path.unlink()
        orphans += 1
    return Swept(orphans, expired)


def outlived_history(state: LiveState, *, before: datetime) -> dict[str, tuple[str, ...]]:
    """By table: files that a snapshot replaced before a moment."""
    return {
        table: old
        for table, paths in state.retained.items()
        if (old := tuple(sorted(path for path, replaced in paths.items() if replaced < before)))
    }
