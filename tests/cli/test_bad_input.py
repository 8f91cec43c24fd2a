"""Everything wrong a person can do at the command line ends in one clear error and the documented code."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.cli.shell import CSV_ORDERS, MAPPING, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("loaded"))
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    assert shell.gmv() == "30.30"
    return shell


@pytest.mark.slow
def test_a_broken_row_is_found_at_its_line_and_nothing_committed_is_lost(loaded: Shell) -> None:
    good = (loaded.drop / "orders.csv").read_text()
    (loaded.drop / "orders.csv").write_text(good + "3,9,2026-03-03 10:00:00\n")
    try:
        error = loaded.fails(3, *loaded.ingest())
        assert error["code"] == "broken_file"
        assert error["where"].endswith("orders.csv:4")
        assert loaded.gmv() == "30.30"
    finally:
        (loaded.drop / "orders.csv").write_text(good)


@pytest.mark.slow
def test_a_missing_column_names_the_nearest_one(loaded: Shell) -> None:
    good = (loaded.drop / "orders.csv").read_text()
    (loaded.drop / "orders.csv").write_text(good.replace("total\n", "totl\n", 1))
    try:
        error = loaded.fails(3, *loaded.ingest())
        assert (error["code"], error["nearest"]) == ("source_mismatch", "totl")
        assert loaded.gmv() == "30.30"
    finally:
        (loaded.drop / "orders.csv").write_text(good)


@pytest.mark.slow
def test_a_value_that_does_not_fit_is_quarantined_and_counted(shell: Shell) -> None:
    (shell.drop / "orders.csv").write_text(CSV_ORDERS + "3,9,2026-03-03 10:00:00,a lot\n")
    ended = shell.run(*shell.ingest(), "--json")
    assert ended.returncode == 0, ended.stderr
    counts = json.loads(ended.stdout)
    assert counts["quarantine"] == [{"reason": "orders: total_amount is unreadable", "rows": 1}]
    assert shell.gmv() == "30.30"


@pytest.mark.slow
def test_a_broken_mapping_names_file_and_line(shell: Shell) -> None:
    shell.mapping.write_text(MAPPING.replace("order_date: placed", "order_dte: placed"))
    error = shell.fails(2, *shell.ingest())
    assert error["where"] == f"{shell.mapping}:12"
    assert error["nearest"] == "order_date"
    shell.mapping.write_text(MAPPING + "  \tbroken: [\n")
    assert "not valid YAML" in shell.fails(2, *shell.ingest())["what"]


@pytest.mark.slow
def test_a_folder_or_mapping_that_is_not_there(shell: Shell) -> None:
    assert (
        shell.fails(2, "ingest", "csv", "nowhere", "--mapping", str(shell.mapping))["what"]
        == "no such folder"
    )
    error = shell.fails(2, "ingest", "csv", str(shell.drop), "--mapping", "amalimrt")
    assert error["nearest"] == "amalimart"


@pytest.mark.slow
def test_questions_that_cannot_be_answered(loaded: Shell) -> None:
    assert loaded.fails(6, "query", "gmw")["nearest"] == "gmv"
    assert loaded.fails(6, "query", "gmv", "--by", "custmer")["nearest"] == "customer"
    assert loaded.fails(6, "query", "gmv", "--where", "day >")["code"] == "invalid_filter"
    assert loaded.fails(6, "query", "gmv", "--from", "yesterday")["code"] == "invalid_filter"
    assert (
        loaded.fails(6, "query", "gmv", "--from", "2026-02-01", "--to", "2026-01-01")["code"]
        == "invalid_filter"
    )
    assert loaded.fails(6, "query", "total_payment_value")["code"] == "not_available"


@pytest.mark.slow
def test_no_project_and_no_release(shell: Shell, tmp_path: Path) -> None:
    assert shell.fails(2, "query", "gmv")["code"] == "project_not_found"
    assert shell.run("init", str(shell.home)).returncode == 0
    drop = ("--kind", "files", "--mapping", str(shell.mapping), "--folder", str(shell.drop))
    assert shell.run("source", "add", "tiny", *drop).returncode == 0
    assert shell.fails(5, "query", "gmv")["code"] == "nothing_published"
    ended = shell.run("init", str(shell.home))
    assert ended.returncode == 2
    assert "already" in ended.stderr
    assert str(tmp_path) in ended.stderr


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        pytest.param("dashboards/mine.yml", "title: [", "not valid YAML", marks=pytest.mark.slow),
        ("metrics/mine.yml", "metrics:\n  x: {kind: simpel}\n", ""),
        pytest.param("policies/vendor.yml", "role: vendr\n", "", marks=pytest.mark.slow),
        ("amalimart.yml", "name: x\ncurency: GHS\n", "unknown key 'curency'"),
    ],
)
@pytest.mark.slow
def test_a_wrong_file_of_the_project_names_itself(loaded: Shell, file: str, text: str, what: str) -> None:
    path = loaded.home / file
    before = path.read_text() if path.exists() else None
    path.write_text(text)
    try:
        error = loaded.fails(2, "query", "gmv")
        assert str(path) in error["where"]
        assert what in error["what"]
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert loaded.gmv() == "30.30"


@pytest.mark.slow
def test_an_unknown_metric_in_a_dashboard_file_names_the_nearest(loaded: Shell) -> None:
    packaged = Path(__file__).parents[2] / "src/amalimart/marketplace/dashboards/executive.yml"
    path = loaded.home / "dashboards" / "executive.yml"
    path.write_text(packaged.read_text().replace("gmv", "gmw"))
    try:
        error = loaded.fails(2, "query", "gmv")
        assert error["nearest"] == "gmv"
        assert error["where"].startswith(f"{path}:")
    finally:
        path.unlink()


@pytest.mark.slow
def test_a_busy_port_and_an_unreachable_source(shell: Shell) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert shell.run("init", str(shell.home), "--port", str(port)).returncode == 0
        add = ("source", "add", "shop", "--mapping", "demo", "--url-from-stdin", "--unchecked")
        added = shell.told("postgresql://reader:hunter2secret@127.0.0.1:9/shop", *add)
        assert added.returncode == 0, added.stderr
        ended = shell.run("up")
        assert ended.returncode == 8
        assert f"127.0.0.1:{port}" in ended.stderr
    ended = shell.run("up")
    assert ended.returncode == 3
    assert "hunter2secret" not in ended.stderr
    assert "hunter2secret" not in (shell.home / "amalimart.yml").read_text()
    found = shell.run("doctor", "--json")
    assert found.returncode == 8
    assert "hunter2secret" not in found.stdout
    problems = [line for line in json.loads(found.stdout) if line["verdict"] == "problem"]
    assert [line["subject"] for line in problems] == ["source shop"]
    assert problems[0]["next_step"]


def test_wrong_usage_is_a_usage_error_with_a_hint(shell: Shell) -> None:
    ended = shell.run("qery", "gmv")
    assert ended.returncode == 2
    assert "Did you mean 'query'" in ended.stderr
    ended = shell.run("query")
    assert ended.returncode == 2
    assert ended.stdout == ""
    ended = shell.run("--help")
    assert ended.returncode == 0
    assert "doctor" in ended.stdout
