"""The schedule commands as a person runs them: without an engine one clear error, with one the real thing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from amalimart.cli.application import application
from amalimart.core.errors import EngineUnavailable, NotFound, SourceUnreachable
from amalimart.orchestrate.project.runtime_files import write_report
from amalimart.processes.services import OPERATOR
from tests.cli.shell import Shell
from tests.in_process_engine import engine_in_process
from tests.running_engine import running_engine
from tests.web.fake_marketplace import NOON, FakeMarketplace
from tests.web.fake_operating import FakeSchedules
from tests.web.fake_site import make_services


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application, ["schedule", *arguments])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "amalimart.yml").write_text("name: shop\n")
    monkeypatch.setenv("AMALIMART_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def jobs(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSchedules]:
    """An engine seems to run, and answers from memory."""
    write_report(project / "run", "engine", socket="x", address="x")
    fake = FakeSchedules()
    services = replace(make_services(project, FakeMarketplace()), schedules=fake)
    engine_in_process(monkeypatch, services)

    monkeypatch.setattr("amalimart.cli.schedule._LOOK_SECONDS", 0.0)
    yield fake
    services.control.close()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", [("list",), ("history",), ("run", "backup")])
def test_without_an_engine_there_is_one_clear_error(command: tuple[str, ...]) -> None:
    error = run(*command).exception
    assert isinstance(error, EngineUnavailable)
    assert error.next_step == "amalimart up"


def test_jobs_and_runs_are_told_to_people_and_to_programs(jobs: FakeSchedules) -> None:
    listed = run("list").stdout
    assert "off: it is disabled" in listed
    assert "40 3 * * *" in listed
    programs = json.loads(run("list", "--json").stdout)["schedules"]
    assert [each["schedule"]["job"] for each in programs] == [each.schedule.job for each in jobs.jobs]
    told = run("history").stdout
    assert "break orders_have_buyers" in told
    assert "files 812" in told
    assert "orders_have_buyers" not in run("history", "backup").stdout
    assert len(json.loads(run("history", "--json", "--limit", "1").stdout)["runs"]) == 1


def test_a_run_is_waited_for_and_its_end_is_told(
    jobs: FakeSchedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = {run.job: replace(run, scheduled_for=NOON) for run in jobs.history(None, 9)}
    monkeypatch.setattr(FakeSchedules, "history", lambda _self, job, _limit: (ended[str(job)],))
    done = run("run", "backup")
    assert done.exit_code == 0, done.output
    assert "folder: /mnt/backups/a\nfiles: 812\n" in done.stdout
    assert json.loads(run("run", "backup", "--json").stdout)["state"] == "succeeded"
    assert isinstance(run("run", "full_checks").exception, SourceUnreachable)
    assert isinstance(run("run", "nothing").exception, NotFound)
    assert [job for job, _ in jobs.asked] == ["backup", "backup", "full_checks"]
    assert jobs.asked[0][1].subject == OPERATOR.subject


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_running_engine_runs_jobs_when_it_is_asked_to(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.run(*shell.ingest()).returncode == 0
    assert shell.fails(8, "schedule", "list")["code"] == "engine_unavailable"
    settings = shell.home / "amalimart.yml"
    settings.write_text(settings.read_text() + f"backups: {{folder: {tmp_path / 'backups'}}}\n")
    with running_engine(shell.home):
        listed = json.loads(shell.run("schedule", "list", "--json").stdout)["schedules"]
        on = {each["schedule"]["job"]: each["next_run"] for each in listed if each["off"] is None}
        assert {"compact", "full_checks", "backup"} <= set(on)
        assert all(on.values())
        checked = json.loads(shell.run("schedule", "run", "full_checks", "--json").stdout)
        assert checked["state"] == "succeeded"
        assert checked["outcome"]["checks"] > 100
        assert shell.run("schedule", "run", "compact").stdout.startswith("compacted: false")
        assert shell.run("schedule", "run", "backup").returncode == 0
        assert shell.fails(7, "schedule", "run", "bakup")["nearest"] == "backup"
        runs = json.loads(shell.run("schedule", "history", "--json").stdout)["runs"]
        asked = [each for each in runs if each["asked_by"] is not None]  # others ran when their time came
        assert [(each["job"], each["asked_by"]) for each in asked] == [
            (job, "Local operator") for job in ("backup", "compact", "full_checks")
        ]
    (backup,) = (tmp_path / "backups").iterdir()
    assert shell.run("backup", "verify", str(backup)).returncode == 0
    settings.write_text(settings.read_text() + "schedules: {bakup: {}}\n")
    refused = shell.run("up")
    assert refused.returncode == 2
    assert "nearest: backup" in refused.stderr
