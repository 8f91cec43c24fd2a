"""What the descriptions beside the models declare of columns, for whoever looks at rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amalimart.config.strict_yaml import read_yaml
from amalimart.warehouse.project.compiler import is_personal

_REF = re.compile(r"""ref\(\s*['"]([a-z0-9_]+)['"]\s*\)""")


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """One column of a model.

    accepted    the values it may have, as text; None where nothing is declared
    references  model and column whose values it may have
    """

    is_personal: bool = False
    is_required: bool = False
    is_unique: bool = False
    accepted: tuple[str, ...] | None = None
    references: tuple[str, str] | None = None


def declared_columns(folder: Path, model: str) -> Mapping[str, DeclaredColumn]:
    """Column -> what is declared of it, in the assembled project of a folder. Raises ConfigError."""
    for described in _described(folder):
        if described.get("name") == model:
            return {str(each["name"]): _column(each) for each in described.get("columns") or ()}
    return {}


def _described(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / "models").rglob("*.yml")):
        document = read_yaml(path).data
        yield from (document or {}).get("models") or ()


def _column(described: Mapping[str, Any]) -> DeclaredColumn:
    accepted: tuple[str, ...] | None = None
    meta = ((described.get("config") or {}).get("meta") or {}) | (described.get("meta") or {})
    references = _place(meta.get("references"))
    required = unique = False
    for test in described.get("data_tests") or ():
        name, given = next(iter(test.items())) if isinstance(test, dict) else (test, {})
        arguments = (given or {}).get("arguments") or given or {}
        required, unique = required or name == "not_null", unique or name == "unique"
        if name == "accepted_values":
            accepted = tuple(map(str, arguments.get("values") or ()))
        elif name == "relationships":
            to = _REF.search(str(arguments.get("to")))
            references = (to[1], str(arguments.get("field"))) if to else references
    return DeclaredColumn(is_personal(described), required, unique, accepted, references)


def _place(text: object) -> tuple[str, str] | None:
    model, _, column = str(text or "").rpartition(".")
    return (model, column) if model else None
