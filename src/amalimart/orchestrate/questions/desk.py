"""The desk for scheduled questions: their next moments, and the files that wait for those who read them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from amalimart.control.question_schedules import QuestionSchedule
from amalimart.orchestrate.questions.files import QuestionFiles
from amalimart.orchestrate.scheduling.moments import next_moment


class QuestionFilesDesk:
    """For the doors to ask. Who may have a file is theirs to say."""

    def __init__(self, files: QuestionFiles, zone: ZoneInfo, wake: Callable[[], None] = lambda: None) -> None:
        self._files = files
        self._zone = zone
        self._wake = wake

    def look_soon(self) -> None:
        """Have what was asked for answered as soon as no other job runs."""
        self._wake()

    def next_moment(self, schedule: QuestionSchedule) -> datetime | None:
        """When the question is due next, as far as its past is settled."""
        return next_moment(schedule.wish.recurrence.cron, self._zone, schedule.settled_until)

    def there(self, names: Collection[str]) -> frozenset[str]:
        """Those of the files that are kept."""
        return frozenset(name for name in names if (self._files.folder / name).is_file())

    def open(self, name: str) -> IO[bytes] | None:
        """One of them; None where it is not there."""
        return self._files.open(name)

    def remove(self, names: Collection[str]) -> None:
        """Delete some."""
        self._files.remove(names)
