"""Progress of long work on standard error: a steady line a step, never silence, never a flood.

On a terminal the running line is rewritten in place; elsewhere it is printed every few seconds. A line
that cannot be written (the disk of standard error is full, its reader has gone) is lost; the work goes on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_EVERY_SECONDS = {True: 0.1, False: 3.0}


def announce(line: str, stream: TextIO | None = None) -> None:
    """Write one line to standard error, or to the stream given; a line that cannot be written is lost."""
    _write(stream or sys.stderr, line + "\n")


def _write(stream: TextIO, text: str) -> None:
    with suppress(OSError):
        stream.write(text)
        stream.flush()


class Step:
    """One running step. Call it with what is done so far; `total` 0 means unknown."""

    def __init__(self, title: str, stream: TextIO) -> None:
        self._title = title
        self._stream = stream
        self._live = stream.isatty()
        self._started = time.monotonic()
        self._shown = 0.0
        self._done = 0
        self.summary = ""

    def __call__(self, done: int, total: int, what: str) -> None:
        self._done = max(self._done, done)
        now = time.monotonic()
        if now - self._shown < _EVERY_SECONDS[self._live]:
            return
        self._shown = now
        rate = done / max(now - self._started, 0.001)
        of = f" of {total:,}" if total else ""
        left = f" · {max(total - done, 0) / rate:.0f} s left" if total and done and total > done else ""
        self._write(f"  … {self._title}: {done:,}{of} · {what}{left}", final=False)

    def finish(self) -> None:
        """Print the closing line with the time it took."""
        detail = f" · {self.summary}" if self.summary else ""
        self._write(f"  ✓ {self._title}{detail} · {time.monotonic() - self._started:.1f} s", final=True)

    def warn(self, text: str) -> None:
        """A line that stays, above the running one."""
        self._write(f"  ! {text}", final=True)

    def _write(self, line: str, *, final: bool) -> None:
        if self._live:
            _write(self._stream, f"\r\x1b[2K{line[:160]}" + ("\n" if final else ""))
        else:
            announce(line, self._stream)


@contextmanager
def step(title: str, stream: TextIO | None = None) -> Iterator[Step]:
    """Show one step from start to end; on an error the line says that it failed."""
    target = stream or sys.stderr
    shown = Step(title, target)
    try:
        yield shown
    except BaseException:
        announce(f"\n  ✗ {title}" if target.isatty() else f"  ✗ {title}", target)
        raise
    shown.finish()
