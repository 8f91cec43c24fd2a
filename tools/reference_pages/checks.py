"""checks.md: what is tested at every release, from the YAML and SQL of the packaged dbt project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amalimart.config.strict_yaml import read_yaml
from tools.reference_pages.markdown import code, codes, count, page, section, table, text
from tools.reference_pages.semantic_content import MARKETPLACE

_INTRO = """
Checks run inside the transaction that builds a release, over the models that it rebuilt. A row that breaks an
**error** holds the release back: everything is rolled back, the old release keeps serving, and the reason is
recorded. A row that breaks a **warning** is counted and published. How models are built is told in
[models.md](../models.md).
"""
_DBT = MARKETPLACE / "dbt"
_HEADER = re.compile(r"--\s?(.*)")
_SEVERITY = re.compile(r"severity\s*=\s*['\"](\w+)['\"]")


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """One generic test of one column."""

    column: str
    guards: str
    severity: str


def checks_page() -> str:
    """The page."""
    layers = []
    for layer in ("gold", "silver"):
        models = [_model(path) for path in sorted((_DBT / "models" / layer).glob("*.yml"))]
        layers.append(section(f"Checks of {layer} models", *models))
    singular = sorted((_DBT / "tests").glob("*.sql"))
    rows = [[code(path.stem), severity_of(path), text(header(path)[0])] for path in singular]
    rows.append([code("every_landed_row_is_accounted_for"), "error", _GENERATED])
    return page(
        "Checks",
        _INTRO,
        section(
            "Checks over several tables",
            table(["Check", "Severity", "Guards"], sorted(rows)),
        ),
        *layers,
    )


_GENERATED = (
    "Every landed row is superseded, deleted, filtered, accepted or quarantined: never lost. "
    "Written when the project is assembled."
)


def header(path: Path) -> tuple[str, dict[str, str]]:
    """The comment a model or check opens with: its prose, and its `key: value` lines."""
    prose, facts = [], {}
    for line in path.read_text(encoding="utf-8").splitlines():
        found = _HEADER.fullmatch(line.strip())
        if found is None:
            break
        key, separator, value = found[1].partition(": ")
        if separator and key in {"grain", "owner", "personal data", "kind"}:
            facts[key] = value
        else:
            prose.append(found[1])
    if not prose:
        raise ValueError(f"{path.name} does not open with a comment that says what it is for")
    return " ".join(prose), facts


def severity_of(path: Path) -> str:
    """Severity of a singular check; error where it sets none."""
    found = _SEVERITY.search(path.read_text(encoding="utf-8"))
    return _severity(found[1] if found else None)


def column_checks(model: dict[str, Any]) -> Iterator[ColumnCheck]:
    """The generic tests of a model's columns."""
    for column in model.get("columns", ()):
        for test in column.get("data_tests", ()):
            name, spec = (test, {}) if isinstance(test, str) else next(iter(test.items()))
            severity = _severity(spec.get("config", {}).get("severity"))
            yield ColumnCheck(column["name"], _words(name, spec.get("arguments", {})), severity)


def _model(path: Path) -> str:
    parts = []
    for model in read_yaml(path).data["models"]:
        _, facts = header(path.with_suffix(".sql"))
        checks = list(column_checks(model))
        rows = [[code(check.column), check.guards, check.severity] for check in checks]
        about = (
            f"{text(model['description'])} Grain: {text(facts['grain'])}. Owner: {text(facts['owner'])}. "
            f"{_tested(model, len(checks))}."
        )
        parts.append(
            section(
                model["name"], about, table(["Column", "Guards", "Severity"], rows) if rows else "", level=3
            )
        )
    return "\n\n".join(parts)


def _tested(model: dict[str, Any], checks: int) -> str:
    """How many checks there are, or whose hold the rows that a view shows."""
    meta = model["config"].get("meta", {})
    shown = meta.get("rows_of") or meta.get("some_rows_of")
    return f"A view: its rows are tested as those of {code(shown)}" if shown else count(checks, "check")


def _words(name: str, arguments: dict[str, Any]) -> str:
    match name:
        case "unique":
            return "no value twice"
        case "not_null":
            return "never empty"
        case "accepted_values":
            return f"one of {codes(arguments['values'])}"
        case "relationships":
            parent = re.sub(r"ref\('(\w+)'\)", r"\1", arguments["to"])
            return f"its parent is in {code(parent + '.' + arguments['field'])}"
    raise ValueError(f"the check {name} has no words in tools/reference_pages/checks.py")


def _severity(given: str | None) -> str:
    return {"warn": "warning", "error": "error"}[(given or "error").lower()]
