"""The file that lineage events are written to: one JSON event a line, in a few files of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_FILES = 5
_NAME = "events"


class EventFile:
    """The events of one project, in a folder of their own. One process writes at a time.

    `keep_bytes` is about what all files together may take; one write is never split over two.
    """

    def __init__(self, folder: Path, keep_bytes: int) -> None:
        self._folder = folder
        self._each = max(1, keep_bytes // _FILES)

    @property
    def path(self) -> Path:
        """The file that is written to."""
        return self._folder / f"{_NAME}.jsonl"

    def append(self, lines: Sequence[str]) -> None:
        """Write lines with one call, so that a process which dies leaves all of them or none."""
        if not lines:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        data = "".join(f"{line}\n" for line in lines).encode()
        if self.path.exists() and self.path.stat().st_size + len(data) > self._each:
            self._rotate()
        torn = self._ends_torn()
        with self.path.open("ab", buffering=0) as stream:
            stream.write(b"\n" + data if torn else data)

    def lines_about(self, text: str) -> Iterator[str]:
        """Lines that hold a text, the oldest first."""
        for path in (*self._older(), self.path):
            if path.exists():
                with path.open(encoding="utf-8", errors="replace") as stream:
                    yield from (line.rstrip("\n") for line in stream if text in line)

    def _ends_torn(self) -> bool:
        """Whether the last line lacks its end, as a machine that lost its power leaves it."""
        if not self.path.exists() or not self.path.stat().st_size:
            return False
        with self.path.open("rb") as stream:
            stream.seek(-1, 2)
            return stream.read(1) != b"\n"

    def _older(self) -> Iterable[Path]:
        return (self._folder / f"{_NAME}.{number}.jsonl" for number in range(_FILES - 1, 0, -1))

    def _rotate(self) -> None:
        place = self._folder / f"{_NAME}.{_FILES - 1}.jsonl"
        for path in (*list(self._older())[1:], self.path):
            if path.exists():
                path.replace(place)
            place = path
