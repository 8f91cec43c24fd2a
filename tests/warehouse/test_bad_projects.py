"""A project that does not compile: the file, the line and the nearest name are told, whatever dbt says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from amalimart.core.errors import CompileFailed
from amalimart.warehouse.file.engine_words import nearest_named, unknown_column
from amalimart.warehouse.project import compiler
from amalimart.warehouse.project.dbt_words import compile_failed
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from tests.warehouse.tiny_shop import PROJECT, SCHEMA_MACRO

BASE = {
    "dbt_project.yml": PROJECT,
    "macros/schema.sql": SCHEMA_MACRO,
    "macros/money.sql": "{% macro money(it) %}{{ it }}{% endmacro %}",
    "models/gold/fact_orders.sql": "select 1 as one",
}


@dataclass(frozen=True)
class Bad:
    """Files of an overlay, what dbt 1.11 says of them, and what is to be told."""

    files: dict[str, str]
    words: str
    where: str
    nearest: str | None = None


MINE = "models/overlay/mine.sql"
DESCRIBED = "models/overlay/mine.yml"
TESTED = "models: [{name: mine, columns: [{name: one, data_tests: [notnull]}]}]"
BAD = {
    "a template that cannot be read": Bad(
        {"mine.sql": "select 1\nas one,\n{% if %} 2"},
        f"Compilation Error in model mine ({MINE})\n  Expected an expression, got 'end of statement block'\n"
        "    line 3\n      {% if %} 2",
        f"{MINE}:3",
    ),
    "an unknown model": Bad(
        {"mine.sql": "select *\nfrom {{ ref('fact_order') }}"},
        f"Compilation Error\n  Model 'model.marketplace.mine' ({MINE}) depends on a node named 'fact_order'"
        " which was not found",
        MINE,
        "fact_orders",
    ),
    "an unknown source": Bad(
        {"mine.sql": "select * from {{ source('meta', 'run_contex') }}", "b.sql": "select 1 as one"},
        f"Compilation Error\n  Model 'model.marketplace.mine' ({MINE}) depends on a source named"
        " 'meta.run_contex' which was not found",
        MINE,
        "meta.run_context",
    ),
    "a cycle": Bad(
        {"a.sql": "select * from {{ ref('b') }}", "b.sql": "select * from {{ ref('a') }}"},
        "Found a cycle: model.marketplace.a --> model.marketplace.b",
        "models/overlay/a.sql",
    ),
    "a description that is not YAML": Bad(
        {"mine.sql": "select 1 as one", "mine.yml": "models:\n  - name: mine\n    columns: [{name: one\n"},
        "Parsing Error\n  Error reading marketplace: overlay/mine.yml - Runtime Error\n"
        "    Syntax error near line 4",
        f"{DESCRIBED}:4",
    ),
    "a description of another shape": Bad(
        {"mine.sql": "select 1 as one", "mine.yml": "models:\n  - nam: mine\n"},
        f"Parsing Error\n  The schema file at {DESCRIBED} is invalid because a list element for 'models'"
        " does not have a name attribute.",
        DESCRIBED,
    ),
    "an unknown macro": Bad(
        {"mine.sql": "select\n {{ mony(1) }}"},
        f"Runtime Error\n  Compilation Error in model mine ({MINE})\n    'mony' is undefined. This can happen"
        " when calling a macro that does not exist.",
        MINE,
        "money",
    ),
    "an unknown test": Bad(
        {"mine.sql": "select 1 as one", "mine.yml": TESTED},
        f"Runtime Error\n  Compilation Error in test notnull_mine_one ({DESCRIBED})\n"
        "    'test_notnull' is undefined.",
        DESCRIBED,
        "not_null",
    ),
    "two models of one name": Bad(
        {"mine.sql": "select 1 as one", "sub/mine.sql": "select 2 as one"},
        'Compilation Error\n  dbt found two models with the name "mine".\n'
        f"  - model.marketplace.mine (models/overlay/sub/mine.sql)\n  - model.marketplace.mine ({MINE})",
        "models/overlay/sub/mine.sql",
    ),
}


def assembled(folder: Path, files: dict[str, str]) -> Path:
    for part, texts in (("own", BASE), ("models", files)):
        for name, text in texts.items():
            path = folder / part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    settings = ProjectSettings(business_zone="Africa/Accra")
    assemble(folder / "dbt", [], settings, (folder / "models",), packaged=folder / "own")
    return folder / "dbt"


@pytest.mark.parametrize("case", BAD)
def test_file_line_and_nearest_name_are_read_from_dbts_words(tmp_path: Path, case: str) -> None:
    bad = BAD[case]
    said = f"07:00:00  Running with dbt=1.11.16\n07:00:01  Encountered an error:\n{bad.words}\n"
    error = compile_failed(said, "", assembled(tmp_path, bad.files), tmp_path / "dbt.log")
    assert (error.where, error.nearest) == (bad.where, bad.nearest)
    assert " ".join(bad.words.split())[:60] in error.what
    assert error.next_step is not None


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_dbt_still_speaks_so(tmp_path: Path, case: str) -> None:
    bad = BAD[case]
    project = assembled(tmp_path, bad.files)
    with pytest.raises(CompileFailed) as failed:
        compiler._run_dbt(project, tmp_path / "work", ProjectSettings(business_zone="Africa/Accra"))
    assert (failed.value.where, failed.value.nearest) == (bad.where, bad.nearest)


def test_words_that_name_no_file_leave_the_project() -> None:
    error = compile_failed("", "Database Error\n  out of luck", Path("/p/dbt"), Path("/p/dbt.log"))
    assert (error.where, error.nearest) == ("/p/dbt", None)
    assert "out of luck" in error.what


@pytest.mark.parametrize(
    ("complaint", "column", "near"),
    [
        (
            'Binder Error: Referenced column "totl" not found!\nCandidate bindings: "total", "x"',
            "totl",
            "total",
        ),
        (
            'Binder Error: Table "k" does not have a column named "totl"\n\nCandidate bindings: : "total"\n',
            "totl",
            "total",
        ),
        (
            'Catalog Error: Table with name x does not exist!\nDid you mean "gold.fact_orders"?',
            None,
            "gold.fact_orders",
        ),
        ("Conversion Error: Could not convert string 'x' to INT32", None, None),
    ],
)
def test_the_engine_names_what_it_offers(complaint: str, column: str | None, near: str | None) -> None:
    assert (unknown_column(complaint), nearest_named(complaint)) == (column, near)
