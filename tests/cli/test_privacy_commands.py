"""The privacy commands as a person runs them: on a desk of the test, and on a whole project of files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amalimart.access.principal import Role
from amalimart.api.app import create_app
from amalimart.api.services import AppServices
from amalimart.cli.application import application
from amalimart.control.deciding import Decider
from amalimart.core.errors import ConfigError, NotFound, RequestError
from amalimart.core.operations import Operation, OperationKind, OperationState
from amalimart.core.privacy import Erasure, ErasurePlan, KnownBackup, PersonTable, TableCount
from amalimart.processes.services import OPERATOR
from tests.cli.shell import MAPPING, Shell
from tests.in_process_engine import engine_in_process
from tests.running_engine import running_engine
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import make_services

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
PLAN = ErasurePlan(
    was_erased=False,
    lake=(TableCount("shop.users", 2, 1),),
    warehouse=(TableCount("gold.dim_customers", 1, 1),),
    out_of_reach=("business_representatives",),
    unread=("shop.old_people",),
    backups=(KnownBackup("/mnt/monday", AT, is_there=False),),
)
RESULT = {
    "release_id": 4,
    "question_files": 2,
    "files_quoting": ["logs/engine.log"],
    "backups_out_of_reach": ["/mnt/monday"],
}


@dataclass
class Desk:
    """Knows one person, and remembers what it was asked for."""

    erased: list[tuple[str, str, str]] = field(default_factory=list)

    def plan(self, person: str) -> ErasurePlan:
        if person != "7":
            raise NotFound(f"no source has a user {person!r}", nearest="7")
        return PLAN

    def export(self, person: str, decider: Decider) -> tuple[PersonTable, ...]:
        self.plan(person)
        assert decider.name == "Ama"
        rows = (("7", Decimal("1.50"), AT, None), ("7", None, None, 'Ébène, "A"'))
        return (PersonTable("lake", "shop.users", ("id", "spent", "at", "name"), rows),)

    def erase(self, person: str, decider: Decider, reason: str) -> Operation:
        self.plan(person)
        self.erased.append((person, decider.name, reason))
        return Operation("1", OperationKind.ERASE, OperationState.RUNNING, 0.0, "starting", AT)

    def resume(self) -> Operation | None:
        raise AssertionError("no command does that")

    def erasures(self) -> tuple[Erasure, ...]:
        return (Erasure("a1b2", AT, None, "Ama", "by letter", {"shop.users": 2, "shop.visits": 1}),)


class Operations:
    """Ends everything at once."""

    latest = None

    def start(self, kind: OperationKind) -> Operation:
        raise AssertionError(kind)

    def find(self, operation_id: str) -> Operation:
        state = OperationState.DONE
        return Operation(operation_id, OperationKind.ERASE, state, 1.0, "done", AT, result=RESULT)


@dataclass
class Console:
    desk: Desk
    client: TestClient
    services: AppServices

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(application, ["privacy", *arguments], catch_exceptions=True)

    def said(self, *arguments: str) -> str:
        ended = self.run(*arguments)
        assert ended.exit_code == 0, ended.output
        return str(ended.output)


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    desk = Desk()
    services = replace(make_services(tmp_path, FakeMarketplace()), privacy=desk, operations=Operations())
    client = engine_in_process(monkeypatch, services)
    (tmp_path / "amalimart.yml").write_text("name: shop\n")
    monkeypatch.setenv("AMALIMART_HOME", str(tmp_path))
    yield Console(desk, client, services)
    services.control.close()


def test_erase_says_what_would_change_and_changes_nothing_without_yes(console: Console) -> None:
    said = console.said("erase", "7")
    assert console.desk.erased == []
    for told in ("shop.users", "gold.dim_customers", "business_representatives", "/mnt/monday", "--yes"):
        assert told in said
    assert json.loads(console.run("erase", "7", "--json").stdout)["done"] is None


def test_erase_does_it_with_yes_and_says_what_is_left_to_do(console: Console) -> None:
    said = console.said("erase", "7", "--yes", "--by", "Ama", "--reason", "by letter")
    assert console.desk.erased == [("7", "Ama", "by letter")]
    assert "release 4 serves" in said
    assert "logs/engine.log" in said
    assert "--erased-in" in said


def test_somebody_unknown_is_named_with_the_nearest(console: Console) -> None:
    for command in (("erase", "9"), ("erase", "9", "--yes"), ("export", "9", "out", "--by", "Ama")):
        ended = console.run(*command)
        assert isinstance(ended.exception, NotFound)
        assert ended.exception.nearest == "7"
    assert console.desk.erased == []


def test_an_export_is_files_that_only_their_owner_can_read(console: Console, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert "shop.users" in console.said("export", "7", str(folder), "--by", "Ama")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "lake.shop.users.json": 0o600,
        "lake.shop.users.csv": 0o600,
        "export.json": 0o600,
    }
    rows = json.loads((folder / "lake.shop.users.json").read_text())
    assert [row["name"] for row in rows] == [None, 'Ébène, "A"']
    assert rows[0]["spent"] == "1.50"
    with (folder / "lake.shop.users.csv").open(newline="") as stream:
        assert [row["name"] for row in csv.DictReader(stream)] == ["", 'Ébène, "A"']
    again = console.run("export", "7", str(folder), "--by", "Ama")
    assert isinstance(again.exception, ConfigError)


def test_the_list_tells_marks_and_no_ids(console: Console) -> None:
    said = console.said("list")
    assert "a1b2" in said
    assert "not yet" in said
    assert json.loads(console.run("list", "--json").stdout)["erasures"][0]["counts"]["shop.users"] == 2


def test_only_whoever_runs_this_machine_comes_to_the_desk(console: Console) -> None:
    asked = [("plan", {"user": "7"}), ("export", {"user": "7"}), ("erase", {"user": "7", "reason": "x"})]
    services = console.services
    outside = TestClient(create_app(services), raise_server_exceptions=False)
    analyst = replace(OPERATOR, role=Role.ANALYST)
    other = TestClient(create_app(services, local_operator=analyst), raise_server_exceptions=False)
    for name, body in asked:
        assert outside.post(f"/api/v1/privacy/{name}", json=body).status_code in {401, 403, 404, 405}
        assert other.post(f"/api/v1/privacy/{name}", json=body).json()["error"]["code"] == "denied"
    assert other.get("/api/v1/privacy/erasures").status_code == 403
    assert console.desk.erased == []
    refused = console.client.post("/api/v1/operations", json={"kind": "erase"})
    assert refused.json()["error"]["code"] == RequestError.code


PEOPLE = """  users:
    table: people
    columns: {user_id: id, email: mail, full_name: name, created_at: placed}
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_project_of_files_erases_with_and_without_an_engine(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.mapping.write_text(MAPPING.replace("orders: {}", "orders: {}\n  people: {}") + PEOPLE)
    people = shell.drop / "people.csv"
    people.write_text(
        "id,mail,name,placed\n7,ama@shop.test,Ama Canary,2026-03-01\n8,kofi@shop.test,Kofi,2026-03-01\n"
    )
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    assert shell.fails(7, "privacy", "erase", "77")["nearest"] in {"7", "8"}
    told = _json(shell, "privacy", "erase", "7", "--yes", "--json")
    assert {each["table"]: each["rows"] for each in told["plan"]["lake"]} == {"tiny.people": 1}
    assert told["done"]["release_id"] == 2
    assert shell.gmv() == "30.30"
    assert _left(shell, "ama@shop.test", "Ama Canary") == []

    people.write_text(people.read_text().replace("Kofi", "Kofi M."))  # the whole file comes again
    again = shell.run(*shell.ingest())
    assert again.returncode == 0, again.stderr
    assert _left(shell, "ama@shop.test", "Ama Canary") == []
    with running_engine(shell.home):
        folder = tmp_path / "kofi"
        _json(shell, "privacy", "export", "8", str(folder), "--json")
        assert "Kofi M." in (folder / "warehouse.staging.stg_users.json").read_text()
        assert _json(shell, "privacy", "erase", "8", "--yes", "--json")["done"]["release_id"] == 4
        assert len(_json(shell, "privacy", "list", "--json")["erasures"]) == 2
        assert shell.gmv() == "30.30"
    assert _left(shell, "kofi@shop.test", "Kofi M.") == []


def _json(shell: Shell, *arguments: str) -> dict[str, Any]:
    ended = shell.run(*arguments)
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def _left(shell: Shell, *words: str) -> list[str]:
    from tests.orchestrate.people_shop import found_anywhere  # noqa: PLC0415 - heavy, for the slow test alone

    return found_anywhere(shell.home, words)
