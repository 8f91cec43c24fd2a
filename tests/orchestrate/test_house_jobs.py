"""The jobs of the house on a real warehouse: what each does, leaves alone, and says when it cannot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amalimart.access.principal import Role
from amalimart.config.project import Project
from amalimart.config.schedule_settings import BackupSettings
from amalimart.control.deciding import Decider
from amalimart.control.store import open_control_store
from amalimart.core.errors import (
    CheckFailed,
    ConfigError,
    JobTimedOut,
    NotFound,
    OperationUnderWay,
    TooLittleMemory,
    WarehouseError,
)
from amalimart.core.operations import OperationKind
from amalimart.orchestrate.backups.restoring import verify_backup
from amalimart.orchestrate.governance import Governance
from amalimart.orchestrate.jobs import compacting
from amalimart.orchestrate.jobs.backing_up import BackupJob
from amalimart.orchestrate.jobs.compacting import CompactJob
from amalimart.orchestrate.jobs.forgetting import ForgetJob
from amalimart.orchestrate.jobs.full_checks import FullChecksJob
from amalimart.orchestrate.jobs.house import house_jobs
from amalimart.orchestrate.jobs.monitored_checks import MonitoredChecksJob
from amalimart.orchestrate.jobs.reviewing_access import AccessReviewJob
from amalimart.orchestrate.quality.desk import QualityDesk
from amalimart.orchestrate.releases import operations as operations_module
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.releases.rebuilding import TakenOver
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.orchestrate.releases.release_book import ReleaseBook
from amalimart.orchestrate.scheduling.job import Job, JobContext
from amalimart.orchestrate.scheduling.schedules import packaged_schedules
from amalimart.orchestrate.watching.operating_state import OperatingStates
from amalimart.processes.services import build_services, question_files, question_files_job
from amalimart.quality.shapes import Every
from tests.orchestrate.cron_oracle import utc
from tests.orchestrate.landed_shop import LandedShop, tiny_models


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tiny_models(tmp_path_factory.mktemp("models")):
        yield


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LandedShop]:
    opened = LandedShop(tmp_path / "home")
    opened.land(("1", "10"), ("2", "20"))
    opened.engine.refresh()
    yield opened
    opened.engine.close()


@pytest.fixture
def loop(shop: LandedShop) -> RefreshLoop:
    return RefreshLoop(shop.engine)


@pytest.fixture
def running(shop: LandedShop, loop: RefreshLoop) -> Iterator[Operations]:
    opened = Operations(shop.engine, loop, shop.clock)
    yield opened
    opened.wait()


FAR_TOO_LARGE = "insert into gold.fact_orders (order_id, total_amount) values ('9', 2000000)"


def context(passed: float = 0.0) -> JobContext:
    return JobContext(utc(2026, 3, 10, 3), 1, 60.0, lambda: passed)


def in_the_file(shop: LandedShop, sql: str) -> None:
    with shop.engine.hot_file.write() as cursor:
        cursor.execute(sql)


def test_every_job_has_a_schedule_and_every_schedule_a_job(shop: LandedShop, running: Operations) -> None:
    with closing(open_control_store(shop.engine.project.control_database, shop.clock)) as control:
        desk = QualityDesk(shop.engine, control.engine, shop.clock)
        project, loop = shop.engine.project, RefreshLoop(shop.engine)
        services = build_services(project, shop.engine, loop, control, shop.clock)
        answering = question_files_job(project, services, question_files(project))
        jobs = house_jobs(shop.engine, running, desk, control, shop.clock, answering)
    assert [job.name for job in jobs] == list(packaged_schedules())
    assert all(job.does.endswith(".") for job in jobs)


class TestFullChecks:
    def test_all_checks_run_beside_what_serves_and_publish_nothing(self, shop: LandedShop) -> None:
        outcome = FullChecksJob(shop.engine).run(context())
        assert outcome["release_id"] == 1
        assert outcome["checks"] == len(shop.engine.compiled().checks) > 0
        assert outcome["accepted"] == {}
        assert shop.value("select max(release_id) from meta.releases") == 1

    def test_a_row_that_a_defect_left_behind_is_found_and_holds_nothing_back(self, shop: LandedShop) -> None:
        in_the_file(shop, FAR_TOO_LARGE)
        with pytest.raises(CheckFailed, match=r"all rows of release 1: accepted_range\w+ \(1 rows\)"):
            FullChecksJob(shop.engine).run(context())
        shop.land(("3", "30"))
        report = shop.engine.refresh()  # what is published looks at what changed, and goes on
        assert report is not None
        assert report.release.release_id == 2

    def test_what_somebody_accepted_fails_for_so_many_rows_and_no_more(self, shop: LandedShop) -> None:
        in_the_file(shop, FAR_TOO_LARGE)
        with pytest.raises(CheckFailed) as found:
            FullChecksJob(shop.engine).run(context())
        name = found.value.what.rpartition(": ")[2].partition(" (")[0]
        shop.engine.acceptances.accept(1, {name: 1}, Decider("Ama", "ama@b.test"), "known")
        assert FullChecksJob(shop.engine).run(context())["accepted"] == {name: 1}
        in_the_file(shop, FAR_TOO_LARGE)
        with pytest.raises(CheckFailed):
            FullChecksJob(shop.engine).run(context())

    def test_models_that_are_ahead_of_the_release_cannot_be_told_of(
        self, shop: LandedShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        edited = replace(shop.engine.compiled(), project_hash="another")
        monkeypatch.setattr(shop.engine, "compiled", lambda: edited)
        with pytest.raises(WarehouseError, match="no release is of them yet"):
            FullChecksJob(shop.engine).run(context())

    def test_it_stops_when_it_is_told_to(self, shop: LandedShop) -> None:
        with pytest.raises(JobTimedOut, match="longer than it may"):
            FullChecksJob(shop.engine).run(context(passed=60))


def test_before_the_first_release_checks_wait_and_no_job_fails(tmp_path: Path) -> None:
    """The first snapshot of a shop may take hours, in which nobody is to be woken every five minutes."""
    shop = LandedShop(tmp_path / "home")
    shop.land(("1", "10"))
    with closing(open_control_store(shop.engine.project.control_database, shop.clock)) as control:
        desk = QualityDesk(shop.engine, control.engine, shop.clock)
        jobs: list[Job] = [FullChecksJob(shop.engine), *(MonitoredChecksJob(desk, each) for each in Every)]
        for job in jobs:
            assert job.run(context()) == {"waits_for": "the first release"}
        shop.engine.refresh()
        for job in jobs:
            assert "waits_for" not in job.run(context())
    shop.engine.close()


class TestCompact:
    def test_a_file_without_dead_space_is_left_alone(self, shop: LandedShop, running: Operations) -> None:
        outcome = CompactJob(shop.engine, running).run(context())
        assert outcome["compacted"] is False
        assert running.latest is None

    def test_dead_space_is_given_back(
        self, shop: LandedShop, running: Operations, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(compacting, "_MUCH_BYTES", 1)
        with shop.engine.hot_file._cursor() as cursor:
            cursor.execute("create table gold.heavy as select random() as x from range(500_000)")
            cursor.execute("create table gold.behind_it as select 7 as x")
            cursor.execute("checkpoint; drop table gold.heavy; checkpoint")
        outcome = CompactJob(shop.engine, running).run(context())
        assert outcome["compacted"] is True
        assert outcome["bytes_after"] < outcome["bytes_before"]
        assert shop.value("select count(*) from gold.fact_orders") == 2

    def test_an_operation_under_way_is_respected_and_a_failed_one_told_of(
        self, shop: LandedShop, running: Operations, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(compacting, "_MUCH_BYTES", -1)
        monkeypatch.setattr(compacting, "_MUCH", -1.0)
        go_on = threading.Event()

        def slow(*_: object) -> TakenOver:
            assert go_on.wait(30)
            raise TooLittleMemory("no room")

        monkeypatch.setattr(operations_module, "rebuild", slow)
        monkeypatch.setattr(operations_module, "compact", slow)
        running.start(OperationKind.REBUILD)
        job = CompactJob(shop.engine, running, lambda _seconds: go_on.set())
        with pytest.raises(OperationUnderWay):
            job.run(context())
        go_on.set()
        running.wait()
        go_on.clear()
        with pytest.raises(TooLittleMemory, match="no room"):
            job.run(context())


class TestBackup:
    @pytest.fixture
    def project(self, shop: LandedShop, tmp_path: Path) -> Project:
        project = shop.engine.project
        kept = BackupSettings(folder=tmp_path / "backups", keep=2)
        return replace(project, settings=project.settings.model_copy(update={"backups": kept}))

    def test_it_is_off_until_a_folder_is_set(self, shop: LandedShop) -> None:
        assert "backups.folder" in str(BackupJob(shop.engine.project, shop.clock).off)

    def test_the_newest_are_kept_and_only_its_own_are_removed(
        self, shop: LandedShop, project: Project, tmp_path: Path
    ) -> None:
        folder = tmp_path / "backups"
        by_hand, half = folder / "before-the-move", folder / "scheduled-20260309T030000000000Z"
        for left in (by_hand, half):
            (left / "files").mkdir(parents=True)
        job, made = BackupJob(project, shop.clock), []
        assert job.off is None
        for _ in range(4):
            outcome = job.run(context())
            made.append(Path(str(outcome["folder"])))
            shop.clock.instant += timedelta(days=1)
        assert sorted(folder.iterdir()) == sorted([by_hand, *made[-2:]])
        assert len(verify_backup(made[-1], lambda *_: None).files) == outcome["files"]

    def test_one_that_is_told_to_stop_or_fails_leaves_nothing_and_removes_nothing(
        self, shop: LandedShop, project: Project, tmp_path: Path
    ) -> None:
        job = BackupJob(project, shop.clock)
        first = Path(str(job.run(context())["folder"]))
        shop.clock.instant += timedelta(days=1)
        with pytest.raises(JobTimedOut):
            job.run(context(passed=61))
        assert list((tmp_path / "backups").iterdir()) == [first]
        inside = BackupSettings(folder=Path("data/backups"))
        wrong = replace(project, settings=project.settings.model_copy(update={"backups": inside}))
        with pytest.raises(ConfigError, match="among what it is a backup of"):
            BackupJob(wrong, shop.clock).run(context())


class TestOperatingState:
    def test_it_tells_of_sources_releases_and_space(
        self, shop: LandedShop, loop: RefreshLoop, running: Operations
    ) -> None:
        shop.land(("3", "30"))
        assert loop.refresh_once()
        states = OperatingStates(
            shop.engine,
            loop,
            ReleaseBook(shop.engine.hot_file, shop.engine.acceptances),
            running,
            lambda: 0.0,
        )
        state = states.now()
        (source,) = state.sources
        assert (source.name, source.state, source.capture, source.version) == ("shop", "stopped", "files", 2)
        assert [(batch.version, batch.kind, batch.rows) for batch in source.batches] == [
            (2, "changes", 1),
            (1, "snapshot", 2),
        ]
        assert (source.rows, state.blocked, state.operation) == (3, None, None)
        assert state.space.lake == source.bytes == _parquet_bytes(shop.home)
        assert 0 <= state.space.hot_file_used <= state.space.hot_file
        newest, first = state.releases
        assert (newest.release_id, first.release_id) == (2, 1)
        assert newest.seconds is not None
        assert first.seconds is None  # another engine built it, as far as this loop knows
        shop.land(("4", "40"))
        assert states.now() is state  # looked at a moment ago

    def test_a_source_that_has_committed_nothing_and_no_release(self, tmp_path: Path) -> None:
        shop = LandedShop(tmp_path / "home")
        book = ReleaseBook(shop.engine.hot_file, shop.engine.acceptances)
        state = OperatingStates(shop.engine, RefreshLoop(shop.engine), book, None).now()
        (source,) = state.sources
        assert (source.version, source.fresh_as_of, source.batches, state.releases) == (0, None, (), ())
        shop.engine.close()

    def test_a_build_that_is_held_back_is_told_of_until_another_is_published(
        self, shop: LandedShop, loop: RefreshLoop, running: Operations
    ) -> None:
        book = ReleaseBook(shop.engine.hot_file, shop.engine.acceptances)
        ticks = iter(range(0, 100, 10))
        states = OperatingStates(shop.engine, loop, book, running, lambda: float(next(ticks)))
        shop.land(("5", "2000000"))
        assert not loop.refresh_once()
        blocked: Any = states.now().blocked
        assert (blocked.serving, blocked.checks[0].failing_rows) == (1, 1)
        shop.land(("5", "20"))
        assert loop.refresh_once()
        assert states.now().blocked is None


def _parquet_bytes(home: Path) -> int:
    return sum(path.stat().st_size for path in (home / "data" / "lake").rglob("*.parquet"))


class TestReviewingAccess:
    def test_a_review_is_kept_whole_and_waits_until_somebody_signs_one_off(self, shop: LandedShop) -> None:
        project = shop.engine.project
        with closing(open_control_store(project.control_database, shop.clock)) as control:
            control.users.add(
                "ama@b.test", display_name="Ama", role=Role.ADMIN, password="long-enough-password"
            )
            control.users.add(
                "kofi@b.test", display_name="K", role=Role.VENDOR, password="long-enough-password"
            )
            job = AccessReviewJob(project, control.access_reviews, shop.clock)
            told = job.run(context())
            assert told == {
                "number": 1,
                "report": Governance(project, shop.clock).review().report_hash,
                "people": 2,
                "keys": 0,
                "unused": 2,
                "without_rows": 1,
                "personal_data": 1,
            }
            kept = control.access_reviews.unsigned()
            assert kept is not None
            assert [user["email"] for user in kept.report["users"]] == ["ama@b.test", "kofi@b.test"]
            Governance(project, shop.clock).sign_off(Decider("Ama", "x"), "looked at it", None)
            assert control.access_reviews.unsigned() is None
            shop.clock.instant += timedelta(days=1_200)
            assert job.run(context())["number"] == 2
            assert [each.number for each in control.access_reviews.list()] == [2]
            with pytest.raises(NotFound, match="no access review 1"):
                control.access_reviews.get(1)


class TestForgetting:
    def test_it_keeps_what_the_settings_say(self, shop: LandedShop) -> None:
        with closing(open_control_store(shop.engine.project.control_database, shop.clock)) as control:
            assert ForgetJob(shop.engine.project, control.incident_trimming).run(context()) == {
                "incidents": 0,
                "messages": 0,
            }
