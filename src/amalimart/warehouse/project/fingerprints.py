"""What a definition is known by: equal for texts that differ in comments and blanks only.

Made of the words of the SQL, not of a tree: no rewriting can make two meanings look the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from functools import cache, lru_cache
from importlib.metadata import version
from itertools import pairwise
from typing import Any

from amalimart.warehouse.graph import Check, Model

_WORD = re.compile(
    r"""
    --[^\n]* | /\*(?:(?!/\*|\*/).)*\*/     # comments
    | [eE]'(?:[^'\\]|\\.|'')*'             # a text with escapes
    | [xXbB]?'(?:[^']|'')*'                # a text, or bytes
    | "(?:[^"]|"")*"                       # a name
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$      # a text in dollars
    | \w+                                  # 0x10 is one word, 0 x10 are two
    | [^\w\s]
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=4_000)
def words_of(sql: str) -> str:
    """SQL without its comments, one blank between words; as it is where that cannot be told for sure."""
    words = [found[0] for found in _WORD.finditer(sql)]
    if any(pair == ("/", "*") for pair in pairwise(words)):
        return sql  # a comment within a comment
    return " ".join(word for word in words if not word.startswith(("--", "/*")))


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
