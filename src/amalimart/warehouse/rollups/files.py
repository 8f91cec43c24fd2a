"""The generated models of the declared rollups, their descriptions and their recipes, as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from amalimart.core.rollups import KEY, ROWS, RollupTable, Stored
from amalimart.warehouse.graph import model_id
from amalimart.warehouse.rollups.rollup_recipe import rollup_recipe
from amalimart.warehouse.rollups.rollup_sql import rollup_sql
from amalimart.warehouse.staging.files import RECIPES

_HOW = {
    Stored.COUNT: "How many rows have a {field}.",
    Stored.SUM: "Sum of {field}; null where no row has one.",
    Stored.MIN: "Least {field}.",
    Stored.MAX: "Greatest {field}.",
}


def write_rollups(folder: Path, rollups: Sequence[RollupTable]) -> None:
    """Write the models into a folder of an assembled project; nothing where there are none."""
    if not rollups:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for rollup in rollups:
        (folder / f"{rollup.table.name}.sql").write_text(_model(rollup))
    described = {"models": [_description(rollup) for rollup in rollups]}
    (folder / "_rollups.yml").write_text(yaml.dump(described, Dumper=yaml.CSafeDumper, sort_keys=False))
    recipes = {model_id(rollup.table.name): rollup_recipe(rollup).as_dict() for rollup in rollups}
    (folder / RECIPES).write_text(json.dumps(recipes, indent=1))


def _model(rollup: RollupTable) -> str:
    grain = ", ".join(rollup.groups) or "all rows"
    return (
        f"-- {_one_line(rollup.description)} Generated: its declaration is in the semantic files.\n"
        f"-- grain: one row per {grain}\n-- owner: {rollup.owner}\n"
        f"-- personal data: {', '.join(sorted(rollup.personal)) or 'none'}\n-- kind: change-driven\n"
        "{{ config(materialized='table', schema='"
        + rollup.table.schema
        + "') }}\n\n"
        + rollup_sql(rollup, "{{ ref('" + rollup.base.name + "') }}")
        + "\n"
    )


def _description(rollup: RollupTable) -> dict[str, object]:
    columns: list[dict[str, object]] = [
        {
            "name": KEY,
            "description": "Digest of the row's time and dimensions.",
            "data_tests": ["unique"],
        }
    ]
    for column in rollup.groups:
        told: dict[str, object] = {"name": column, "description": _group(rollup, column)}
        if column in rollup.personal:
            told["config"] = {"meta": {"class": "personal"}}
        columns.append(told)
    columns.append({"name": ROWS, "description": f"Rows of {rollup.base} it stands for."})
    columns += [
        {"name": column.name, "description": _HOW[column.how].replace("{field}", column.field)}
        for column in rollup.stored
    ]
    return {
        "name": rollup.table.name,
        "description": _one_line(rollup.description),
        "config": {"meta": {"key": [KEY], "sorted_by": [*_time(rollup), KEY]}},
        "columns": columns,
    }


def _time(rollup: RollupTable) -> tuple[str, ...]:
    return (rollup.time[0],) if rollup.time is not None else ()


def _group(rollup: RollupTable, column: str) -> str:
    if rollup.time is not None and column == rollup.time[0]:
        return f"First day of the {rollup.time[1].value} of {column} of {rollup.base.name}."
    return f"As {column} of {rollup.base.name}."


def _one_line(text: str) -> str:
    return " ".join(text.split())
