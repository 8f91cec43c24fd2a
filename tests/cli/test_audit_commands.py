"""amalimart audit: what was asked is listed, and a log that was tampered with fails the command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from amalimart.access.audit_record import Outcome
from amalimart.cli.application import application
from amalimart.config.project import Project
from amalimart.config.secrets import forget_secret, read_secrets, write_secret
from amalimart.control.store import open_control_store
from amalimart.core.clock import FixedClock, SystemClock
from amalimart.core.errors import AuditBroken, ConfigError, NotAvailable
from amalimart.orchestrate.backups.restoring import restore_backup
from amalimart.orchestrate.backups.taking import back_up
from amalimart.orchestrate.project.auditing import AUDIT_KEY, open_audit
from amalimart.orchestrate.project.init import init_project
from amalimart.orchestrate.watching.doctor import Finding, Verdict, examine
from tests.control.audit_trail import NOON, asked


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in which two questions were asked."""
    made = init_project(tmp_path / "home")
    control = open_control_store(made.control_database, SystemClock())
    log = open_audit(made, control).log(SystemClock())
    log.record(asked("gmv", at=SystemClock().now()))
    log.record(asked("gmv", "kofi@b.test", Outcome.DENIED, NOON))
    control.close()
    return made


def _run(project: Project, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(application, ["audit", *arguments, "--home", str(project.home)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def _sql(project: Project, statement: str) -> None:
    control = open_control_store(project.control_database, SystemClock())
    with control.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    control.close()


def test_records_are_listed_by_subject_day_and_outcome(project: Project) -> None:
    def found(*arguments: str) -> list[int]:
        code, text = _run(project, "list", "--json", *arguments)
        assert code == 0
        return [each["sequence"] for each in json.loads(text)["records"]]

    assert found() == [2, 1]
    assert found("--subject", "KOFI@b.test") == [2]
    assert found("--outcome", "answered") == [1]
    assert found("--day", "2026-03-02") == [2]
    assert found("--limit", "1") == [2]
    _, table = _run(project, "list")
    assert "kofi" not in table
    assert "gmv" in table


def test_a_whole_log_passes_and_its_end_can_be_asked_for_again(project: Project) -> None:
    code, text = _run(project, "verify", "--json")
    told = json.loads(text)
    assert (code, told["whole"], told["records"], told["breaks"]) == (0, True, 2, [])
    assert _run(project, "verify", "--known", told["end"])[0] == 0
    assert _run(project, "verify", "--known", f"2:{'0' * 64}")[0] == AuditBroken.exit_code


def test_a_broken_log_fails_and_says_where_until_it_is_resealed(project: Project) -> None:
    _sql(project, "update audit_log set outcome = 'answered' where sequence = 2")
    code, text = _run(project, "verify")
    assert (code, "record 2" in text) == (AuditBroken.exit_code, True)
    assert json.loads(_run(project, "verify", "--json")[1])["breaks"][0]["sequence"] == 2
    assert _run(project, "reseal", "--by", "Ama", "--reason", "a test")[0] == 0
    code, text = _run(project, "verify")
    assert (code, "nobody vouches" in text) == (0, True)


def test_a_project_of_before_gets_its_key_and_one_whose_key_is_lost_does_not(project: Project) -> None:
    forget_secret(project.home, AUDIT_KEY)
    with pytest.raises(ConfigError, match=AUDIT_KEY):
        _run(project, "verify")
    _sql(project, "delete from audit_log")
    project.audit_head.unlink()
    assert _run(project, "verify")[0] == 0
    assert len(read_secrets(project.home)[AUDIT_KEY]) >= 43


def test_a_weak_or_another_key_vouches_for_nothing(project: Project) -> None:
    write_secret(project.home, AUDIT_KEY, "change-me")
    with pytest.raises(ConfigError, match="too weak"):
        _run(project, "list")
    write_secret(project.home, AUDIT_KEY, os.urandom(32).hex())
    assert _run(project, "verify")[0] == AuditBroken.exit_code


def test_a_backup_has_a_log_that_fits_its_head(project: Project, tmp_path: Path) -> None:
    back_up(project, tmp_path / "backup", SystemClock(), lambda *_: None)
    restored, _ = restore_backup(tmp_path / "backup", tmp_path / "again", lambda *_: None)
    code, text = _run(restored, "verify", "--json")
    assert (code, json.loads(text)["records"]) == (0, 2)


def test_a_question_of_the_command_line_is_recorded_however_it_ends(project: Project) -> None:
    asking = ["query", "item_gmv", "--where", "vendor = secret-value", "--home", str(project.home)]
    assert isinstance(CliRunner().invoke(application, asking).exception, NotAvailable)
    (newest, *_) = json.loads(_run(project, "list", "--json")[1])["records"]
    assert (newest["door"], newest["role"], newest["outcome"]) == ("cli", "admin", "refused")
    assert newest["errors"] == ["not_available"]
    assert newest["asked"] == {"questions": [{"metrics": ["item_gmv"], "filters": [["vendor", "=", 1]]}]}
    for file in project.control_database.parent.glob("control.db*"):
        assert b"secret-value" not in file.read_bytes()


def test_doctor_says_whether_the_log_is_whole(project: Project) -> None:
    def found() -> Finding:
        return next(each for each in examine(project.home, FixedClock(NOON)) if each.subject == "audit log")

    assert (found().verdict, found().detail) == (Verdict.OK, "2 records, the chain and its head hold")
    _sql(project, "update audit_log set role = 'support' where sequence = 1")
    assert found().verdict is Verdict.PROBLEM
    assert found().detail.startswith("record 1: ")
    assert found().next_step == "amalimart audit verify"
    project.audit_head.unlink()
    assert found().detail == "the head of the audit log is not there, and 1 more"
