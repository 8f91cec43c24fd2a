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


def give_way() -> None:
    """Let the calling thread, and those that it starts, give way to the main thread and its equals.

    Asked again it changes nothing, and it cannot be taken back. Where a system knows no niceness of threads
    (only Linux does) nothing happens.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a system may forbid even this; then all go on as equals
            wanted = os.getpriority(os.PRIO_PROCESS, os.getpid()) + NICENESS  # of the main thread
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(wanted, os.getpriority(os.PRIO_PROCESS, thread)))
