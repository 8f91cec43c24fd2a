"""What schedules of questions ask of who runs them: their next moments, and the files that are kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import IO, Protocol

from amalimart.control.question_schedules import QuestionSchedule


class QuestionFilesPort(Protocol):
    """The kept files of scheduled questions. Who may have which is for the caller to say."""

    def next_moment(self, schedule: QuestionSchedule) -> datetime | None:
        """When the question is due next."""
        ...

    def look_soon(self) -> None:
        """Have what was asked for answered as soon as no other job runs, or at the next minute."""
        ...

    def there(self, names: Collection[str]) -> frozenset[str]:
        """Those of the files that are kept."""
        ...

    def open(self, name: str) -> IO[bytes] | None:
        """One of them; None where it is not there."""
        ...

    def remove(self, names: Collection[str]) -> None:
        """Delete some."""
        ...
