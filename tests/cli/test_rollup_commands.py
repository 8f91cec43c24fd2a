"""rollup list and advise, on a whole project without a running engine."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Shell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_the_packaged_rollups_are_built_with_the_release_and_listed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    shell = Shell(tmp_path_factory.mktemp("rollups"))
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    listed = json.loads(shell.run("rollup", "list", "--json").stdout)["rollups"]
    assert {each["name"]: each["rows"] for each in listed} == {
        "daily_orders": 2,
        "daily_items": 0,
        "daily_payments": 0,
    }
    table = shell.run("rollup", "list")
    assert table.returncode == 0
    assert "daily_orders" in table.stdout
    advised = json.loads(shell.run("rollup", "advise", "--json").stdout)
    assert (advised["answers"], advised["advised"]) == (0, [])
    assert "no other rollup would pay" in shell.run("rollup", "advise").stderr
    assert shell.gmv() == "30.30"
