"""amalimart key: shown once, listed without it, revoked at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from amalimart.access.principal import Role
from amalimart.cli.application import application
from amalimart.config.project import Project
from amalimart.control.audit.reading import AuditFilter
from amalimart.control.store import open_control_store
from amalimart.control.users.api_keys import KeyHolder
from amalimart.core.clock import SystemClock
from amalimart.core.errors import Denied, NotFound
from amalimart.orchestrate.project.auditing import open_audit
from amalimart.orchestrate.project.embedding import open_embedding
from amalimart.orchestrate.project.init import init_project


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
    assert whole.split("_", 2)[2] not in text
    (told,) = json.loads(text)["keys"]
    assert (told["name"], told["role"], told["vendor_ids"]) == ("sync", "vendor", ["17"])
    assert told["expires_at"] > told["last_used_at"] > told["created_at"]
    assert json.loads(run(project, "revoke", "sync", "--json")) == {"revoked": "sync"}
    assert resolved(project, whole) is None
    assert "sync" in run(project, "list")


def test_an_embed_token_to_try_is_minted_with_a_service_key(project: Project) -> None:
    run(project, "add", "portal", "--role", "service")
    told = json.loads(run(project, "embed", "portal", "--vendor-id", "17", "--json"))
    clock = SystemClock()
    control = open_control_store(project.control_database, clock)
    trail = open_audit(project, control)
    principal, dashboard = open_embedding(project, control.api_keys, trail.log(clock), clock).opened(
        told["token"]
    )
    assert (sorted(principal.vendor_ids), dashboard) == (["17"], "vendor")
    (listed,) = trail.list(AuditFilter(subject="key:portal"), 10)
    assert (listed.record.kind, listed.record.door, trail.verify().is_whole) == ("embed", "cli", True)
    control.close()
    run(project, "add", "reader", "--role", "analyst")
    with pytest.raises(Denied):
        run(project, "embed", "reader", "--vendor-id", "17")
    with pytest.raises(NotFound):
        run(project, "embed", "portal", "--vendor-id", "17", "--dashboard", "admin")
