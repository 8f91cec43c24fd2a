"""The quality commands as a person runs them, over the real interface of a tiny warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from amalimart.cli.application import application
from amalimart.core.errors import NotFound
from tests.cli.shell import Shell
from tests.in_process_engine import engine_in_process
from tests.orchestrate.test_quality_desk import Place, models, place, published
from tests.running_engine import running_engine
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import make_services

__all__ = ["models", "place", "published"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application, ["quality", *arguments], catch_exceptions=True)


def said(*arguments: str) -> str:
    ended = run(*arguments)
    assert ended.exit_code == 0, ended.output
    return str(ended.stdout)


@pytest.fixture
def console(published: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    services = make_services(tmp_path, FakeMarketplace())
    engine_in_process(monkeypatch, replace(services, quality=published.desk))

    monkeypatch.setenv("AMALIMART_HOME", str(published.shop.home))
    yield published
    services.control.close()


@pytest.mark.slow
def test_a_fault_is_run_into_shown_acknowledged_and_no_longer_failing(console: Place) -> None:
    assert "1 checks: 1 passed, 0 failed" in said("run", "own")
    console.tamper("update gold.copied set total_amount = 10.01 where order_id = '1'")
    failed = run("run", "own")
    assert failed.exit_code == 1
    assert isinstance(failed.exception, SystemExit)
    assert "only in" not in failed.stdout
    assert "1 row of 1 day differ" in failed.stdout
    assert "10.01" in failed.stdout
    assert "1 failing" in said("list")
    assert "own" in said("list", "--failing")
    shown = said("show", "own", "--limit", "1")
    assert "expected: 2 rows (total 30.00) GHS" in shown
    assert "found: 2 rows (total 30.01) GHS" in shown
    assert "by Ama" in said("ack", "own", "gold.copied", "--reason", "known", "--by", "Ama")
    assert "own" not in said("list", "--failing")
    assert "1 acknowledged" in said("list")
    assert "acknowledged: gold.copied by Ama: known" in said("show", "own")
    assert json.loads(said("list", "--json"))["failing"] == []


def test_the_exit_code_is_0_for_warnings_and_1_for_a_file_that_is_no_check(console: Place) -> None:
    own = console.shop.home / "quality" / "own.yml"
    own.write_text(own.read_text().replace("severity: error", "severity: warning"))
    console.tamper("delete from gold.copied where order_id = '1'")
    assert "1 failed" in said("run", "own")
    (console.shop.home / "quality" / "broken.yml").write_text("kind: volumes\n")
    ended = run("run", "--every", "batch", "--json")
    assert ended.exit_code == 1
    told = json.loads(ended.stdout)
    assert set(told["not_run"]) == {"broken"}
    assert "broken could not be run" in run("run", "--every", "batch").stdout
    assert "broken.yml:1" in said("list")


def test_a_table_is_profiled(console: Place) -> None:
    told = said("profile", "gold.copied")
    assert "gold.copied at release 1: 2 rows" in told
    assert "about 2" in told
    exact = json.loads(said("profile", "gold.copied", "--exact", "--json"))
    total = next(each for each in exact["columns"] if each["name"] == "total_amount")
    assert (total["smallest"], total["is_exact"]) == ("10.00", True)
    assert console.desk


def test_what_cannot_be_is_one_error(console: Place) -> None:
    for arguments in (("run", "owm"), ("show", "owm"), ("ack", "own", "gold.copied", "--reason", "x")):
        assert isinstance(run(*arguments).exception, NotFound), arguments
    assert run("run", "own", "--every", "day").exit_code == 2
    assert run("run", "--every", "fortnight").exit_code == 2
    assert run("ack", "own", "gold.copied").exit_code == 2
    assert console.desk.failing() == ()


@pytest.mark.slow
def test_checks_run_with_an_engine_and_without(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.run(*shell.ingest()).returncode == 0
    names = ("committed_rows_are_loaded", "orders_reconcile")
    for name in names:
        alone = json.loads(shell.run("quality", "run", name, "--json").stdout)
        assert {each["verdict"] for each in alone["results"]} == {"passed"}
    with running_engine(shell.home):
        for name in names:
            asked = json.loads(shell.run("quality", "run", name, "--json").stdout)
            assert {each["verdict"] for each in asked["results"]} == {"passed"}
            shown = json.loads(shell.run("quality", "show", name, "--json").stdout)
            assert len(shown["results"]) == 2
        profiled = shell.run("quality", "profile", "gold.fact_orders")
        assert "2 rows" in profiled.stdout, profiled.stderr
        every = shell.run("quality", "run", "--every", "day")
        assert "not run" in every.stdout, every.stderr
