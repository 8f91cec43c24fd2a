"""model list, model rebuild and plan, on a whole project without a running engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amalimart.warehouse.project.project_files import PACKAGED_PROJECT
from tests.cli.shell import Shell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


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


def test_a_plan_names_what_breaks_and_publishes_nothing(loaded: Shell) -> None:
    same = loaded.run("plan")
    assert (same.returncode, same.stdout.splitlines()[1:]) == (
        0,
        ["nothing changes: the project is as it was published"],
    )
    before = json.loads(loaded.run("model", "list", "--json").stdout)
    text = (PACKAGED_PROJECT / "models" / "gold" / "fact_orders.sql").read_text()
    edited = loaded.folder / "edited"
    edited.mkdir()
    (edited / "fact_orders.sql").write_text(text.replace("        orders.channel,\n", ""))
    ended = loaded.run("plan", "--models", str(edited), "--json")
    assert ended.returncode == 5, ended.stderr
    plan = json.loads(ended.stdout)
    (difference,) = [model for model in plan["models"] if model["model"] == "gold.fact_orders"]
    assert [column["name"] for column in difference["dropped"]] == ["channel"]
    assert (difference["rows"], difference["change"]) == (2, "changed")
    lost = {each["name"]: each["columns"] for each in plan["questions"]["dimensions_lost"]}
    assert lost == {"channel": ["gold.fact_orders.channel"]}
    assert "gold.fact_orders.channel" in plan["questions"]["fields_lost"]
    assert plan["is_breaking"]
    said = loaded.run("plan", "--models", str(edited))
    assert "BREAKS    the dimension channel reads gold.fact_orders.channel, which goes" in said.stdout
    assert json.loads(loaded.run("model", "list", "--json").stdout) == before


def test_a_plan_without_the_published_form_says_what_to_do(loaded: Shell) -> None:
    error = loaded.fails(5, "plan", AMALIMART_COMPILED=str(loaded.folder / "elsewhere"))
    assert error["code"] == "warehouse_error"
    assert "is gone" in error["what"]
    assert "amalimart up" in error["next_step"]


CONTACTS = """\
-- How people are reached.
-- grain: one row per user
-- owner: marketing
-- personal data: contact
-- kind: view
{{ config(materialized='view', schema='gold') }}

with contacts as (
    select
        user_id,
        full_name as contact
    from {{ ref('users') }}
)

select * from contacts
"""
CLASSIFIED = """\
models:
  - name: contacts
    description: How people are reached.
    columns:
      - name: user_id
        description: Id of the user.
      - name: contact
        description: Name.
        config: {meta: {class: personal}}
"""


def test_a_plan_names_columns_that_would_carry_personal_values_unclassified(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (shell.drop / "users.csv").write_text("id,name\n7,Ama\n8,Kofi\n")
    text = shell.mapping.read_text().replace("  orders: {}\n", "  orders: {}\n  users: {}\n")
    shell.mapping.write_text(f"{text}  users: {{table: users, columns: {{user_id: id, full_name: name}}}}\n")
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    edited = tmp_path / "edited"
    edited.mkdir()
    (edited / "contacts.sql").write_text(CONTACTS)
    ended = shell.run("plan", "--models", str(edited), "--json")
    assert ended.returncode == 0, ended.stderr
    (flow,) = json.loads(ended.stdout)["personal"]
    assert flow["column"] == "gold.contacts.contact"
    assert [name.rpartition(".")[2] for name in flow["made_of"]] == ["name"]
    said = shell.run("plan", "--models", str(edited)).stdout
    assert "PERSONAL  gold.contacts.contact would carry" in said
    (edited / "contacts.yml").write_text(CLASSIFIED)
    assert json.loads(shell.run("plan", "--models", str(edited), "--json").stdout)["personal"] == []
