"""Every model says what it is: header, one YAML beside it, every column described, its key tested."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from amalimart.mapping.entities import load_entities

if TYPE_CHECKING:
    from tests.marketplace.conftest import CompiledProject, ModelBench

PROJECT = Path(__file__).parents[2] / "src" / "amalimart" / "marketplace" / "dbt" / "dbt_project.yml"
DEFAULTS = yaml.safe_load(PROJECT.read_text())["models"]["marketplace"]["+meta"]
MODELS = Path(__file__).parents[2] / "src" / "amalimart" / "marketplace" / "dbt" / "models"
SQL_FILES = sorted(path for path in MODELS.rglob("*.sql") if path.parent.name != "staging")
TEAMS = {"finance data", "customer data", "vendor data", "catalogue data", "logistics data", "support data",
         "marketing data", "data platform"}  # fmt: skip
KINDS = {"change-driven", "day-driven", "view"}
CLASSES = {"public", "internal", "personal"}
NAMES_OF_NOTHING = {"campaign_id", "visitor_id"}  # ids of things that no canonical entity holds
VALUES_OF_SOURCES = {"gender", "role", "customer_kind", "auth_provider", "status", "discount_type", "method",
                     "payment_method", "previous_status", "changed_by"}  # fmt: skip
BOUNDARY_SENSITIVE = re.compile(
    r"\b(date_diff|datediff|date_trunc|isodow|round|date_part|generate_series)\b|[^-*]/[^*]"
)


def header(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    comment = [
        line[3:] for line in lines[: next(n for n, line in enumerate(lines) if not line.startswith("--"))]
    ]
    facts = dict(
        line.split(": ", 1) for line in comment if re.match(r"(grain|owner|personal data|kind): ", line)
    )
    return facts | {"text": " ".join(line for line in comment if line.split(": ")[0] not in facts)}


@cache
def description(path: Path) -> dict[str, Any]:
    (model,) = yaml.load(path.with_suffix(".yml").read_text(), yaml.CSafeLoader)["models"]
    return dict(model)


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_a_model_opens_with_its_grain_owner_personal_data_and_kind(path: Path) -> None:
    facts = header(path)
    assert facts["text"], "the header says what the model is"
    assert facts["grain"].startswith("one row per ")
    assert facts["owner"] in TEAMS
    assert facts["kind"] in KINDS
    assert ("materialized='view'" in path.read_text()) == (facts["kind"] == "view")
    if facts["kind"] != "view":  # a view of any day is computed when it is read
        assert ("'run_context'" in path.read_text()) == (facts["kind"] == "day-driven")


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_a_model_ends_with_the_cte_of_its_name_and_asks_macros_about_boundaries(path: Path) -> None:
    text = path.read_text()
    assert text.endswith(f"\n)\n\nselect * from {path.stem}\n")
    assert f"{path.stem} as (" in text
    code = re.sub(r"--.*|\{\{[^}]*\}\}|'[^']*'", "", text)
    assert not BOUNDARY_SENSITIVE.search(code), BOUNDARY_SENSITIVE.search(code)
    assert "current_date" not in code
    assert "now()" not in code


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_the_yaml_describes_exactly_the_columns_the_model_has(path: Path, bench: ModelBench) -> None:
    model = description(path)
    table = f"{path.parent.name}.{path.stem}"
    bench.rows(table)
    actual = [row[0] for row in bench.execute(f"describe {table}")]
    assert model["name"] == path.stem
    assert len(model["description"]) > 15
    assert [column["name"] for column in model["columns"]] == actual
    undescribed = [c["name"] for c in model["columns"] if len(c.get("description") or "") < 4]
    assert undescribed == []


def told(column: dict[str, Any]) -> dict[str, Any]:
    return dict(column.get("config", {}).get("meta") or {})


def declared(column: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The arguments of the column's checks of a kind."""
    checks = [check for check in column.get("data_tests", ()) if isinstance(check, dict)]
    return [check[kind]["arguments"] for check in checks if kind in check]


def is_of_rows_of(path: Path) -> str | None:
    """The fact whose rows a view shows beside history, without adding or losing one."""
    found = description(path)["config"]["meta"].get("rows_of")
    return None if found is None else str(found)


def is_of_some_rows_of(path: Path) -> str | None:
    """The model of whose rows a view shows some, each once."""
    found = description(path)["config"]["meta"].get("some_rows_of")
    return None if found is None else str(found)


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_a_model_says_its_key_class_and_freshness(path: Path) -> None:
    model = description(path)
    meta = DEFAULTS | model["config"]["meta"]
    assert set(meta["key"]) <= {column["name"] for column in model["columns"]}
    assert meta["freshness"] == ("day" if "'run_context'" in path.read_text() else "release")
    assert {
        meta["class"],
        *(told(column).get("class", meta["class"]) for column in model["columns"]),
    } <= CLASSES


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_an_id_says_what_it_is_the_id_of(path: Path) -> None:
    model = description(path)
    described = {file.stem: {c["name"] for c in description(file)["columns"]} for file in SQL_FILES}
    described |= {f"stg_{name}": set(entity.columns) for name, entity in load_entities().items()}
    for column in model["columns"][1:]:
        name = column["name"]
        if not name.endswith("_id") or name in NAMES_OF_NOTHING or name == model["config"]["meta"]["key"][-1]:
            continue
        to, _, field = told(column).get("references", "").partition(".")
        for check in declared(column, "relationships"):
            to, field = check["to"].removeprefix("ref('").removesuffix("')"), check["field"]
        assert field in described.get(to, set()), f"{path.stem}.{name} references {to}.{field}"


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_a_column_of_few_values_lists_those_that_staging_lets_through(path: Path) -> None:
    entities = load_entities().values()
    possible = [set(c.values) for entity in entities for c in entity.columns.values() if c.values]
    for column in description(path)["columns"]:
        if column["name"] not in VALUES_OF_SOURCES:
            continue
        listed = [set(check["values"]) for check in declared(column, "accepted_values")]
        listed += [set(told(column)["values"])] if "values" in told(column) else []
        assert len(listed) == 1, f"{path.stem}.{column['name']}"
        whole = listed[0] | {"UNKNOWN"}  # which a check may leave out in order to find it
        assert whole in [each | {"UNKNOWN"} for each in possible], f"{path.stem}.{column['name']}"


@pytest.mark.parametrize("path", [p for p in SQL_FILES if is_of_rows_of(p)], ids=lambda path: path.stem)
def test_a_view_of_a_facts_rows_joins_nothing_that_adds_rows(path: Path, bench: ModelBench) -> None:
    fact = is_of_rows_of(path)
    assert path.read_text().count(" join ") == 1 + path.read_text().count("as_was(")
    bench.put_base_rows()
    key = description(path)["columns"][0]["name"]
    rows = [row[key] for row in bench.rows(f"gold.{path.stem}", order_by=key)]
    assert rows == [row[key] for row in bench.rows(f"gold.{fact}", order_by=key)]
    assert rows


@pytest.mark.parametrize("path", [p for p in SQL_FILES if is_of_some_rows_of(p)], ids=lambda path: path.stem)
def test_a_view_of_some_rows_joins_by_whole_keys_only(path: Path, bench: ModelBench) -> None:
    text = path.read_text()
    described = {file.stem: description(file) for file in SQL_FILES}
    joins = re.findall(
        r"(?:left|inner) join (\w+)\s+on\s((?:.|\n)*?)(?=\n    (?:left|inner|cross|where)|\n\))", text
    )
    assert len(joins) == text.count(" join ") - text.count("cross join ")
    for joined, on in joins:
        key = described[joined]["config"]["meta"]["key"]
        if "as_was(" not in on:
            assert all(f" = {joined}.{column}" in on for column in key), f"{joined} on {on}"
    assert re.findall(r"cross join (\w+)", text) in ([], ["run_context"])
    bench.put_base_rows()
    key = description(path)["columns"][0]["name"]
    (of,) = [file for file in SQL_FILES if file.stem == is_of_some_rows_of(path)]
    rows = [row[key] for row in bench.rows(f"{path.parent.name}.{path.stem}")]
    assert len(rows) == len(set(rows)) > 0
    assert set(rows) <= {row[key] for row in bench.rows(f"{of.parent.name}.{of.stem}")}


def checks_on(path: Path, compiled: CompiledProject) -> list[dict[str, Any]]:
    return [
        dict(node)
        for node in compiled.nodes.values()
        if node["resource_type"] == "test"
        and node.get("test_metadata")
        and node["attached_node"] == f"model.marketplace.{path.stem}"
    ]


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_the_first_column_is_tested_at_error_level_and_unique_alone_or_with_others(
    path: Path, compiled: CompiledProject
) -> None:
    first = description(path)["columns"][0]["name"]
    checks = checks_on(path, compiled)
    if is_of_rows_of(path) or is_of_some_rows_of(path):
        assert checks == [], "they would look at every row of the fact with each release"
        return
    tested = {
        node["test_metadata"]["name"]: str(node["config"]["severity"]).lower()
        for node in checks
        if node["column_name"] == first
    }
    combined = [node for node in checks if node["test_metadata"]["name"] == "unique_combination"]
    assert tested.get("not_null") == "error"
    if not combined:
        assert tested.get("unique") == "error"
        return
    (node,) = combined
    columns = node["test_metadata"]["kwargs"]["columns"]
    assert str(node["config"]["severity"]).lower() == "error"
    assert columns[0] == first
    assert columns == [column["name"] for column in description(path)["columns"]][: len(columns)]
    assert set(description(path)["config"]["meta"]["key"]) <= set(columns)
    assert set(node["config"]["meta"]["compared_by"]) == {path.stem}


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_personal_columns_are_the_same_in_header_yaml_and_entities(path: Path) -> None:
    named = header(path)["personal data"]
    in_header = set() if named == "none" else set(named.split(", "))
    marked = {
        column["name"]
        for column in description(path)["columns"]
        if column.get("config", {}).get("meta", {}).get("class") == "personal"
    }
    assert marked == in_header
    personal = {
        c for e in load_entities().values() for c, s in e.columns.items() if s.sensitivity == "personal"
    }
    columns = {column["name"] for column in description(path)["columns"]}
    assert columns & personal <= marked


def test_no_model_has_a_second_description_and_no_description_lacks_its_model() -> None:
    assert {path.stem for path in SQL_FILES} == {
        path.stem for path in MODELS.rglob("*.yml") if path.parent.name != "staging"
    }
