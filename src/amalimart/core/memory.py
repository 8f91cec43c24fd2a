"""How much memory there is, of this machine or of the container that the process lives in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MACHINE = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")
"""As cgroup v2 tells a container of itself."""


def memory_bytes() -> int:
    """All that there is."""
    there_is = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no container, or one without a limit, whose word is max
        there_is = min(there_is, _told("memory.max"))
    return there_is


def free_memory_bytes() -> int | None:
    """What programs can still have, by the kernel's own estimate; None where a system tells none."""
    try:
        free = _of(MACHINE, "MemAvailable:") * 1024
    except (OSError, ValueError):
        return None
    with suppress(OSError, ValueError):
        # Files that were read and not again since go first when memory is asked for.
        used = _told("memory.current") - _of(CONTAINER / "memory.stat", "inactive_file")
        free = min(free, max(_told("memory.max") - used, 0))
    return free


def _told(name: str) -> int:
    return int((CONTAINER / name).read_text(encoding="ascii"))


def _of(file: Path, name: str) -> int:
    """The number after a name. Raises ValueError where it is not there."""
    for line in file.read_text(encoding="ascii").splitlines():
        key, _, number = line.partition(" ")
        if key == name:
            return int(number.split()[0])
    raise ValueError(name)
