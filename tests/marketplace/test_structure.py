"""Every model says what it is: header, one YAML beside it, every column described, its key tested."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from amalimart.mapping.entities import load_entities

if TYPE_CHECKING:
    from tests.marketplace.conftest import CompiledProject, ModelBench

MODELS = Path(__file__).parents[2] / "src" / "amalimart" / "marketplace" / "dbt" / "models"
SQL_FILES = sorted(path for path in MODELS.rglob("*.sql") if path.parent.name != "staging")
TEAMS = {"finance data", "customer data", "vendor data", "catalogue data", "logistics data", "support data",
         "marketing data", "data platform"}  # fmt: skip
KINDS = {"change-driven", "day-driven", "view"}
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


def description(path: Path) -> dict[str, Any]:
    (model,) = yaml.safe_load(path.with_suffix(".yml").read_text())["models"]
    return dict(model)


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_a_model_opens_with_its_grain_owner_personal_data_and_kind(path: Path) -> None:
    facts = header(path)
    assert facts["text"], "the header says what the model is"
    assert facts["grain"].startswith("one row per ")
    assert facts["owner"] in TEAMS
    assert facts["kind"] in KINDS
    assert ("materialized='view'" in path.read_text()) == (facts["kind"] == "view")
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
