"""The meaning of a metric as one normal form, and a hash of it that stays the same while the meaning does.

Only what decides a value is in it: measures, conditions, periods, arithmetic, the unit, and of each dataset
the table, its key, the joins that conditions go through and the currency of its money. What only explains
(labels, descriptions, notes, hints) and what only presents (aliases, usual groupings) is left out. The
metrics it is made of are in it by what they mean, so a change of one of them changes every hash above it.

A part that has its default value is left out, too: what definitions learn to say later changes no hash of
now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from amalimart.semantic.defined import Dataset
from amalimart.semantic.formula import Formula, Operation, leaves
from amalimart.semantic.shapes import FieldType, Unit

HASH_LENGTH = 16
_ANY_ORDER = frozenset({"where", "values", "ignores"})  # conditions all hold, whatever comes first
_COMMUTATIVE = frozenset({"+", "*"})


def definition_hash(formula: Formula, unit: Unit, datasets: Mapping[str, Dataset]) -> str:
    """The hash of what a formula means over these datasets."""
    with_money = {
        leaf.measure.dataset
        for leaf in leaves(formula)
        if datasets[leaf.measure.dataset].fields[leaf.measure.field].type is FieldType.MONEY
    }
    document = {
        "formula": _normal(formula),
        "unit": unit.value,
        "datasets": {
            name: _dataset(datasets[name], through, has_money=name in with_money)
            for name, through in _read(formula, datasets)
        },
    }
    return hashlib.sha256(_text(document).encode()).hexdigest()[:HASH_LENGTH]


def _read(formula: Formula, datasets: Mapping[str, Dataset]) -> Iterator[tuple[str, frozenset[str]]]:
    """Every dataset that is read, with the relationships of it that conditions go through."""
    through: dict[str, set[str]] = {}
    for leaf in leaves(formula):
        through.setdefault(leaf.measure.dataset, set())
        for condition in leaf.measure.where:
            here = leaf.measure.dataset
            for step in condition.column.path:
                through.setdefault(here, set()).add(step)
                here = datasets[here].relationships[step].to
                through.setdefault(here, set())
    for name in sorted(through):
        yield name, frozenset(through[name])


def _dataset(dataset: Dataset, through: frozenset[str], *, has_money: bool) -> dict[str, Any]:
    joins = {name: dataset.relationships[name] for name in sorted(through)}
    return {
        "table": str(dataset.table),
        "key": dataset.key,
        "currency": dataset.currency if has_money else None,
        "joins": {name: [join.to, join.column] for name, join in joins.items()},
    }


def _normal(part: Any) -> Any:
    if isinstance(part, Operation) and part.operator in _COMMUTATIVE:
        sides = sorted((_normal(part.left), _normal(part.right)), key=_text)
        return {"is": "Operation", "operator": part.operator, "of": sides}
    if is_dataclass(part) and not isinstance(part, type):
        said = {
            each.name: _field(each, getattr(part, each.name)) for each in fields(part) if _says(part, each)
        }
        return {"is": type(part).__name__, **said}
    if isinstance(part, tuple):
        return [_normal(each) for each in part]
    return _plain(part)


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return {type(value).__name__: value.value}
        case Decimal():
            return {"number": format(value.normalize(), "f")}
        case date():
            return {"day": value.isoformat()}
        case None | bool() | int() | str():
            return value
    raise TypeError(f"a definition holds a {type(value).__name__}, which has no normal form")


def _field(field: Field[Any], value: Any) -> Any:
    normal = _normal(value)
    return sorted(normal, key=_text) if field.name in _ANY_ORDER else normal


def _says(part: Any, field: Field[Any]) -> bool:
    return field.default is MISSING or getattr(part, field.name) != field.default


def _text(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
