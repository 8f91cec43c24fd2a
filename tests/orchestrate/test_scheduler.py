"""What a scheduler does at its moments: by hand, without threads and without sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.control.store import ControlStore, open_control_store
from amalimart.core.errors import EngineUnavailable, NotFound, RequestError
from amalimart.core.jobs import CatchUp, RunState
from amalimart.orchestrate.scheduling import due as due_rules
from amalimart.orchestrate.scheduling.desk import ScheduleDesk
from amalimart.orchestrate.scheduling.leadership import LASTS, Leadership
from amalimart.orchestrate.scheduling.scheduler import Scheduler
from amalimart.orchestrate.scheduling.timetable import timetable
from amalimart.orchestrate.scheduling.working import in_a_thread
from tests.orchestrate.cron_oracle import utc
from tests.orchestrate.scheduled_by_hand import ACCRA, Deed, HandTime, process, schedule, trouble

HOURLY = "0 * * * *"
AMA = Decider("Ama", "ama@b.test")


@pytest.fixture
def time() -> HandTime:
    return HandTime(utc(2026, 3, 2, 9, 30))


@pytest.fixture
def control(tmp_path: Path, time: HandTime) -> Iterator[ControlStore]:
    opened = open_control_store(tmp_path / "control.db", time)
    yield opened
    opened.close()


def hour(number: int, day: int = 2) -> object:
    return utc(2026, 3, day, number)


def test_a_job_runs_once_at_each_of_its_moments_and_never_before(
    time: HandTime, control: ControlStore
) -> None:
    deed = Deed("counting")
    one = process(time, control, (deed, schedule("counting", HOURLY)))
    for _ in range(70):
        one.turn()
        time.forward(timedelta(minutes=4, seconds=13))
    assert deed.run_for == [hour(number) for number in range(10, 15)]
    runs = control.job_runs.history("counting", 100)
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    assert runs[0].outcome == {"attempt": 1}
    assert all(run.started_at - run.scheduled_for < timedelta(minutes=5) for run in runs)


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        (CatchUp.LATEST, [13, 14]),
        (CatchUp.ALL, [10, 11, 12, 13, 14]),
        (CatchUp.NONE, [14]),
    ],
)
def test_what_was_missed_while_nothing_ran(
    time: HandTime, control: ControlStore, catch_up: CatchUp, expected: list[int]
) -> None:
    deed = Deed("counting")
    pair = (deed, schedule("counting", HOURLY, catch_up))
    process(time, control, pair).turn()
    time.forward(timedelta(hours=4))
    again = process(time, control, pair)
    for _ in range(15):
        again.turn()
        time.forward(timedelta(minutes=4))
    assert deed.run_for == [hour(number) for number in expected]


def test_a_year_of_missed_minutes_is_caught_up_within_a_bound(
    time: HandTime, control: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_rules, "MOST_CAUGHT_UP", 10)
    deed = Deed("counting")
    pair = (deed, schedule("counting", "* * * * *", CatchUp.ALL))
    process(time, control, pair).turn()
    time.forward(timedelta(days=365))
    again = process(time, control, pair)
    for _ in range(15):
        again.turn()
    assert deed.run_for == [time.wall - timedelta(minutes=back) for back in reversed(range(10))]


def test_a_job_seen_for_the_first_time_has_missed_nothing(time: HandTime, control: ControlStore) -> None:
    deed = Deed("yearly")
    one = process(time, control, (deed, schedule("yearly", "0 6 1 1 *", CatchUp.ALL)))
    one.turn()
    assert deed.run_for == []
    (told,) = one.desk.status()
    assert (told.next_run, told.last_run, told.off, told.does) == (
        utc(2027, 1, 1, 6), None, None, "Does yearly."
    )  # fmt: skip


def test_a_failure_is_tried_again_after_pauses_that_double_and_then_given_up(
    time: HandTime, control: ControlStore
) -> None:
    deed = Deed("failing", trouble=trouble())
    rule = schedule("failing", "0 10 * * *", retries=3, retry_after_seconds=60)
    one = process(time, control, (deed, rule))
    one.turn()
    time.forward(timedelta(minutes=29))
    for _ in range(30):
        one.turn()
        time.forward(timedelta(seconds=20))
    runs = control.job_runs.history("failing", 9)[::-1]
    begun = [run.started_at - hour(10) for run in runs]  # type: ignore[operator]
    assert [round(each.total_seconds()) for each in begun] == [0, 60, 180, 420]
    assert [(run.attempt, run.state) for run in runs] == [(n, RunState.FAILED) for n in (1, 2, 3, 4)]
    assert runs[0].error == trouble().as_dict()
    assert one.desk.status()[0].is_given_up
    deed.trouble = None
    time.forward(timedelta(days=1))
    one.turn()
    one.turn()
    assert control.job_runs.history("failing", 1)[0].scheduled_for == hour(10, day=3)
    assert not one.desk.status()[0].is_given_up


def test_a_newer_moment_comes_before_another_try_of_an_older_one(
    time: HandTime, control: ControlStore
) -> None:
    deed = Deed("failing", trouble=trouble())
    rule = schedule("failing", HOURLY, retries=5, retry_after_seconds=3000)
    one = process(time, control, (deed, rule))
    for _ in range(20):
        one.turn()
        time.forward(timedelta(minutes=5))
    assert deed.run_for == [hour(10), hour(10), hour(11)]


def test_a_defect_of_a_job_is_a_failed_run_and_the_others_go_on(
    time: HandTime, control: ControlStore
) -> None:
    broken, fine = Deed("broken", trouble=KeyError("x")), Deed("fine")
    one = process(
        time, control, (broken, schedule("broken", "0 10 * * *")), (fine, schedule("fine", "0 10 * * *"))
    )
    one.turn()
    time.forward(timedelta(minutes=31))
    one.turn()
    one.turn()
    assert (broken.run_for, fine.run_for) == ([hour(10)], [hour(10)])
    error = control.job_runs.history("broken", 1)[0].error
    assert error is not None
    assert (error["code"], error["what"]) == ("internal", "the job broken failed: KeyError")


def test_a_run_that_takes_too_long_is_told_to_stop(time: HandTime, control: ControlStore) -> None:
    deed = Deed("slow")
    one = process(time, control, (deed, schedule("slow", "0 10 * * *", timeout_minutes=5)))
    one.turn()
    time.forward(timedelta(minutes=30))
    one.scheduler.turn()
    time.passed += 5 * 60
    time.wall -= timedelta(hours=3)  # what the clock says does not matter
    one.works.finish()
    one.scheduler.turn()
    run = control.job_runs.history("slow", 1)[0]
    assert run.error is not None
    assert (run.state, run.error["code"]) == (RunState.FAILED, "job_timed_out")


def test_of_two_processes_one_runs_and_the_other_takes_over_what_it_left(
    time: HandTime, control: ControlStore
) -> None:
    deed = Deed("counting")
    pair = (deed, schedule("counting", HOURLY))
    one, other = process(time, control, pair), process(time, control, pair)
    one.turn()
    other.turn()
    time.forward(timedelta(minutes=30))
    one.scheduler.turn()
    other.turn()
    assert deed.run_for == []  # one has begun, and other waits
    time.forward(LASTS)
    other.turn()
    assert deed.run_for == [hour(10)]
    one.works.finish()  # it was only slow, and finds out before it writes
    one.scheduler.turn()
    assert one.leadership.held is None
    done, left = control.job_runs.history(None, 9)
    assert (left.state, left.attempt) == (RunState.ABANDONED, 1)
    assert (done.state, done.attempt, done.outcome) == (RunState.SUCCEEDED, 2, {"attempt": 2})


def test_a_run_that_takes_every_process_with_it_is_given_up(time: HandTime, control: ControlStore) -> None:
    pair = (Deed("deadly"), schedule("deadly", "0 10 * * *"))
    process(time, control, pair).turn()
    time.forward(timedelta(minutes=31))
    for _ in range(20):
        process(time, control, pair).scheduler.turn()  # and dies
        time.forward(LASTS)
    runs = control.job_runs.history("deadly", 99)
    assert {run.state for run in runs} == {RunState.ABANDONED}
    assert len(runs) == due_rules.MOST_ABANDONED + 1


def test_a_clock_that_was_far_ahead_for_a_while_keeps_nothing_from_running(
    time: HandTime, control: ControlStore
) -> None:
    deed = Deed("counting")
    one = process(time, control, (deed, schedule("counting", HOURLY)))
    one.turn()
    time.wall += timedelta(days=365)
    one.turn()
    time.wall -= timedelta(days=365)
    for _ in range(24):
        one.turn()
        time.forward(timedelta(minutes=5))
    assert deed.run_for == [utc(2027, 3, 2, 9), hour(10), hour(11)]


def test_a_clock_set_back_runs_no_moment_twice(time: HandTime, control: ControlStore) -> None:
    deed = Deed("counting")
    one = process(time, control, (deed, schedule("counting", HOURLY)))
    one.turn()
    for _ in range(2):
        time.forward(timedelta(hours=1))
        one.turn()
    time.wall -= timedelta(hours=2)
    for _ in range(16):
        one.turn()
        time.forward(timedelta(minutes=10))
    assert deed.run_for == [hour(10), hour(11), hour(12)]


def test_a_run_can_be_asked_for_and_it_is_remembered_who_did(time: HandTime, control: ControlStore) -> None:
    deed = Deed("nightly")
    one = process(time, control, (deed, schedule("nightly", "0 3 * * *", enabled=False)))
    with pytest.raises(EngineUnavailable):
        one.desk.ask("nightly", AMA)
    one.turn()
    asked = one.desk.ask("nightly", AMA)
    one.turn()
    (run,) = control.job_runs.history("nightly", 9)
    assert (run.scheduled_for, run.asked_by, run.state) == (asked.scheduled_for, "Ama", RunState.SUCCEEDED)
    (entry,) = entries(control.engine)
    assert (entry.action, entry.subject, entry.details) == (
        "schedule.run", "ama@b.test", {"job": "nightly", "by": "Ama"}
    )  # fmt: skip
    (told,) = one.desk.status()
    assert (told.off, told.next_run, told.last_run) == ("it is disabled", None, run)
    with pytest.raises(NotFound) as unknown:
        one.desk.ask("nightli", AMA)
    assert unknown.value.nearest == "nightly"
    with pytest.raises(NotFound):
        one.desk.history("x", 1)


def test_a_job_that_is_woken_twice_runs_once_and_may_be_woken_again(
    time: HandTime, control: ControlStore
) -> None:
    deed, other = Deed("answering"), Deed("nightly")
    pairs = [(each, schedule(each.name, "0 3 * * *", enabled=False)) for each in (deed, other)]
    one = process(time, control, *pairs)
    one.turn()
    for _ in range(2):
        one.scheduler.wake("answering", "an asked question")
        one.scheduler.wake("nightly", "somebody")
    assert one.scheduler.waiting == 2
    first = time.now()
    for _ in range(4):
        one.turn()
    assert (deed.run_for, other.run_for) == ([first], [first])
    time.forward(timedelta(seconds=1))
    one.scheduler.wake("answering", "an asked question")
    one.turn()
    assert deed.run_for == [first, time.now()]
    assert {run.asked_by for run in control.job_runs.history("answering", 9)} == {"an asked question"}


def test_a_job_that_cannot_run_as_the_project_is_set_up_says_why(
    time: HandTime, control: ControlStore
) -> None:
    deed = Deed("backup", off="no folder is set")
    one = process(time, control, (deed, schedule("backup", "0 10 * * *")))
    one.turn()
    time.forward(timedelta(hours=1))
    one.turn()
    assert deed.run_for == []
    assert one.desk.status()[0].off == "no folder is set"
    with pytest.raises(RequestError, match="no folder is set"):
        one.desk.ask("backup", AMA)


def test_what_a_job_missed_while_it_was_off_is_not_caught_up(time: HandTime, control: ControlStore) -> None:
    deed = Deed("counting")
    for enabled in (True, False, True):
        one = process(time, control, (deed, schedule("counting", HOURLY, CatchUp.ALL, enabled=enabled)))
        one.turn()
        one.scheduler.stop()
        time.forward(timedelta(hours=3))
    assert deed.run_for == []


def test_the_thread_looks_by_itself_and_stopping_ends_a_run_and_gives_the_lease_back(
    time: HandTime, control: ControlStore
) -> None:
    deed = Deed("nightly")
    begun = threading.Event()

    def start(work: Callable[[], None]) -> None:
        in_a_thread(work)
        begun.set()

    table = timetable([deed], {"nightly": schedule("nightly", "0 3 * * *")}, ACCRA)
    leadership = Leadership(control.leases, time, time.elapsed)
    scheduler = Scheduler(table, control.job_runs, leadership, time, time.elapsed, start)
    scheduler.turn()
    ScheduleDesk(table, scheduler, control.job_runs, time).ask("nightly", AMA)
    scheduler.start()
    assert begun.wait(20)
    scheduler.stop()
    (run,) = control.job_runs.history(None, 9)
    assert run.state is RunState.SUCCEEDED
    assert control.leases.take("schedules", "next", time.now(), LASTS) is not None


@dataclass
class Occasion(Deed):
    """A job that has something to do only while a test says so."""

    has_work: bool = False


def test_a_job_without_work_has_no_run_and_no_moment_is_caught_up_later(
    time: HandTime, control: ControlStore
) -> None:
    occasion = Occasion("now_and_then")
    one = process(time, control, (occasion, schedule("now_and_then", "* * * * *")))
    for _ in range(30):
        one.turn()
        time.forward(timedelta(seconds=30))
    assert control.job_runs.history(None, 100) == ()
    assert control.job_runs.settled()["now_and_then"] == utc(2026, 3, 2, 9, 44)
    occasion.has_work = True
    time.forward(timedelta(seconds=30))
    one.turn()
    assert occasion.run_for == [utc(2026, 3, 2, 9, 45)]


def test_after_a_failed_run_the_next_moment_shows_that_all_is_well(
    time: HandTime, control: ControlStore
) -> None:
    occasion = Occasion("now_and_then", has_work=True, trouble=trouble())
    one = process(time, control, (occasion, schedule("now_and_then", "* * * * *")))
    one.turn()
    time.forward(timedelta(minutes=1))
    one.turn()
    assert [each.job for each in one.desk.failing()] == ["now_and_then"]
    occasion.has_work, occasion.trouble = False, None
    time.forward(timedelta(minutes=1))
    one.turn()
    assert one.desk.failing() == ()
    time.forward(timedelta(minutes=1))
    one.turn()
    assert len(occasion.run_for) == 2
