"""warehouse rebuild and compact, backup and restore, on a whole project, without and beside an engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.running_engine import running_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("warehouse"))
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    return shell


@pytest.fixture(scope="module")
def engine(loaded: Shell) -> Iterator[None]:
    with running_engine(loaded.home):
        yield


def check(shell: Shell, folder: Path) -> None:
    said = json.loads(shell.run("status", "--json").stdout)
    rebuilt = shell.run("warehouse", "rebuild", "--json")
    assert rebuilt.returncode == 0, rebuilt.stderr
    result = json.loads(rebuilt.stdout)
    assert (result["differences"], result["at_one_position"]) == ([], True)
    assert result["tables"] > 40
    assert result["release_id"] == (said["release_id"] or 1) + 1
    assert "rebuild of the warehouse" in rebuilt.stderr
    assert shell.gmv() == "30.30"
    compacted = shell.run("warehouse", "compact")
    assert compacted.returncode == 0, compacted.stderr
    assert " bytes became " in compacted.stdout
    assert shell.gmv() == "30.30"
    taken = shell.run("backup", str(folder / "plain"))
    assert taken.returncode == 0, taken.stderr
    taken = shell.run("backup", "create", str(folder / "whole"), "--with-warehouse", "--json")
    assert taken.returncode == 0, taken.stderr
    assert json.loads(taken.stdout)["sources"][0]["version"] >= 1
    assert shell.run("backup", "verify", str(folder / "plain")).returncode == 0
    for name, releases in (("plain", None), ("whole", result["release_id"])):
        home = folder / f"again-{name}"
        restored = shell.run("restore", str(folder / name), str(home))
        assert restored.returncode == 0, restored.stderr
        assert (home / "data" / "warehouse.duckdb").is_file() is (releases is not None)
        if releases is not None:
            answered = shell.run("query", "gmv", "--json", AMALIMART_HOME=str(home))
            assert "30.30" in answered.stdout, answered.stderr


def test_without_an_engine(loaded: Shell, tmp_path: Path) -> None:
    check(loaded, tmp_path)


def test_beside_a_running_engine(loaded: Shell, engine: None, tmp_path: Path) -> None:
    assert engine is None
    check(loaded, tmp_path)
    said = json.loads(loaded.run("status", "--json").stdout)
    assert said["release_id"] == 3
    assert said["operation"]["kind"] == "copy"
    assert said["operation"]["state"] == "done"
    assert not list((loaded.home / "data" / "warehouse.files").glob("*.wal.*"))


def test_a_folder_that_is_no_backup_is_refused_with_what_to_do(loaded: Shell, tmp_path: Path) -> None:
    error = loaded.fails(4, "backup", "verify", str(tmp_path))
    assert error["code"] == "damaged_backup"
    assert error["next_step"] == "give the folder that `amalimart backup` made"
    error = loaded.fails(4, "restore", str(tmp_path), str(tmp_path / "home"))
    assert error["code"] == "damaged_backup"
    assert not (tmp_path / "home").exists()
