"""Threads that give way: what can wait a second leaves the processors to what somebody waits for."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

NICENESS = 5
"""A thread that gives way gets a third of what one that does not gets, where both want the same processor.

More would be felt by those who are to be served first: what gives way holds the interpreter now and then.
"""


def give_way(niceness: int = NICENESS) -> None:
    """Let the calling thread, and those that it starts, give way to the others of the process.

    It cannot be taken back. Where a system knows no niceness of threads (only Linux does) nothing happens.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):  # a system may forbid even this; then all go on as equals
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
