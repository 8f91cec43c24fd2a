"""amalimart key: shown once, listed without it, revoked at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from amalimart.access.principal import Role
from amalimart.cli.application import application
from amalimart.config.project import Project
from amalimart.control.api_keys import KeyHolder
from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.orchestrate.project_init import init_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "home")


def run(project: Project, *arguments: str) -> str:
    result = CliRunner().invoke(application, ["key", *arguments, "--home", str(project.home)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def resolved(project: Project, whole: str) -> KeyHolder | None:
    control = open_control_store(project.control_database, SystemClock())
    try:
        return control.api_keys.resolve(whole)
    finally:
        control.close()


def test_a_key_is_shown_once_listed_and_revoked(project: Project) -> None:
    whole = run(
        project, "add", "sync", "--role", "vendor", "--vendor-id", "17", "--expires-days", "9"
    ).strip()
    holder = resolved(project, whole)
    assert holder is not None
    assert (holder.principal.role, sorted(holder.principal.vendor_ids)) == (Role.VENDOR, ["17"])
    text = run(project, "list", "--json")
    assert whole.rpartition("_")[2] not in text
    (told,) = json.loads(text)["keys"]
    assert (told["name"], told["role"], told["vendor_ids"]) == ("sync", "vendor", ["17"])
    assert told["expires_at"] > told["last_used_at"] > told["created_at"]
    assert json.loads(run(project, "revoke", "sync", "--json")) == {"revoked": "sync"}
    assert resolved(project, whole) is None
    assert "sync" in run(project, "list")
