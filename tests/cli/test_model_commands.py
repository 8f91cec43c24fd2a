"""model list and model rebuild, without a running engine."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Shell


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("models"))
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    return shell


def test_models_are_listed_and_rebuilt_in_releases_of_their_own(loaded: Shell) -> None:
    listed = json.loads(loaded.run("model", "list", "--json").stdout)
    models = {model["relation"]: model for model in listed["models"]}
    assert (listed["release_id"], models["gold.fact_orders"]["rows"]) == (1, 2)
    whole = json.loads(loaded.run("model", "rebuild", "fact_orders", "--json").stdout)
    assert whole["release_id"] == 2
    assert whole["reason"] == "rebuild of gold.fact_orders and what reads it by Local operator"
    said = loaded.run("model", "rebuild", "gold.fact_orders", "--from", "2026-03-01", "--to", "2026-03-01")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(
        "release 3: rebuild of gold.fact_orders by Local operator, from 2026-03-01 to 2026-03-01;"
    )
    assert loaded.gmv() == "30.30"


def test_what_cannot_be_rebuilt_says_what_to_do(loaded: Shell) -> None:
    error = loaded.fails(6, "model", "rebuild", "fact_order")
    assert (error["code"], error["nearest"]) == ("unknown_name", "fact_orders")
    error = loaded.fails(6, "model", "rebuild", "quarantine")
    assert error["code"] == "not_available"
    error = loaded.fails(6, "model", "rebuild", "fact_orders", "--from", "March")
    assert error["code"] == "invalid_filter"
