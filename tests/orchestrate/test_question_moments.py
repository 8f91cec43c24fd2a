"""Scheduled questions over changes of the clock, restarts and kills: each moment once, missed ones late."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amalimart.access.principal import Principal, Role
from amalimart.control.question_runs import RUNS_KEPT
from amalimart.control.question_schedules import Wish
from amalimart.control.saved_questions import Draft, Sharing
from amalimart.control.store import ControlStore, open_control_store
from amalimart.core.errors import RequestError
from amalimart.core.question_files import FileForm, RunOutcome, WrittenAnswer
from amalimart.core.recurrence import Recurrence, Weekday, recurrence
from amalimart.orchestrate.jobs.question_files import MOST_TRIES, QuestionFilesJob
from amalimart.orchestrate.questions.due_questions import DueQuestions
from amalimart.orchestrate.questions.files import QuestionFiles
from amalimart.orchestrate.questions.kept_for_download import FILES_KEPT, KeptForDownload
from amalimart.orchestrate.scheduling.job import JobContext
from tests.orchestrate.cron_oracle import MINUTE, Part, WallTimes, utc
from tests.orchestrate.landed_shop import SettableClock

AMA = Principal("ama@b.test", Role.ADMIN)
BERLIN, HAVANA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Havana")
CHANGES = (
    (BERLIN, utc(2026, 3, 29, 1)),
    (BERLIN, utc(2026, 10, 25, 1)),
    (HAVANA, utc(2026, 3, 8, 5)),
    (HAVANA, utc(2026, 11, 1, 5)),
)


class Killed(BaseException):
    """The process is gone: nothing after it happens."""


@cache
def empty_control() -> Path:
    """A control database with Ama and one kept question, closed; each example begins with a copy."""
    folder = Path(tempfile.mkdtemp(prefix="question-moments-"))
    clock = SettableClock(utc(2026, 1, 1))
    with closing(open_control_store(folder / "control.db", clock)) as control:
        control.users.add(AMA.subject, display_name="Ama", role=AMA.role, password="long-enough-password")
        control.saved_questions.add(Draft("Sales", Sharing.PRIVATE, {"metrics": ["gmv"]}), AMA)
    return folder / "control.db"


@dataclass
class Desk:
    """One control database, its files, and a process that may be killed and started again."""

    control: ControlStore
    files: QuestionFiles
    clock: SettableClock
    zone: ZoneInfo
    dies: set[str] = field(default_factory=set)
    asked: list[datetime] = field(default_factory=list)

    @property
    def question_id(self) -> str:
        return self.control.saved_questions.own_and_shared(AMA)[0].question_id

    def schedule(self, when: Recurrence) -> None:
        wish = Wish(when, FileForm.CSV, "en")
        self.control.question_schedules.put(self.question_id, wish, AMA)

    def start(self) -> QuestionFilesJob:
        control = self.control
        schedules = control.question_schedules
        return QuestionFilesJob(
            schedules,
            control.question_runs,
            self.files,
            DueQuestions(schedules, self.zone),
            self,
            self.clock,
            lambda: True,
            [KeptForDownload(control.question_runs, self.files)],
        )

    def write(self, *given: Any) -> WrittenAnswer:
        target: IO[bytes] = given[-1]
        self.asked.append(self.clock.now())
        target.write(f"answered at {self.clock.now()}".encode())
        if "while writing" in self.dies:
            raise Killed
        return WrittenAnswer(1, 1, {"metrics": ["gmv"]}, "mark")

    def run(self, job: QuestionFilesJob) -> None:
        job.run(JobContext(self.clock.now(), 1, 60.0, lambda: 0.0))

    def runs(self) -> list[tuple[datetime, RunOutcome]]:
        schedule = self.control.question_schedules.find(self.question_id, AMA)
        assert schedule is not None
        return [
            (each.due_at, each.outcome)
            for each in reversed(self.control.question_runs.of(schedule.schedule_id))
        ]


@contextmanager
def desk(zone: ZoneInfo, now: datetime) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "control.db"
        shutil.copy(empty_control(), path)
        clock = SettableClock(now)
        with closing(open_control_store(path, clock)) as control:
            yield Desk(control, QuestionFiles(Path(folder) / "kept", lambda: False), clock, zone)


@settings(max_examples=15, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    minute=st.integers(0, 59),
    hour=st.integers(0, 4),
    weekdays=st.sets(st.sampled_from(list(Weekday))),
    looks=st.lists(st.tuples(st.integers(1, 2_000), st.booleans()), min_size=1, max_size=8),
)
@example(change=CHANGES[0], minute=30, hour=2, weekdays=set(), looks=[(1_400, True), (200, False)])
@example(change=CHANGES[1], minute=30, hour=2, weekdays=set(), looks=[(1_470, True), (60, True), (60, False)])
def test_of_the_moments_between_two_looks_the_newest_is_run_once(
    change: tuple[ZoneInfo, datetime],
    minute: int,
    hour: int,
    weekdays: set[Weekday],
    looks: list[tuple[int, bool]],
) -> None:
    """The oracle looks at every minute of the wall; `looks` say how long nothing ran, and of restarts."""
    zone, instant = change
    begun = instant - timedelta(days=1)
    said = [each.value for each in weekdays]
    when = recurrence("week" if said else "day", f"{hour:02}:{minute:02}", said)
    times = WallTimes(Part(str(minute), frozenset({minute})), Part(str(hour), frozenset({hour})))
    with desk(zone, begun) as opened:
        opened.schedule(when)
        job, seen, expected = opened.start(), begun, []
        for minutes, restarts in looks:
            opened.clock.instant += minutes * MINUTE
            due = [
                moment
                for moment in times.moments(zone, seen, opened.clock.instant)
                if not said or list(Weekday)[moment.astimezone(zone).weekday()].value in said
            ]
            seen = opened.clock.instant
            expected += [(due[-1], RunOutcome.DELIVERED)] if due else []
            job = opened.start() if restarts else job
            assert job.has_work == bool(due)
            opened.run(job)
            opened.run(job)  # a second look in the same minute
            assert not job.has_work
        assert opened.runs() == expected
        assert len(opened.asked) == len(expected) == len(list(opened.files.folder.glob("*")))


@pytest.mark.parametrize(
    "dies", ["while writing", "before the record", "after the record", "before the telling"]
)
def test_a_kill_at_any_point_leaves_one_run_and_one_file(dies: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> bool:
        raise Killed

    def killed_after(*given: Any) -> bool:
        recorded(*given)
        raise Killed

    with desk(BERLIN, utc(2026, 3, 10, 12)) as opened:
        opened.schedule(recurrence("day", "13:30"))
        opened.clock.instant = utc(2026, 3, 10, 13)
        runs = type(opened.control.question_runs)
        recorded = runs.deliver
        patch = {
            "while writing": None,
            "before the record": ("deliver", killed),
            "after the record": ("deliver", killed_after),
            "before the telling": ("told", killed),
        }[dies]
        if patch is None:
            opened.dies.add(dies)
        else:
            monkeypatch.setattr(runs, *patch)
        with pytest.raises(Killed):
            opened.run(opened.start())
        monkeypatch.undo()
        opened.dies.clear()
        again = opened.start()
        assert again.has_work
        opened.run(again)
        assert not again.has_work
        assert opened.runs() == [(utc(2026, 3, 10, 12, 30), RunOutcome.DELIVERED)]
        (kept,) = opened.files.folder.iterdir()
        assert kept.read_text() == f"answered at {opened.clock.now()}"
        assert len(opened.asked) == (1 if dies in {"after the record", "before the telling"} else 2)


def test_a_moment_that_takes_the_whole_engine_with_it_is_given_up() -> None:
    with desk(BERLIN, utc(2026, 3, 10, 12)) as opened:
        opened.schedule(recurrence("day", "13:30"))
        opened.clock.instant = utc(2026, 3, 10, 13)
        opened.dies.add("while writing")
        for _ in range(MOST_TRIES):
            with pytest.raises(Killed):
                opened.run(opened.start())
        opened.run(opened.start())
        assert len(opened.asked) == MOST_TRIES
        assert opened.runs() == [(utc(2026, 3, 10, 12, 30), RunOutcome.FAILED)]
        assert list(opened.files.folder.iterdir()) == []


def test_a_moment_that_was_cut_off_is_overtaken_by_the_next() -> None:
    with desk(BERLIN, utc(2026, 3, 10, 12)) as opened:
        opened.schedule(recurrence("day", "13:30"))
        opened.clock.instant = utc(2026, 3, 10, 13)
        opened.dies.add("while writing")
        with pytest.raises(Killed):
            opened.run(opened.start())
        opened.dies.clear()
        opened.clock.instant += timedelta(days=1)
        opened.run(opened.start())
        assert [outcome for _, outcome in opened.runs()] == [RunOutcome.FAILED, RunOutcome.DELIVERED]


def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    with desk(BERLIN, utc(2026, 3, 10, 12)) as opened:
        opened.schedule(recurrence("day", "13:30"))
        opened.clock.instant = utc(2026, 3, 10, 13)
        opened.run(opened.start())
        opened.clock.instant = utc(2026, 3, 10, 12, 15)
        opened.run(opened.start())
        for minute in (31, 32):
            opened.clock.instant = utc(2026, 3, 10, 12, minute)
            opened.run(opened.start())
        assert opened.runs() == [(utc(2026, 3, 10, 12, 30), RunOutcome.DELIVERED)]
        assert len(opened.asked) == 1


def test_the_newest_files_and_runs_are_kept() -> None:
    with desk(BERLIN, utc(2026, 3, 10, 12)) as opened:
        opened.schedule(recurrence("day", "13:30"))
        job = opened.start()
        for _ in range(RUNS_KEPT + 3):
            opened.clock.instant += timedelta(days=1)
            opened.run(job)
        assert len(opened.runs()) == RUNS_KEPT
        names = sorted(path.name for path in opened.files.folder.iterdir())
        assert len(names) == FILES_KEPT
        newest = opened.runs()[-1][0]
        assert names[-1].endswith(f"-{newest:%Y%m%dT%H%M%SZ}.csv")


def test_the_last_day_of_a_month_is_the_last_whatever_the_month() -> None:
    with desk(BERLIN, utc(2026, 1, 15)) as opened:
        opened.schedule(recurrence("month", "12:00", day="last"))
        job = opened.start()
        for _ in range(110):
            opened.clock.instant += timedelta(days=1)
            opened.run(job)
        found = [moment.astimezone(BERLIN).date().isoformat() for moment, _ in opened.runs()]
        assert found == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


@pytest.mark.parametrize("at", ["", "7:30", "07:60", "24:00", "0730", "07:30:00", "٠٧:٣٠"])
def test_what_is_no_time_of_day_is_refused(at: str) -> None:
    with pytest.raises(RequestError, match="no time of day"):
        recurrence("day", at)
