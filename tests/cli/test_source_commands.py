"""Connecting a shop at the command line: the whole way, and every wrong turn on it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from amalimart.cli import main
from amalimart.config.secrets import read_secrets
from amalimart.orchestrate.project.init import init_project
from tests.cli.shell import Shell
from tests.sources.conftest import Database, database, server

__all__ = ["database", "server"]

ORDERS = (
    "id,order_date,total,status,api_token\n1,2026-03-01,10.10,paid,s3cr3t\n2,2026-03-02,20.20,zapped,s3cr3t\n"
)


def secrets_of_sources(home: Path) -> dict[str, str]:
    """Those of the project but the ones that every project has."""
    of_every_project = {"METRICS_TOKEN", "AUDIT_KEY", "EMBED_KEY"}
    return {name: value for name, value in read_secrets(home).items() if name not in of_every_project}


def on_a_project(folder: Path) -> Shell:
    shell = Shell(folder)
    init_project(shell.home)
    (shell.drop / "orders.csv").write_text(ORDERS)
    return shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return on_a_project(tmp_path)


@pytest.mark.slow
def test_a_folder_is_added_drafted_checked_loaded_and_forgotten(shell: Shell) -> None:
    added = shell.run("source", "add", "drop", str(shell.drop), "--json")
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout) == {
        "source": "drop", "kind": "files", "mapping": "drop", "capture": None, "checked": True, "tables": 1,
        "rows": 2, "fitting_mappings": [], "rights": [], "next_step": "amalimart map draft drop",
    }  # fmt: skip
    assert "next: amalimart map draft drop" in added.stderr

    error = shell.fails(2, "map", "check", "drop")
    assert error["what"] == "no mapping named 'drop'"

    drafted = shell.run("map", "draft", "drop", "--json")
    assert drafted.returncode == 0, drafted.stderr
    draft = json.loads(drafted.stdout)
    columns = {line["canonical"]: line for line in draft["entities"][0]["columns"]}
    assert columns["total_amount"]["source"] == "total"
    assert 0.6 <= columns["total_amount"]["confidence"] <= 1
    assert draft["tables"][0]["secret"] == ["api_token"]
    text = (shell.home / "sources" / "drop.yml").read_text()
    assert "total_amount: total  # 0." in text
    assert "s3cr3t" not in text + drafted.stdout + drafted.stderr

    assert "decided" in shell.fails(2, "map", "draft", "drop")["what"]
    assert shell.run("map", "draft", "drop", "--overwrite").returncode == 0
    assert shell.run("map", "draft", "drop", "--out", "-").stdout == text

    checked = shell.run("map", "check", "drop", "--json")
    assert checked.returncode == 0, checked.stderr
    found = json.loads(checked.stdout)
    assert found["usable"]
    assert found["enum_drift"][0]["values"] == {"zapped": 1}
    assert found["secrets"] == ["orders.api_token"]
    assert {line["metric"] for line in found["metrics_unavailable"]} >= {"total_payment_value"}
    everything = shell.run("map", "check")
    assert everything.returncode == 0
    assert "'zapped' (1)" in everything.stdout
    assert shell.run("source", "check", "drop").returncode == 0

    listed = json.loads(shell.run("source", "list", "--json").stdout)
    assert [(line["name"], line["kind"], line["state"]) for line in listed] == [("drop", "files", "stopped")]

    assert shell.fails(2, "source", "resnapshot", "drop", "--table", "ordrs")["nearest"] == "orders"
    assert shell.run("source", "resnapshot", "drop", "--table", "orders").returncode == 0
    assert (shell.home / "run" / "resnapshot-drop.json").is_file()

    loaded = shell.run("ingest", "csv", str(shell.drop), "--mapping", "drop", "--source", "drop")
    assert loaded.returncode == 0, loaded.stderr
    assert shell.gmv() == "30.30"

    removed = shell.run("source", "remove", "drop", "--json")
    assert removed.returncode == 0, removed.stderr
    left = " ".join(json.loads(removed.stdout)["not_deleted"])
    assert "1 commits" in left
    assert "drop.yml" in left
    assert json.loads(shell.run("source", "list", "--json").stdout) == []
    assert not (shell.home / "run" / "resnapshot-drop.json").exists()
    assert "sources" not in (shell.home / "amalimart.yml").read_text()


@pytest.mark.source
@pytest.mark.slow
def test_a_drafted_mapping_gives_the_figures_that_are_known(shell: Shell, amalimart_sample: Path) -> None:
    """The header total of all orders, and quantity times price of all lines, from a draft as it stands."""
    assert shell.run("source", "add", "drop", str(amalimart_sample)).returncode == 0
    drafted = shell.run("map", "draft", "drop")
    assert drafted.returncode == 0, drafted.stderr
    loaded = shell.run("ingest", "csv", str(amalimart_sample), "--mapping", "drop", "--source", "drop")
    assert loaded.returncode == 0, loaded.stderr
    asked = shell.run("query", "gmv", "total_revenue", "order_count", "--total", "--json")
    assert json.loads(asked.stdout)["rows"] == [["561065.69", "638761.06", 1000]]


@pytest.mark.slow
def test_a_database_is_added_by_its_url_with_a_word_about_the_password(
    shell: Shell, database: Database
) -> None:
    database.run(
        "create table orders (id bigint primary key, order_date timestamp, total numeric(12, 2))",
        "create role cli_reader login superuser password 'hunter2'",
    )
    try:
        url = f"postgresql://cli_reader:hunter2@127.0.0.1:{database.server.port}/{database.name}"
        added = shell.run("source", "add", "shop", url, "--capture", "poll")
        assert added.returncode == 0, added.stderr
        assert "shell's history" in added.stderr
        assert "hunter2" not in added.stderr + added.stdout
        assert "hunter2" not in (shell.home / "amalimart.yml").read_text()
        assert secrets_of_sources(shell.home) == {"SHOP_URL": url}
        listed = shell.run("source", "list")
        assert "hunter2" not in listed.stdout
        assert f"cli_reader@127.0.0.1:{database.server.port}" in listed.stdout
        assert shell.run("map", "draft", "shop").returncode == 0
        checked = shell.run("source", "check", "shop")
        assert checked.returncode == 0, checked.stderr
        assert shell.run("source", "remove", "shop").returncode == 0
        assert secrets_of_sources(shell.home) == {}

        quiet = shell.told(url + "\n", "source", "add", "shop", "--url-from-stdin", "--capture", "poll")
        assert quiet.returncode == 0, quiet.stderr
        assert "history" not in quiet.stderr
        assert secrets_of_sources(shell.home) == {"SHOP_URL": url}
    finally:
        database.run("drop role cli_reader")


@pytest.mark.slow
def test_a_server_without_change_capture_is_refused_with_both_ways_out(
    shell: Shell, database: Database
) -> None:
    database.run("create table orders (id bigint primary key, order_date timestamp, total numeric(12, 2))")
    address = f"{database.address} password=hunter2"
    error = shell.fails(3, "source", "add", "shop", address)
    assert error["code"] == "capture_refused"
    assert "wal_level" in error["what"] + error["next_step"]
    assert "--capture poll" in error["next_step"]
    assert "every 60 minutes" in error["next_step"]
    assert "hunter2" not in json.dumps(error)
    assert "sources:" not in (shell.home / "amalimart.yml").read_text()
    assert shell.run("source", "add", "shop", address, "--unchecked").returncode == 0
    assert shell.fails(2, "source", "check", "shop")["what"] == "no mapping named 'shop'"


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("add", "drop", "oracle://u:hunter2@h/d"), 2, "cannot be a oracle:// address"),
        (("add", "drop", "nowhere"), 2, "no such folder"),
        (("add", "drop", ""), 2, "no address was given"),
        (("add", "Drop", "drop"), 2, "cannot be the name"),
        (("add", "drop", "drop", "--folder", "drop"), 2, "named more than once"),
        (("add", "drop", "drop", "--kind", "postgres"), 2, "this is a files source"),
        (("add", "drop", "drop", "--mapping", "amalimrt"), 2, "no mapping named"),
        (("add", "drop", "drop", "--capture", "poll"), 2, "not polled"),
        (("add", "drop", "postgresql://u:hunter2@127.0.0.1:9/d"), 3, "did not answer"),
        (("add", "drop", "postgresql://u:hunter2@127.0.0.1:nine/d"), 2, "not a number"),
        (("add", "drop", "mysql://u:hunter2@127.0.0.1:9/d"), 3, "did not answer"),
        (("add", "drop", "mysql://u:hunter2@127.0.0.1:9/d?ssl=1"), 2, "unknown parameter"),
        (("add", "drop", "mysql://u:hunter2@127.0.0.1:9"), 2, "cannot be read"),
        (("check", "drop"), 2, "no source 'drop'"),
        (("remove", "drop"), 2, "no source 'drop'"),
        (("resnapshot", "drop"), 2, "no source 'drop'"),
    ],
)
def test_a_wrong_turn_is_one_error_and_changes_nothing(
    shell: Shell,
    arguments: tuple[str, ...],
    code: int,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (shell.home / "amalimart.yml").read_text()
    monkeypatch.setenv("AMALIMART_HOME", str(shell.home))
    monkeypatch.chdir(shell.folder)
    monkeypatch.setattr(sys, "argv", ["amalimart", "source", *arguments])
    mask = os.umask(0o077)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        os.umask(mask)
    said = capsys.readouterr()
    assert ended.value.code == code, said.err
    assert said.out == ""
    (first, *_) = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert what in first
    assert "next: " in said.err
    assert "hunter2" not in said.err
    assert (shell.home / "amalimart.yml").read_text() == before
    assert secrets_of_sources(shell.home) == {}


def test_a_name_that_is_taken_is_refused_before_anything_is_asked(shell: Shell) -> None:
    assert shell.run("source", "add", "drop", str(shell.drop)).returncode == 0
    error = shell.fails(2, "source", "add", "drop", "postgresql://u:p@127.0.0.1:9/d")
    assert "already" in error["what"]
    assert "source remove drop" in error["next_step"]


@pytest.mark.slow
def test_a_server_that_says_nothing_is_given_up_on(shell: Shell) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"mysql://u:hunter2@127.0.0.1:{silent.getsockname()[1]}/d"
        started = time.monotonic()
        error = shell.fails(3, "source", "add", "shop", url)
        assert time.monotonic() - started < 60
    assert error["code"] == "source_unreachable"


def test_no_terminal_and_no_answer_is_an_interruption_and_not_a_defect(shell: Shell) -> None:
    ended = shell.run("source", "add", "shop")
    assert ended.returncode == 130
    assert "defect" not in ended.stderr


def test_every_help_page_is_there_and_the_first_is_fast(shell: Shell) -> None:
    for words in (("source",), ("map",), ("source", "add"), ("map", "draft"), ("map", "check")):
        assert shell.run(*words, "--help").returncode == 0
    imported = (
        "import sys\nfrom amalimart.cli.application import application\n"
        "try:\n    application(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pyarrow', 'duckdb', 'psycopg', 'pymysql', 'pydantic', 'yaml', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported for help: {heavy}' if heavy else 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
