"""amalimart user: the same service as behind the page, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from amalimart.cli.application import application
from amalimart.config.project import Project
from amalimart.control.audit.decisions import entries
from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.core.errors import AmalimartError, LastAdmin, NotFound, UserInvalid
from amalimart.orchestrate.project.init import init_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "home")


def run(project: Project, *arguments: str) -> Any:
    command = ["user", *arguments, "--home", str(project.home), "--json"]
    result = CliRunner().invoke(application, command)
    if isinstance(result.exception, AmalimartError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_user_from_first_to_last(project: Project) -> None:
    password = run(project, "add", "efua@x.test", "--role", "admin")["password"]
    run(project, "add", "kofi@x.test", "--role", "vendor", "--vendor-id", "17", "--name", "Kofi")
    assert run(project, "edit", "kofi@x.test", "--vendor-id", "23")["vendor_ids"] == ["23"]
    bound = run(project, "edit", "kofi@x.test", "--business-id", "b1", "--business-id", "b2")
    assert (bound["vendor_ids"], bound["business_ids"]) == (["23"], ["b1", "b2"])
    free = run(project, "edit", "kofi@x.test", "--role", "analyst")
    assert (free["vendor_ids"], free["business_ids"]) == ([], [])
    assert run(project, "disable", "kofi@x.test")["enabled"] is False
    assert run(project, "enable", "KOFI@x.test")["enabled"] is True
    assert run(project, "sign-out", "kofi@x.test")["sessions"] == 0
    fresh = run(project, "password", "efua@x.test")["password"]
    listed = {each["email"]: each for each in run(project, "list")["users"]}
    assert listed["kofi@x.test"]["name"] == "Kofi"
    assert set(listed) == {"efua@x.test", "kofi@x.test"}
    control = open_control_store(project.control_database, SystemClock())
    assert fresh != password
    assert control.sign_in.verify("efua@x.test", fresh).email == "efua@x.test"
    told = [(each.action, each.subject) for each in entries(control.engine)]
    control.close()
    actions = [
        "added",
        "added",
        *["changed"] * 3,
        "disabled",
        "enabled",
        "sessions_ended",
        "password_reset",
    ]
    assert told == [(f"user.{each}", "local operator") for each in actions]


def test_the_rules_are_those_of_the_page(project: Project) -> None:
    run(project, "add", "efua@x.test", "--role", "admin")
    with pytest.raises(LastAdmin):
        run(project, "disable", "efua@x.test")
    with pytest.raises(LastAdmin):
        run(project, "edit", "efua@x.test", "--role", "analyst")
    with pytest.raises(UserInvalid, match="would see nothing"):
        run(project, "add", "kofi@x.test", "--role", "vendor")
    with pytest.raises(NotFound):
        run(project, "password", "nobody@x.test")
