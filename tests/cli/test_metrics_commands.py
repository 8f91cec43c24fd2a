"""metrics show, diff, check and accept, as a person types them, on a project in a git repository."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell
from tests.running_engine import running_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HEAD = "subject: {name: own, label: {en: Own, fr: Le nôtre}}\nmetrics:\n"
LARGE = """\
  large_gmv:
    label: {en: GMV of large orders, fr: Volume des grandes commandes}
    description: Header totals of orders of 20 and more.
    owner: finance
    unit: money
    dataset: orders
    aggregate: sum
    field: total_amount
    where: ["total_amount >= 20"]
"""
TWICE = """\
  twice_large:
    label: {en: Twice, fr: Deux fois}
    description: Twice the large ones.
    owner: finance
    unit: money
    kind: derived
    formula: 2 * large_gmv
"""
DASHBOARD = """\
title: Large ones
description: Large orders.
roles: [admin]
tiles:
  - {id: large, type: kpi, metric: large_gmv}
"""
DAYS = ("--from", "2026-03-01", "--to", "2026-03-31")


def git(home: Path, *arguments: str) -> None:
    said = ("-c", "user.name=A", "-c", "user.email=a@x.test", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(home), *said, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("measured"))
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    return shell


@pytest.fixture
def shop(loaded: Shell) -> Shell:
    """The project with two metrics of its own, committed as they are."""
    for name in (".git", "metrics", "dashboards"):
        shutil.rmtree(loaded.home / name, ignore_errors=True)
    (loaded.home / "metric_versions.yml").unlink(missing_ok=True)
    for name, text in (("metrics/own.yml", HEAD + LARGE + TWICE), ("dashboards/large.yml", DASHBOARD)):
        (loaded.home / name).parent.mkdir(exist_ok=True)
        (loaded.home / name).write_text(text, encoding="utf-8")
    git(loaded.home, "init", "-q", "-b", "main")
    git(loaded.home, "add", "metrics", "dashboards")
    git(loaded.home, "commit", "-q", "-m", "first")
    return loaded


def edit(shop: Shell, old: str, new: str) -> None:
    path = shop.home / "metrics" / "own.yml"
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def diff(shop: Shell, *arguments: str) -> dict[str, Any]:
    ended = shop.run("metrics", "diff", *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def test_a_changed_meaning_is_breaking_and_its_effect_on_numbers_and_dashboards_is_shown(shop: Shell) -> None:
    assert diff(shop) == {"changes": [], "affected": [], "numbers": None}
    edit(shop, '"total_amount >= 20"', '"total_amount >= 10"')
    found = diff(shop, *DAYS)
    assert [(each["name"], each["weight"], each["lacks_version"]) for each in found["changes"]] == [
        ("large_gmv", "breaking", True),
        ("twice_large", "breaking", True),
    ]
    assert found["changes"][0]["metrics"] == ["twice_large"]
    assert found["affected"] == [{"kind": "dashboard", "name": "large", "names": ["large_gmv"]}]
    numbers = found["numbers"]
    assert (numbers["from"], numbers["to"], numbers["release_id"]) == ("2026-03-01", "2026-03-31", 1)
    assert [
        (each["metric"], each["before"]["value"], each["after"]["value"], each["after"]["currency"])
        for each in numbers["effects"]
    ] == [("large_gmv", "20.20", "30.30", "GHS"), ("twice_large", "40.40", "60.60", "GHS")]
    said = shop.run("metrics", "diff", "main", *DAYS)
    assert said.returncode == 0, said.stderr
    assert "release 1" in said.stdout
    assert "30.30" in said.stdout
    assert "under the version of before: large_gmv, twice_large" in said.stderr


def test_new_gone_and_unanswerable_metrics_have_a_number_on_one_side_or_a_reason(shop: Shell) -> None:
    edit(
        shop,
        TWICE,
        LARGE.replace("large_gmv", "of_visits").replace('["total_amount >= 20"]', '["channel = x"]'),
    )
    edit(shop, "Header totals of orders of 20", "Totals of orders of 20")
    found = diff(shop, *DAYS)
    assert {each["name"]: each["weight"] for each in found["changes"]} == {
        "twice_large": "breaking", "of_visits": "additive", "large_gmv": "cosmetic",
    }  # fmt: skip
    sides = {each["metric"]: (each["before"], each["after"]) for each in found["numbers"]["effects"]}
    assert sides["twice_large"][0]["value"] == "40.40"
    assert sides["twice_large"][1] == {"value": None, "currency": None, "error": None}
    assert sides["of_visits"][1]["error"] == "not_available"
    assert found["affected"] == []


def test_a_folder_stands_for_before_as_well_and_packaged_definitions_of_another_version(shop: Shell) -> None:
    other = shop.folder / "other"
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    (other / "own.yml").write_text(HEAD + LARGE.replace(">= 20", ">= 10"))
    found = diff(shop, str(other), "--no-numbers")
    assert {each["name"]: each["weight"] for each in found["changes"]} == {
        "large_gmv": "breaking", "twice_large": "additive",
    }  # fmt: skip
    import amalimart  # noqa: PLC0415 - only for where its definitions are

    packaged = shop.folder / "packaged"
    shutil.rmtree(packaged, ignore_errors=True)
    shutil.copytree(Path(amalimart.__file__).parent / "marketplace" / "semantic", packaged)
    file = packaged / "metrics" / "vendors.yml"
    file.write_text(file.read_text().replace('where: ["status = APPROVED"]\n    time: none', "time: none"))
    (change,) = diff(shop, "--packaged", str(packaged), "--no-numbers")["changes"]
    assert (change["name"], change["weight"]) == ("active_vendors", "breaking")


def test_a_running_engine_measures_the_same_and_serves_on_as_it_started(shop: Shell) -> None:
    with running_engine(shop.home):
        edit(shop, '"total_amount >= 20"', '"total_amount >= 10"')
        (first, _) = diff(shop, *DAYS)["numbers"]["effects"]
        assert (first["before"]["value"], first["after"]["value"]) == ("20.20", "30.30")
        served = json.loads(shop.run("query", "large_gmv", "--total", "--json").stdout)
        assert served["rows"] == [["20.20"]]


def test_what_is_no_ref_and_no_folder_is_one_typed_error(shop: Shell) -> None:
    error = shop.fails(6, "metrics", "diff", "mian")
    assert (error["code"], error["nearest"]) == ("request_invalid", "main")
    shutil.rmtree(shop.home / ".git")
    assert "no git repository" in shop.fails(6, "metrics", "diff")["what"]
    git(shop.home, "init", "-q")
    assert "no commit" in shop.fails(6, "metrics", "diff")["what"]


def test_a_mistake_in_a_commit_is_told_with_the_ref_and_the_line(shop: Shell) -> None:
    edit(shop, "aggregate: sum", "agregate: sum")
    git(shop.home, "commit", "-q", "-am", "wrong")
    edit(shop, "agregate: sum", "aggregate: sum")
    error = shop.fails(2, "metrics", "diff")
    assert (error["where"], error["nearest"]) == ("HEAD:metrics/own.yml:9", "aggregate")


def test_the_gate_of_a_project_lets_nothing_change_without_a_version_and_a_word(shop: Shell) -> None:
    assert "large_gmv (new)" in shop.fails(6, "metrics", "check")["what"]
    assert shop.run("metrics", "accept", "--reason", "First.").returncode == 0
    assert "2 metrics" in shop.run("metrics", "check").stdout
    edit(shop, '"total_amount >= 20"', '"total_amount >= 10"')
    error = shop.fails(6, "metrics", "check")
    assert error["what"] == "the meaning of large_gmv, twice_large changed, and the version did not"
    assert "own.yml:3" in error["where"]
    assert shop.fails(6, "metrics", "accept", "large_gmv", "--reason", "x")["code"] == "request_invalid"
    edit(shop, "description: Header", "version: 2\n    description: Header")
    edit(shop, "description: Twice", "version: 2\n    description: Twice")
    assert shop.fails(7, "metrics", "accept", "large_gm", "--reason", "x")["nearest"] == "large_gmv"
    assert "large_gmv" in shop.run("metrics", "accept", "--reason", "From 10 on.").stdout
    assert shop.run("metrics", "check").returncode == 0
    shown = json.loads(shop.run("metrics", "show", "large_gmv", "--json").stdout)
    assert [(each["version"], each["what"]) for each in shown["changes"]] == [
        (1, "First."),
        (2, "From 10 on."),
    ]
    assert (shown["metric"]["version"], shown["metric"]["hash"]) == (2, shown["changes"][1]["hash"])
    receipt = json.loads(shop.run("query", "large_gmv", "--json").stdout)["receipt"]
    assert receipt["metrics"][0]["hash"] == shown["metric"]["hash"]
    assert receipt["metrics"][0]["version"] == 2
    said = shop.run("metrics", "show", "total_sales")
    assert "formula: sum of total amount in orders" in said.stdout
    assert shop.fails(6, "metrics", "show", "gmw")["nearest"] == "gmv"
