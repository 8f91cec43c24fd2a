"""The figures of an ingest lie in a file while it runs, and the engine passes those of the living on."""

from __future__ import annotations

import time
from pathlib import Path

from click.testing import CliRunner

from amalimart.cli.application import application
from amalimart.config.project import Project, open_project
from amalimart.config.secrets import read_secrets
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import EngineUnavailable
from amalimart.observe import metrics
from amalimart.observe.exposition import KeptExposition, kept_exposition
from amalimart.observe.instruments import Owner
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.project.runtime_files import figures_file, remove_report, write_report
from amalimart.processes.engine import metrics_token
from amalimart.processes.figures import exposition
from tests.observe.recorded import Recorded, recorded, values_of


def test_the_file_follows_what_is_counted_and_goes_with_the_process(tmp_path: Path) -> None:
    told, file = ["1"], tmp_path / "run" / "ingest-shop.prom"
    with KeptExposition(file, lambda: told[-1], every=0.01):
        for number in ("1", "2"):
            told.append(number)
            deadline = time.monotonic() + 10
            while kept_exposition(file) != number:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    assert kept_exposition(file) == ""
    assert list(file.parent.iterdir()) == []


def project_with_a_source(home: Path) -> Project:
    (home / "drops").mkdir(parents=True)
    made = init_project(home)
    return add_source(made, "shop", SourceSettings(kind="files", mapping="demo", folder=home / "drops"))


def test_only_the_figures_of_processes_that_run_are_passed_on(tmp_path: Path, engine: Recorded) -> None:
    project = project_with_a_source(tmp_path / "home")
    with recorded(Owner.INGEST, "ingest-shop") as ingest:
        metrics.INGEST_ROWS.add(3, source="shop")
        text = ingest.telemetry.exposition()
    file = figures_file(project.run, "ingest-shop")
    name = "amalimart_ingest_rows_total", frozenset({("source", "shop")})
    assert name not in values_of(exposition(project, engine.telemetry))
    write_report(project.run, "ingest-shop", state="following")
    file.write_text(text)
    assert values_of(exposition(project, engine.telemetry))[name] == 3
    for damaged in (b"\xff\xfe", b"amalimart_ingest_rows_total{", b""):
        file.write_bytes(damaged)
        assert name not in values_of(exposition(project, engine.telemetry))
    file.write_text(text)
    remove_report(project.run, "ingest-shop")
    assert name not in values_of(exposition(project, engine.telemetry))


def test_without_a_running_engine_the_command_says_so(tmp_path: Path) -> None:
    project = init_project(tmp_path / "home")
    ended = CliRunner().invoke(application, ["telemetry", "--home", str(project.home)])
    assert isinstance(ended.exception, EngineUnavailable)
    assert ended.exception.next_step == "amalimart up"
    assert ended.stdout == ""


def test_a_new_project_has_a_token_that_only_its_owner_can_read(tmp_path: Path) -> None:
    first, other = (init_project(tmp_path / name) for name in ("one", "two"))
    token = metrics_token(first)
    assert token is not None
    assert len(token) >= 40
    assert token != metrics_token(other)
    assert token not in first.settings_file.read_text()
    assert read_secrets(first.home)["METRICS_TOKEN"] == token
    assert (first.home / "secrets.env").stat().st_mode & 0o077 == 0


def test_without_the_secret_the_figures_stay_closed_and_the_engine_starts(tmp_path: Path) -> None:
    project = init_project(tmp_path / "home")
    (project.home / "secrets.env").unlink()
    assert metrics_token(project) is None
    text = project.settings_file.read_text()
    project.settings_file.write_text(
        "".join(each for each in text.splitlines(True) if "telemetry" not in each)
    )
    assert metrics_token(open_project(project.home)) is None
