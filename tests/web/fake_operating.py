"""A house in memory for tests of the status page: sources, releases and schedules to turn by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from amalimart.control.deciding import Decider
from amalimart.core.errors import NotFound, SourceUnreachable
from amalimart.core.jobs import AskedRun, CatchUp, JobRun, JobSchedule, JobStatus, RunState
from amalimart.core.operating import Batch, BuiltRelease, OperatingState, SourceState, SpaceUsed
from amalimart.core.operations import Operation, OperationKind, OperationState
from amalimart.core.releases import BlockedBuild, BlockedCheck, SampleRows
from tests.web.fake_marketplace import NOON

FOLLOWING = SourceState(
    "shop", "postgres", "stream", "following", None, None, NOON - timedelta(seconds=4), 4512, 8_412_332,
    1_932_000_000, {},
    tuple(
        Batch(4512 - number, kind, rows, tables, NOON - timedelta(seconds=4 + 11 * number))
        for number, (kind, rows, tables) in enumerate(
            [("changes", 34, 5), ("seal", 1820, 9), ("changes", 1, 1), ("compaction", 41_230, 1)]
        )
    ),
)  # fmt: skip
FAILING = replace(
    FOLLOWING, name="partners", kind="files", capture="files", state="failing",
    error="the folder cannot be read", next_step="give the user of this process the right to read it",
    fresh_as_of=NOON - timedelta(hours=30), version=12,
    stopped={"returns": "the column reason is now INTEGER, and was TEXT"},
    batches=(Batch(12, "snapshot", 120_334, 14, NOON - timedelta(hours=30)),),
)  # fmt: skip
SILENT = SourceState("wholesale", "mysql", "stream", "starting", None, None, None, 0, 0, 0, {}, ())
RELEASES = tuple(
    BuiltRelease(
        981 - number,
        NOON - timedelta(seconds=6 + 40 * number),
        NOON - timedelta(seconds=9 + 40 * number),
        18 + number,
        941 * (number + 1),
        0.47 + number if number < 5 else None,
    )
    for number in range(7)
)
BLOCKED = BlockedBuild(
    7, NOON - timedelta(minutes=22), NOON - timedelta(seconds=8), 131, "check_failed",
    "the release is held back: orders_have_buyers (3 rows)", None, "abc", 981, {"shop": 4512},
    (BlockedCheck("orders_have_buyers", 3, SampleRows(("email",), (("someone@shop.test",),), ())),),
)  # fmt: skip
COMPACTING = Operation(
    "0a",
    OperationKind.COMPACT,
    OperationState.RUNNING,
    0.4,
    "copying the tables",
    NOON - timedelta(minutes=1),
)
_DONE = JobRun(
    3, "backup", NOON - timedelta(hours=8), 1, RunState.SUCCEEDED, NOON - timedelta(hours=8),
    NOON - timedelta(hours=7), {"folder": "/mnt/backups/a", "files": 812, "bytes": 1_932_000_000},
)  # fmt: skip
_FAILED = JobRun(
    4, "full_checks", NOON - timedelta(hours=9), 3, RunState.FAILED, NOON - timedelta(hours=9),
    NOON - timedelta(hours=9), None, SourceUnreachable("<b>3 rows</b> break orders_have_buyers").as_dict(),
)  # fmt: skip


def _job(name: str, cron: str, does: str, off: str | None, hours: int, last: JobRun | None) -> JobStatus:
    schedule = JobSchedule(name, cron, True, CatchUp.LATEST, 2, 600.0, 120.0)
    return JobStatus(schedule, does, off, None if off else NOON + timedelta(hours=hours), last)


JOBS = (
    _job("compact", "10 3 * * *", "Makes the warehouse's file smaller.", "it is disabled", 0, None),
    _job("full_checks", "40 3 * * *", "Runs every check over all rows.", None, 16, _FAILED),
    _job("backup", "30 4 * * *", "Copies everything that cannot be made again.", None, 17, _DONE),
)


@dataclass
class FakeOperating:
    """What the status page is told, to be changed by hand."""

    state: OperatingState = field(
        default_factory=lambda: OperatingState(
            (FOLLOWING,), RELEASES, None, None, SpaceUsed(1_932_000_000, 912_000_000, 700_000_000, 10**11)
        )
    )

    def now(self) -> OperatingState:
        return self.state

    def turn(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]


@dataclass
class FakeSchedules:
    """Jobs that never run; what is asked for is noted."""

    jobs: tuple[JobStatus, ...] = JOBS
    asked: list[tuple[str, Decider]] = field(default_factory=list)

    def status(self) -> tuple[JobStatus, ...]:
        return self.jobs

    def history(self, job: str | None, limit: int) -> tuple[JobRun, ...]:
        return tuple(run for run in (_FAILED, _DONE) if job in {None, run.job})[:limit]

    def ask(self, name: str, decider: Decider) -> AskedRun:
        if name not in {job.schedule.job for job in self.jobs}:
            raise NotFound(f"there is no job {name!r}")
        self.asked.append((name, decider))
        return AskedRun(name, NOON)
