"""A shop whose kept questions are answered by themselves: time is moved, and the job is run, by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amalimart.api.exploring.question_file import QuestionFileWriter
from amalimart.api.services import AppServices
from amalimart.control.question_schedules import QuestionSchedules
from amalimart.delivery.question_files import Deliver
from amalimart.orchestrate.jobs.question_files import QuestionFilesJob
from amalimart.orchestrate.questions.desk import QuestionFilesDesk
from amalimart.orchestrate.questions.due_questions import DueQuestions
from amalimart.orchestrate.questions.files import QuestionFiles
from amalimart.orchestrate.questions.kept_for_download import KeptForDownload
from amalimart.orchestrate.scheduling.job import JobContext
from tests.api.shop_site import NOW, Shop, opened_shop
from tests.orchestrate.landed_shop import SettableClock


@dataclass
class ScheduledShop:
    """The shop, its clock, and the files of its questions."""

    shop: Shop
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    is_erasing: bool = False
    deliveries: list[Deliver] = field(default_factory=list)

    def __post_init__(self) -> None:
        control = self.shop.services.control
        settings = self.shop.services.settings
        self.files = QuestionFiles(self.shop.folder / "question_files", lambda: self.is_erasing)
        schedules = QuestionSchedules(control.engine, self.clock)
        self.shop.services = replace(
            self.shop.services,
            clock=self.clock,
            control=replace(control, question_schedules=schedules),
            question_files=QuestionFilesDesk(self.files, settings.zone),
        )
        self.deliveries = [KeptForDownload(control.question_runs, self.files)]

    @property
    def services(self) -> AppServices:
        """Those of the shop."""
        return self.shop.services

    def job(self, answers: Any = None) -> QuestionFilesJob:
        """The job as an engine that has just started makes it."""
        control, zone = self.services.control, self.services.settings.zone
        return QuestionFilesJob(
            control.question_schedules,
            control.question_runs,
            self.files,
            DueQuestions(control.question_schedules, zone),
            answers or QuestionFileWriter(self.services),
            self.clock,
            lambda: True,
            self.deliveries,
        )

    def run_at(self, instant: datetime, answers: Any = None) -> Mapping[str, Any]:
        """What a run of the job at a moment says."""
        self.clock.instant = instant
        return self.job(answers).run(JobContext(instant, 1, 60.0, lambda: 0.0))

    def kept(self) -> Sequence[str]:
        """Names of the files in the folder."""
        folder = self.files.folder
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def march(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment of March 2024, in which the shop lives; its business time is UTC."""
    return datetime(2024, 3, day, hour, minute, tzinfo=UTC)


@contextmanager
def scheduled_shop(folder: Path) -> Iterator[ScheduledShop]:
    """A shop with nothing kept yet."""
    with opened_shop(folder) as shop:
        shop.services.rate._per_second = shop.services.rate._burst = 10**9
        yield ScheduledShop(shop)
