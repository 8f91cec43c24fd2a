"""Schedules in settings: overriding by name and key, and one clear error for what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from amalimart.config.project import open_project
from amalimart.config.schedule_settings import check_cron
from amalimart.core.clock import FixedClock
from amalimart.core.errors import ConfigError
from amalimart.core.jobs import CatchUp
from amalimart.orchestrate.jobs.backing_up import BackupJob
from amalimart.orchestrate.jobs.compacting import CompactJob
from amalimart.orchestrate.jobs.full_checks import FullChecksJob
from amalimart.orchestrate.scheduling.schedules import load_schedules, packaged_schedules
from amalimart.orchestrate.watching.doctor import Verdict, examine

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def settings(folder: Path, text: str) -> Path:
    (folder / "amalimart.yml").write_text(f"name: shop\n{text}")
    return folder


def test_every_packaged_schedule_says_everything() -> None:
    assert {CompactJob.name, FullChecksJob.name, BackupJob.name} <= set(packaged_schedules())
    for job, schedule in packaged_schedules().items():
        assert None not in schedule.model_dump().values(), job


def test_a_project_overrides_by_name_and_key(tmp_path: Path) -> None:
    backup = "backup: {cron: '15  6 * * 1', catch_up: all, retries: 0}"
    text = f"schedules:\n  {backup}\n  compact: {{enabled: false}}\n"
    schedules = load_schedules(open_project(settings(tmp_path, text)))
    usual = load_schedules(open_project(settings(tmp_path, "")))
    own = schedules["backup"]
    assert (own.cron, own.catch_up, own.retries) == ("15 6 * * 1", CatchUp.ALL, 0)
    assert own.timeout_minutes == usual["backup"].timeout_minutes
    assert (schedules["compact"].enabled, usual["compact"].enabled) == (False, True)
    assert schedules["full_checks"] == usual["full_checks"]


def test_an_unknown_job_is_named_with_its_line_and_the_nearest_one(tmp_path: Path) -> None:
    project = open_project(settings(tmp_path, "schedules:\n  compact: {}\n  bakup: {enabled: false}\n"))
    with pytest.raises(ConfigError, match="there is no job 'bakup'") as caught:
        load_schedules(project)
    assert caught.value.where == f"{tmp_path / 'amalimart.yml'}:4"
    assert caught.value.nearest == "backup"
    assert caught.value.expected == ", ".join(packaged_schedules())
    (found,) = [each for each in examine(tmp_path, FixedClock(NOON)) if each.subject == "schedules"]
    assert found.verdict is Verdict.PROBLEM
    assert "bakup" in found.detail


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("60 2 * * *", "the minute cannot be '60'"),
        ("0 24 * * *", "the hour cannot be '24'"),
        ("0 2 0 * *", "the day-of-month cannot be '0'"),
        ("0 2 * 13 *", "the month cannot be '13'"),
        ("0 2 * * 9", "the day-of-week cannot be '9'"),
        ("*/0 2 * * *", "the minute cannot be '*/0'"),
        ("5-1 2 * * *", "the minute cannot be '5-1'"),
        ("x 2 * * *", "the minute cannot be 'x'"),
        ("0 0 30 2 *", "the day-of-month '30' never comes"),
        ("0 2 * *", "has 4 fields; a cron has five: minute, hour, day-of-month, month, day-of-week"),
        ("0 0 2 * * *", "has 6 fields"),
        ("@daily", "has 1 fields"),
        ("", "has 0 fields"),
    ],
)
def test_an_impossible_cron_says_which_field(tmp_path: Path, cron: str, said: str) -> None:
    text = f"schedules:\n  backup:\n    enabled: true\n    cron: '{cron}'\n"
    with pytest.raises(ConfigError) as caught:
        open_project(settings(tmp_path, text))
    assert said in caught.value.what
    assert caught.value.where == f"{tmp_path / 'amalimart.yml'}:5"


@pytest.mark.parametrize(
    "cron", ["*/15 * * * *", "0 0 29 2 *", "0 6 L * *", "0 6 * * MON-FRI", "0 6 1,15 * 1#1"]
)
def test_what_cron_can_say_is_taken(cron: str) -> None:
    assert check_cron(cron) == cron


@pytest.mark.parametrize(
    ("said", "key"),
    [("catch_up: some", "catch_up"), ("retries: -1", "retries"), ("timeout_minutes: 0", "timeout_minutes"),
     ("retry_after_seconds: 0", "retry_after_seconds"), ("every: 5", "every")],
)  # fmt: skip
def test_other_mistakes_name_their_key(tmp_path: Path, said: str, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        open_project(settings(tmp_path, f"schedules:\n  backup: {{{said}}}\n"))
