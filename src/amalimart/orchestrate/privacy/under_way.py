"""That a person is being erased, kept on the disk until nothing is left to do: a kill leaves it there.

While it is there, nothing is published, and whoever starts the engine takes the erasure up.
"""

from __future__ import annotations

import os
from pathlib import Path

from amalimart.lake.durable import guarded, make_folder, sync_folder


class ErasureUnderWay:
    """The file of one project; it holds nothing."""

    def __init__(self, home: Path) -> None:
        self._path = home / "data" / "erasure-under-way"

    @property
    def is_there(self) -> bool:
        """Whether an erasure was begun and is not done."""
        return self._path.exists()

    def begin(self) -> None:
        """Say so, durable when this returns. Raises DiskFull, LakeError."""
        with guarded("beginning an erasure", self._path, lambda: "nothing was erased"):
            make_folder(self._path.parent)
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
            sync_folder(self._path.parent)

    def end(self) -> None:
        """Say that it is done."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._path.parent)
