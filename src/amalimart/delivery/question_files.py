"""The port of those who bring the file of a scheduled question to its recipient."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Protocol

from amalimart.core.question_files import FinishedFile


class Deliver(Protocol):
    """Is told of every file once it is whole and recorded: at least once, and again after a kill.

    The file is for `finished.recipient` alone: it is what that person may see, and nobody else.
    """

    def deliver(self, finished: FinishedFile, content: Callable[[], IO[bytes]]) -> None:
        """Bring it, or hand it to whoever does; `content` opens the file.

        The same `run_id` twice is the same delivery. Raises AmalimartError where it is to be told again.
        """
        ...
