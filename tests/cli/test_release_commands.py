"""The release commands as a person runs them, over the real interface of a tiny warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amalimart.cli.application import application
from amalimart.core.errors import AmalimartError, CheckFailed, NotFound, RequestError
from tests.cli.shell import Shell
from tests.in_process_engine import engine_in_process
from tests.warehouse.conftest import compile_cache, mapping, shop, tiny_project
from tests.warehouse.held_shop import SMALL, Desk, desk, order
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import make_services

__all__ = ["compile_cache", "desk", "mapping", "shop", "tiny_project"]


class Console:
    """The command line in this process, on the interface of one warehouse."""

    def __init__(self, desk: Desk, client: TestClient) -> None:
        self.desk = desk
        self._client = client

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(application, ["release", *arguments], catch_exceptions=True)

    def said(self, *arguments: str) -> str:
        ended = self.run(*arguments)
        assert ended.exit_code == 0, ended.output
        return str(ended.stdout)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.said(*arguments, "--json"))

    def error(self, kind: type[AmalimartError], *arguments: str) -> AmalimartError:
        ended = self.run(*arguments)
        assert isinstance(ended.exception, kind), ended.output
        return ended.exception


@pytest.fixture
def console(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    services = make_services(tmp_path, FakeMarketplace())
    newest = replace(services, release_book=desk.book, releases=Newest(desk))
    client = engine_in_process(monkeypatch, newest)

    (tmp_path / "amalimart.yml").write_text("name: shop\n")
    monkeypatch.setenv("AMALIMART_HOME", str(tmp_path))
    yield Console(desk, client)
    services.control.close()


class Newest:
    """The feed of releases, asked of the file."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def latest(self) -> Any:
        return self._desk.shop.hot_file.latest_release()


@pytest.mark.slow
def test_a_blocked_build_is_found_understood_accepted_and_seen_again(console: Console) -> None:
    desk = console.desk
    desk.land(order("2", "5000"), order("3", buyer="nobody"))
    desk.is_held()
    assert "check_failed" in console.said("list", "--blocked")
    told = console.said("show", "blocked:latest")
    assert told == console.said("show", "blocked:1")
    assert f"{SMALL} fails for 1 rows, such as" in told
    assert "5000.00" in told
    assert "(personal)" in told
    assert "nobody" not in told
    assert "release 1 served" in told

    accepted = console.said("accept", "1", "--reason", "a wholesale order", "--by", "Ama")
    assert f"accepted: {SMALL} may fail for 1 rows" in accepted
    assert "accepted: buyers_have_numbers may fail for 1 rows" in accepted
    assert "check_failed, accepted" in console.said("list", "--blocked")
    assert "by Ama (local operator): a wholesale order" in console.said("show", "blocked:1")
    desk.publish()
    shown = console.said("show", "latest")
    assert "release 2, published at" in shown
    assert f"! error: {SMALL} fails for 1 rows" in shown
    assert "accepted by Ama (local operator)" in shown
    assert "a wholesale order" in shown

    assert "may not fail any more" in console.said("revoke", "1", "--reason", "no")
    desk.land(order("4"))
    with pytest.raises(CheckFailed):
        desk.publish()


def test_what_a_release_did_is_told_to_people_and_to_programs(console: Console) -> None:
    desk = console.desk
    desk.land(order("1", "6"), order("2"))
    desk.publish()
    desk.land(order("3", "7"))
    desk.publish()
    assert [each["release_id"] for each in console.json("list")["releases"]] == [3, 2, 1]
    assert [each["release_id"] for each in console.json("list", "--limit", "1")["releases"]] == [3]
    assert console.json("list", "--blocked") == {"blocked": [], "next": None}
    facts = {each["model"]: each for each in console.json("show", "2")["models"]}["gold.fact_orders"]
    assert facts == {"model": "gold.fact_orders", "fate": "changed", "came": 2, "went": 1, "rows": 2}
    assert console.json("show", "latest")["release"]["release_id"] == 3
    told = console.json("diff", "3", "1")
    assert (told["before"]["release_id"], told["after"]["release_id"]) == (1, 3)
    assert told["sources"] == [{"source": "shop", "before": 1, "after": 3}]
    facts = {each["model"]: each for each in told["models"]}["gold.fact_orders"]
    assert facts == {
        "model": "gold.fact_orders", "releases": 2, "came": 3, "went": 1, "before": 1, "after": 3
    }  # fmt: skip
    lines = console.said("diff", "1", "3").splitlines()
    assert lines[0] == "from release 1 to 3"
    assert "source shop: commit 1 to 3" in lines
    assert f"project: unchanged, {desk.graph.project_hash}" in lines
    [row] = [line.split() for line in lines if "gold.fact_orders" in line]
    assert row == ["gold.fact_orders", "2", "3", "1", "1", "3"]


def test_what_cannot_be_is_one_clear_error(console: Console) -> None:
    assert console.error(NotFound, "show", "7").nearest == "1"
    assert console.error(NotFound, "diff", "1", "2").expected == "1 to 1"
    assert console.error(NotFound, "show", "blocked:latest").what == "no build has been blocked"
    assert "blocked:NUMBER" in str(console.error(RequestError, "show", "the newest").expected)
    console.error(NotFound, "accept", "1", "--reason", "because")
    console.error(NotFound, "revoke", "1")
    for wrong in (("accept", "1"), ("accept", "one", "--reason", "x"), ("list", "--limit", "0")):
        assert console.run(*wrong).exit_code == 2
    console.desk.land(order("2", "5000"))
    console.desk.is_held()
    assert console.error(RequestError, "accept", "1", "--reason", "  ").what == "the reason is empty"


STRICT = """\
models:
  - name: strict
    columns:
      - name: order_id
        data_tests:
          - accepted_values:
              arguments: {values: ["1", "2"]}
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_whole_project_without_an_engine_is_blocked_accepted_and_published(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    models = shell.home / "models"
    assert shell.run(*shell.ingest()).returncode == 0
    (models / "strict.sql").write_text(
        "{{ config(schema='gold') }} select order_id from {{ ref('fact_orders') }}"
    )
    (models / "strict.yml").write_text(STRICT)
    orders = shell.drop / "orders.csv"
    orders.write_text(orders.read_text() + "3,9,2026-03-03 10:00:00,5\n")
    assert shell.fails(5, *shell.ingest())["code"] == "check_failed"
    assert shell.gmv() == "30.30"
    held = json.loads(shell.run("release", "show", "blocked:latest", "--json").stdout)
    assert [check["sample"]["rows"] for check in held["checks"]] == [[["3"]]]
    assert shell.fails(6, "release", "accept", "1", "--reason", "")["code"] == "request_invalid"
    assert shell.run("release", "accept", "1", "--reason", "a third order is fine").returncode == 0
    assert shell.run(*shell.ingest()).returncode == 0
    assert shell.gmv() == "35.30"
    shown = json.loads(shell.run("release", "show", "latest", "--json").stdout)
    assert [check["acceptance"]["reason"] for check in shown["failing"] if check["is_error"]] == [
        "a third order is fine"
    ]
    status = json.loads(shell.run("status", "--json").stdout)
    assert [word["accepted_by"] for word in status["accepted"]] == ["Local operator"]
    assert "a third order is fine" in shell.run("status").stdout
    assert "from release 1 to 2" in shell.run("release", "diff", "1", "2").stdout
