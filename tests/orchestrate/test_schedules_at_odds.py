"""Two schedulers on one database, crashes, stalls, and clocks that are set: no moment twice, none lost."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from amalimart.control.database import open_database
from amalimart.control.job_runs import JobRuns
from amalimart.control.leases import Leases
from amalimart.core.jobs import CatchUp, RunState
from amalimart.orchestrate.scheduling import due
from amalimart.orchestrate.scheduling.moments import moments
from tests.orchestrate.cron_oracle import utc
from tests.orchestrate.scheduled_by_hand import ACCRA, Deed, HandTime, Process, schedule, trouble

EACH, NEWEST = "0 */3 * * *", "20 * * * *"
WHICH = st.sampled_from([0, 1])


class TwoProcesses(RuleBasedStateMachine):
    """Both have two jobs: one whose every moment counts, and one of which the newest does."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.engine = open_database(Path(self.folder.name) / "control.db")
        self.time = HandTime(utc(2026, 3, 2, 9, 30))
        self.latest = self.time.wall
        self.runs = JobRuns(self.engine)
        self.processes = [self.started(), self.started()]
        self.first: dict[str, datetime] = {}
        self.tokens = [0]

    def started(self) -> Process:
        rules = {
            "each": schedule("each", EACH, CatchUp.ALL, retries=99),
            "newest": schedule("newest", NEWEST, CatchUp.LATEST, retries=99),
        }
        jobs = [Deed(name) for name in rules]
        return Process(self.time, jobs, rules, JobRuns(self.engine), Leases(self.engine))

    @rule(seconds=st.sampled_from([11, 31, 31, 3600, 10_800]))
    def passes(self, seconds: int) -> None:
        self.time.forward(timedelta(seconds=seconds))
        self.latest = max(self.latest, self.time.wall)

    @rule(minutes=st.sampled_from([-180, -45, -1, 1, 45, 180]))
    def set_the_clock(self, minutes: int) -> None:
        self.time.wall += timedelta(minutes=minutes)
        self.latest = max(self.latest, self.time.wall)

    @rule(which=WHICH)
    def looks(self, which: int) -> None:
        self.processes[which].scheduler.turn()
        for job, mark in self.runs.settled().items():
            self.first.setdefault(job, mark)

    @rule(which=WHICH, fails=st.booleans())
    def job_ends(self, which: int, fails: bool) -> None:
        for deed in self.processes[which].jobs:
            deed.trouble = trouble() if fails else None
        self.processes[which].works.finish()

    @rule(which=WHICH)
    def is_killed(self, which: int) -> None:
        self.processes[which] = self.started()

    @rule(which=WHICH)
    def is_stopped(self, which: int) -> None:
        self.processes[which].works.finish()
        self.processes[which].scheduler.stop()
        self.processes[which] = self.started()

    @invariant()
    def no_moment_succeeds_twice(self) -> None:
        history = self.runs.history(None, 10_000)
        succeeded = [(run.job, run.scheduled_for) for run in history if run.state is RunState.SUCCEEDED]
        assert len(succeeded) == len(set(succeeded))
        assert sum(run.state is RunState.RUNNING for run in history) <= 1

    @invariant()
    def tokens_grow(self) -> None:
        seen = Leases(self.engine).look("schedules")
        token = seen.token if seen else 0
        assert token >= self.tokens[-1]
        self.tokens.append(token)

    def teardown(self) -> None:
        """In the end, when all goes well again, nothing is missing."""
        self.time.wall = self.latest
        self.time.forward(timedelta(hours=8))
        last = self.started()
        for _ in range(50):
            last.turn()
            self.time.forward(timedelta(seconds=31))
        history = self.runs.history(None, 10_000)
        done = {(run.job, run.scheduled_for) for run in history if run.state is RunState.SUCCEEDED}
        for job, cron in (("each", EACH), ("newest", NEWEST)):
            after = self.first.get(job, self.time.wall)
            due_by_now = list(takewhile(lambda moment: moment <= self.time.wall, moments(cron, ACCRA, after)))
            missing = [moment for moment in due_by_now if (job, moment) not in done]
            if job == "each":
                assert missing == []
            assert not due_by_now or due_by_now[-1] not in missing
        assert not any(run.state is RunState.RUNNING for run in history)
        self.engine.dispose()
        self.folder.cleanup()


@pytest.fixture(autouse=True)
def never_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "MOST_ABANDONED", 10_000)


USUAL = settings(stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])


def test_two_processes_for_a_while() -> None:
    run_state_machine_as_test(TwoProcesses, settings=settings(USUAL, max_examples=5))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_for_long() -> None:
    run_state_machine_as_test(
        TwoProcesses, settings=settings(USUAL, max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "50")))
    )
