"""governance and lineage --drop, as a person types them, on a project without a running engine."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Shell
from tests.running_engine import running_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
METRIC = """\
subject: {name: orders, label: {en: Orders, fr: Commandes}}
metrics:
  order_count:
    label: {en: Orders, fr: Commandes}
    description: Orders of more than nothing.
    owner: operations
    unit: count
    dataset: orders
    aggregate: count
    field: order_id
    where: ["total_amount > 0"]
"""
BY = ("--by", "Ama Serwaa", "--reason", "looked at it")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("governed"))
    ended = shell.run(*shell.ingest())
    assert ended.returncode == 0, ended.stderr
    return shell


def test_a_release_of_one_go_is_told_of(loaded: Shell) -> None:
    lines = (loaded.home / "logs" / "openlineage" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    told = [(event["job"]["name"], event["eventType"]) for event in events]
    assert told == [(job, kind) for job in ("release", "release.checks") for kind in ("START", "COMPLETE")]


def test_the_report_is_of_the_project_and_says_where_personal_values_flow(loaded: Shell) -> None:
    told = json.loads(loaded.run("governance", "report", "--json").stdout)
    assert (told["gaps"], told["personal_flow"]) == ([], [])
    tables = {entry["table"]: entry for entry in told["tables"]}
    assert tables["gold.fact_orders"]["responsible"]["steward"] == "finance data steward"
    said = loaded.run("governance", "report")
    assert said.returncode == 0, said.stderr
    assert "gold.fact_orders" in said.stdout


def test_a_review_is_read_and_signed_off(loaded: Shell) -> None:
    added = loaded.run("user", "add", "ama@x.test", "--role", "admin")
    assert added.returncode == 0, added.stderr
    review = json.loads(loaded.run("governance", "access-review", "--json").stdout)
    (ama,) = review["users"]
    assert (ama["email"], ama["unused"], review["last_sign_off"]) == ("ama@x.test", True, None)
    error = loaded.fails(6, "governance", "sign-off", *BY, "--report", "0000")
    assert error["code"] == "request_invalid"
    signed = loaded.run("governance", "sign-off", *BY, "--report", review["report_hash"])
    assert signed.returncode == 0, signed.stderr
    said = loaded.run("governance", "access-review").stdout
    assert "last signed off: this review, by Ama Serwaa" in said


def test_what_a_project_adds_is_listed_until_it_is_approved(loaded: Shell) -> None:
    assert "every definition is approved" in loaded.run("governance", "changes").stdout
    mine = loaded.home / "models" / "mine.sql"
    mine.write_text("select 1 as one\n")
    (change,) = json.loads(loaded.run("governance", "changes", "--json").stdout)["changes"]
    assert (change["name"], change["kind"], change["standing"]) == ("mine", "model", "new")
    error = loaded.fails(7, "governance", "approve", "mein", *BY)
    assert (error["code"], error["nearest"]) == ("not_found", "mine")
    done = loaded.run("governance", "approve", "mine", *BY)
    assert done.stdout.startswith("approved: the model mine as ")
    assert json.loads(loaded.run("governance", "changes", "--json").stdout)["changes"] == []
    mine.unlink()


def test_dropping_a_source_column_says_what_breaks_and_what_changes(loaded: Shell) -> None:
    name = f"{next((loaded.home / 'data' / 'lake').iterdir()).name}.orders"
    told = json.loads(loaded.run("lineage", f"{name}.buyer", "--drop", "--json").stdout)
    broken = {(each["what"], each["name"]) for each in told["affected"] if each["breaks"]}
    assert ("column", "gold.fact_orders.customer_id") in broken
    assert ("metric", "gmv") not in broken
    assert told["counts"]["breaks"]["column"] == sum(what == "column" for what, _ in broken)
    assert told["stops"] == [f"{name} is not followed any more until the mapping leaves buyer out"]
    said = loaded.run("lineage", f"{name}.total", "--drop").stdout
    assert said.startswith(f"without {name}.total\n! ")
    assert "dashboards: admin" in said
    assert loaded.fails(7, "lineage", f"{name}.buyr", "--drop")["nearest"] == f"{name}.buyer"
    assert "amalimart plan" in loaded.fails(6, "lineage", "gmv", "--drop")["next_step"]


def test_a_running_engine_tells_of_what_it_publishes(loaded: Shell) -> None:
    events = loaded.home / "logs" / "openlineage" / "events.jsonl"
    before = len(events.read_text().splitlines())
    with running_engine(loaded.home):
        done = loaded.run("model", "rebuild", "fact_orders", "--json")
        assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in events.read_text().splitlines()[before:]]
    releases = [event for event in told if event["job"]["name"] == "release"]
    assert [event["eventType"] for event in releases] == ["START", "COMPLETE"]
    facet = releases[1]["run"]["facets"]["amalimart_release"]
    assert facet["releaseId"] == json.loads(done.stdout)["release_id"]
    assert "gold.fact_orders" in {output["name"] for output in releases[1]["outputs"]}


def test_a_receipt_says_that_a_metric_is_not_approved_until_it_is(loaded: Shell) -> None:
    (loaded.home / "metrics" / "mine.yml").write_text(METRIC)
    settings = loaded.home / "amalimart.yml"
    settings.write_text(settings.read_text() + "governance: {require_approval: true}\n")

    def notes() -> str:
        return json.dumps(json.loads(loaded.run("query", "order_count", "--json").stdout)["receipt"])

    assert ": the definition has not been approved." in notes()
    names = [
        each["name"] for each in json.loads(loaded.run("governance", "changes", "--json").stdout)["changes"]
    ]
    assert "order_count" in names
    assert loaded.run("governance", "approve", *names, *BY).returncode == 0
    assert "has not been approved" not in notes()
