"""What a definition is known by: equal for texts that differ in comments and blanks only.

Made of the engine's words of the SQL, not of a tree: no rewriting can make two meanings look the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from amalimart.warehouse.graph import Check, Model

_ENGINE = DuckDB()


@lru_cache(maxsize=2_000)
def words_of(sql: str) -> str:
    """SQL without its comments, one blank between words; as it is where it cannot be taken apart."""
    try:
        tokens = _ENGINE.tokenize(sql)
    except SqlglotError:
        return sql
    words = []
    end = -1
    for token in tokens:
        # 0x10 is one number, 0 x10 a number with an alias: words that touch are kept apart from others.
        if token.start == end + 1 and _joins(sql[end : end + 1]) and _joins(sql[token.start]):
            words.append("\0")
        words.append(sql[token.start : token.end + 1])
        end = token.end
    return " ".join(words)


def _joins(character: str) -> bool:
    return character.isalnum() or character in {"_", "$", ".", '"', "'"}


def fingerprint_of(model: Model) -> str:
    """Of what decides a model's rows, where they stand and how they follow changes."""
    return _digest(
        [
            str(model.table),
            model.is_view,
            words_of(model.sql),
            _plain(asdict(model.recipe)) if model.recipe else None,
            _plain(asdict(model.on_changes)) if model.on_changes else None,
        ]
    )


def fingerprint_of_check(check: Check) -> str:
    """Of what decides a check's verdict, and what it does to a release."""
    delta = _plain(asdict(check.delta)) if check.delta else None
    return _digest([check.name, check.is_error, words_of(check.sql), delta])


@cache
def versions() -> str:
    """The programs whose change may change what the same SQL gives."""
    return " ".join(f"{name} {version(name)}" for name in ("dbt-core", "dbt-duckdb", "duckdb"))


def _plain(value: Any) -> Any:
    """A value with the SQL in it reduced to its words."""
    if isinstance(value, str):
        return words_of(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
