"""The names of the hot file on disk: one generation after the other, and which of them is served.

`warehouse.duckdb` is the first generation itself, or a link to a later one in `warehouse.files`. Another
generation takes over by one rename of that link, so whatever dies leaves the old one or the new one. A
generation's log and spill folder carry its own name: an old one that is still read cannot touch them.
Must not open a file.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from amalimart.lake.durable import make_folder, sync_folder


class Generations:
    """The generations of the hot file that is known as `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.with_name(f"{path.stem}.files")

    @property
    def current(self) -> Path:
        """The file that is served; it need not exist yet."""
        if not self.path.is_symlink():
            return self.path
        return self.folder / self.path.readlink().name

    def fresh(self) -> Path:
        """A name that no generation has, in a folder that exists."""
        make_folder(self.folder)
        names = [self.current.name, *(path.name for path in self.folder.iterdir())]
        numbers = [int(stem) for name in names if (stem := name.partition(".")[0]).isdecimal()]
        return self.folder / f"{max(numbers, default=0) + 1}.duckdb"

    def spill_of(self, file: Path) -> Path:
        """Where a generation spills what does not fit into memory."""
        return file.with_suffix(".spill") if file.parent == self.folder else file.with_name("spill")

    def take_over(self, file: Path) -> None:
        """Let a whole and synced file be the one that is served, durable at once. Raises OSError."""
        sync_folder(self.folder)
        link = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        link.unlink(missing_ok=True)
        link.symlink_to(file.relative_to(self.path.parent))
        link.replace(self.path)
        sync_folder(self.path.parent)

    def set_aside(self) -> Path:
        """Keep the served file under another name, and return the name of a fresh one in its place."""
        current = self.current
        aside = self._aside
        self.forget_aside()
        for written in (current, *current.parent.glob(f"{current.name}.wal*")):
            written.replace(aside.with_name(aside.name + written.name.removeprefix(current.name)))
        if self.path.is_symlink():
            self.path.unlink()
        return self.path

    def remove(self, file: Path) -> None:
        """Delete a generation that is not served, with what belongs to it."""
        if file == self.current:
            return
        if file != self.path:  # else the name is the link's by now
            file.unlink(missing_ok=True)
        for left in file.parent.glob(f"{file.name}.wal*"):
            left.unlink(missing_ok=True)
        if file.parent == self.folder:
            shutil.rmtree(self.spill_of(file), ignore_errors=True)

    def others(self) -> list[Path]:
        """What is on the disk and does not belong to the generation that is served."""
        stem = self.current.stem if self.current.parent == self.folder else None
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        first = self.path.parent.glob(f"{self.path.name}.wal*") if self.path.is_symlink() else ()
        return [*first, *(path for path in found if path.name.partition(".")[0] != stem)]

    def forget_aside(self) -> None:
        """Delete what was set aside."""
        for left in self.path.parent.glob(f"{self._aside.name}*"):
            left.unlink(missing_ok=True)

    @property
    def _aside(self) -> Path:
        return self.path.with_name(f"{self.path.stem}.unreadable.duckdb")

    def clear(self) -> None:
        """Delete every generation but the one that is served. Only for the one process that has it open."""
        if self.path.is_symlink():
            self.remove(self.path)
        for left in self.path.parent.glob(f".{self.path.name}.*.tmp"):
            left.unlink(missing_ok=True)
        for path in self.others():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
