"""A disk that is full when a test wants it to be: a tmpfs of a few megabytes, filled up by ballast."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_BLOCK = 64 * 1024


class SmallDisk:
    """A mounted folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, leave: int = 0) -> None:
        """Take all space but `leave` bytes."""
        with self._ballast.open("wb", buffering=0) as ballast:
            size = _BLOCK
            while size:
                try:
                    ballast.write(b"\0" * size)
                except OSError:
                    size //= 2
            if leave:
                ballast.truncate(max(0, ballast.tell() - leave))

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a disk of that size; skips where that is not allowed."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small disk: run this test as root, or in a container")
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
