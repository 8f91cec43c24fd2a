"""Where a source's commits and data files are kept for good, as a port; and a local folder as that place.

Whatever keeps them, a source has a folder on this machine: files are written and read there, and the
journal and the lease never lie anywhere else. A place elsewhere is the truth then, and the folder a
copy of what was needed of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from amalimart.core.errors import LakeError
from amalimart.lake.checking import SeenFiles, check_file
from amalimart.lake.commit import DataFile
from amalimart.lake.durable import make_folder, publish
from amalimart.lake.identity import ensure_identity, read_identity

COPY_OF = "copy-of"
"""The file that tells a copy of a lake elsewhere from a lake of its own: it names the place."""


class Storage(Protocol):
    """The place of one source. Every method may raise LakeError, and OSError where the disk refuses."""

    @property
    def folder(self) -> Path:
        """The source's folder on this machine."""
        ...

    @property
    def outlives_this_machine(self) -> bool:
        """Whether what is committed to files survives the loss of this machine, and only that does."""
        ...

    def identity(self) -> str | None:
        """What tells this log from another one under the same name; None where nobody has written yet."""
        ...

    def claim(self) -> str:
        """The identity, made if there is none. Only for the holder of the lease."""
        ...

    def pull(self, first: int, *, at_once: bool) -> bool:
        """Bring commit files into the folder that start with a version or later; whether there were any.

        Asks not more often than is useful, unless `at_once`.
        """
        ...

    def publish_commit(self, first: int, version: int, content: bytes) -> None:
        """Let a commit file appear whole and durable, or not at all.

        `first` is the first version it covers: no other commit may start there. Raises CommitConflict.
        """
        ...

    def publish_checkpoint(self, version: int, content: bytes) -> None:
        """Let a checkpoint appear; one that is there already says the same."""
        ...

    def remove_checkpoints(self, versions: Collection[int]) -> None:
        """Delete checkpoints that newer ones make superfluous."""
        ...

    def clear_commits(self, up_to: int, older_than: datetime) -> None:
        """Delete commit files up to a version that were written before a moment."""
        ...

    def keep(self, files: Sequence[DataFile]) -> None:
        """Make data files that lie in the folder, synced, as durable as their commit is to be."""
        ...

    def paths(self, table: str, files: Sequence[DataFile]) -> tuple[Path, ...]:
        """Where committed files can be read on this machine.

        Each is held against its checksum when it is first asked for. Raises DamagedLake.
        """
        ...

    def check(self, table: str, file: DataFile) -> None:
        """Read a committed file whole and hold it against its checksum. Raises DamagedLake."""
        ...

    def clear_data(
        self, known: Collection[str], removed: Mapping[str, datetime], *, now: datetime, grace: timedelta
    ) -> tuple[int, int]:
        """Delete data files that are not known: how many that nobody removed, and how many long removed.

        Only for the holder of the lease.
        """
        ...

    def drop(self, paths: Collection[str]) -> None:
        """Delete data files that no commit names any more, wherever they are. Needs no lease."""
        ...

    def tidy(self, known: Collection[str], *, now: datetime) -> None:
        """Let go of copies that nobody has asked for, where they are many; files not `known` are left."""
        ...


class FolderStorage:
    """The source's folder is the truth itself."""

    outlives_this_machine = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen = SeenFiles()

    def identity(self) -> str | None:
        return read_identity(self.folder)

    def claim(self) -> str:
        if (self.folder / COPY_OF).exists():
            raise LakeError(
                "the folder holds the copy of a lake in an object store",
                where=str(self.folder),
                expected="a lake of its own",
                next_step="set `lake` to the place it is kept in, or move the folder away",
            )
        return ensure_identity(self.folder)

    def pull(self, first: int, *, at_once: bool) -> bool:  # noqa: ARG002 - there is nowhere else
        return False

    def publish_commit(self, first: int, version: int, content: bytes) -> None:  # noqa: ARG002
        # One writer holds the lease of the folder, so versions are enough to tell commits apart.
        publish_in(commit_path(self.folder, version), content)

    def publish_checkpoint(self, version: int, content: bytes) -> None:
        path = checkpoint_path(self.folder, version)
        if not path.exists():
            publish_in(path, content)

    def remove_checkpoints(self, versions: Collection[int]) -> None:
        for version in versions:
            checkpoint_path(self.folder, version).unlink(missing_ok=True)

    def clear_commits(self, up_to: int, older_than: datetime) -> None:
        for version in versions_in(self.folder / "commits"):
            path = commit_path(self.folder, version)
            if version <= up_to and path.stat().st_mtime < older_than.timestamp():
                path.unlink(missing_ok=True)

    def keep(self, files: Sequence[DataFile]) -> None:
        """Nothing: a synced file in the folder is durable."""

    def paths(self, table: str, files: Sequence[DataFile]) -> tuple[Path, ...]:
        return tuple(self._seen.checked(self.folder / file.path, table, file) for file in files)

    def check(self, table: str, file: DataFile) -> None:
        check_file(self.folder / file.path, table, file)

    def clear_data(
        self, known: Collection[str], removed: Mapping[str, datetime], *, now: datetime, grace: timedelta
    ) -> tuple[int, int]:
        orphans = expired = 0
        for path in self.folder.glob("data/*/*"):
            relative = path.relative_to(self.folder).as_posix()
            if relative in known or not path.is_file():
                continue
            removed_at = removed.get(relative)
            if removed_at is None:
                path.unlink()
                orphans += 1
            elif removed_at + grace <= now:
                path.unlink()
                expired += 1
        return orphans, expired

    def drop(self, paths: Collection[str]) -> None:
        for path in paths:
            (self.folder / path).unlink(missing_ok=True)

    def tidy(self, known: Collection[str], *, now: datetime) -> None:
        """Nothing: there are no copies."""


def commit_path(folder: Path, version: int) -> Path:
    """Where a commit file lies."""
    return folder / "commits" / f"{version:020d}.json"


def checkpoint_path(folder: Path, version: int) -> Path:
    """Where a checkpoint lies."""
    return folder / "checkpoints" / f"{version:020d}.json"


def versions_in(folder: Path) -> list[int]:
    """The versions that files of a folder are named after, sorted."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.json") if path.stem.isdecimal())


def publish_in(path: Path, content: bytes) -> None:
    """Publish a file in a folder that need not exist yet."""
    make_folder(path.parent)
    publish(path, content)
