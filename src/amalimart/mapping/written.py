"""What may stand in a mapping: texts that are inert wherever they are written, and no secret column.

What a mapping says is written into SQL and, with it, into templates. Both are quoted where they are
written; what has a meaning to either and none to a person is refused before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from amalimart.config.strict_yaml import YamlDocument
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier
from amalimart.mapping.shape import (
    NO_NAMESPACE,
    ColumnMapping,
    Condition,
    Deduplicate,
    MappingFile,
    PartMapping,
    TableMapping,
)

_LOOKS_SECRET = re.compile(
    r"passw|passphrase|passcode|pwd|secret|token|credential|iban|cvv|cvc|api_?key|private_?key"
    r"|(account|card)_?(num|no($|_))|(^|_)(pin|otp|ssn|salt)($|_)",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{[{%#]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_A_COLUMN_NAME = re.compile(r"[{}]")
_NOT_IN_A_TABLE_NAME = re.compile(r"[{}'\"\\]")


def looks_secret(column: str) -> bool:
    """Whether a column is named as passwords, tokens and account numbers are."""
    return _LOOKS_SECRET.search(column) is not None


def refuse_unwritable(document: YamlDocument, parsed: MappingFile) -> None:
    """Raises ConfigError for a name or a text that a template or an engine could read as its own."""
    _refuse_namespace(parsed.namespace, document.where("namespace"))
    for table, spec in parsed.tables.items():
        _refuse_table(document, table, spec)
    for entity, parts in parsed.entities.items():
        for index, part in enumerate(parts):
            _refuse_part(document, ("entities", entity, index), part)


def refuse_secret(where: str, table_name: str, table: TableMapping, columns: Iterable[str]) -> None:
    """Raises ConfigError for a column that is classified or named so that it must stay in the source."""
    for column in columns:
        if column in table.secret or column in table.ignored or looks_secret(column):
            raise ConfigError(
                f"{table_name}.{column} is secret or ignored, or is named like a secret: it cannot be landed",
                where=where,
                expected="a column that is neither",
                next_step=f"list it under `tables.{table_name}.secret` and leave it out of the entity",
            )


def _refuse_table(document: YamlDocument, table: str, spec: TableMapping) -> None:
    where = document.where("tables", table)
    for name in (table, *spec.also):
        _refuse_in(name, _NOT_IN_A_TABLE_NAME, where, "a table name")
    cursor = (spec.cursor.column, *spec.cursor.key) if spec.cursor else ()
    _refuse_columns((*cursor, *(spec.key or ()), *spec.secret, *spec.ignored), where)


def _refuse_part(document: YamlDocument, path: tuple[str | int, ...], part: PartMapping) -> None:
    _refuse_namespace(part.namespace, document.where(*path, "namespace"))
    for column, condition in part.row_filter.conditions.items():
        where = document.where(*path, "where", column)
        _refuse_columns((column,), where)
        _refuse_values(_texts_of(condition), where)
    _refuse_values((part.row_filter.sql,), document.where(*path, "where"))
    _refuse_columns(_ordering(part.deduplicate), document.where(*path, "deduplicate"))
    for name, lookup in part.lookup.items():
        where = document.where(*path, "lookup", name)
        _refuse_columns((*lookup.match, *lookup.match.values(), *_ordering(lookup.deduplicate)), where)
    for column, origin in (part.columns or {}).items():
        _refuse_origin(document.where(*path, "columns", column), origin)


def _refuse_origin(where: str, origin: ColumnMapping) -> None:
    _refuse_columns((origin.source or "", *(origin.join or ())), where)
    texts = (origin.constant, origin.default, origin.format, origin.sql, origin.separator)
    _refuse_values((*texts, *(origin.values or {})), where)
    _refuse_namespace(origin.namespace, where)


def _texts_of(condition: Condition) -> tuple[str, ...]:
    return (*(condition.one_of or ()), *(condition.none_of or ()))


def _ordering(rule: Deduplicate | None) -> tuple[str, ...]:
    return () if rule is None or rule.by is None else (rule.by,)


def _refuse_namespace(namespace: str | None, where: str) -> None:
    if namespace is not None and not is_identifier(namespace):
        raise ConfigError(
            f"the namespace {namespace[:100]!r} is not a plain name",
            where=where,
            expected=f"small letters, digits and underscores, or `{NO_NAMESPACE}`",
        )


def _refuse_columns(columns: Iterable[str], where: str) -> None:
    for column in columns:
        _refuse_in(column, _NOT_IN_A_COLUMN_NAME, where, "a column name")


def _refuse_values(texts: Iterable[str | None], where: str) -> None:
    for text in texts:
        _refuse_in(text or "", _TEMPLATE, where, "a value")


def _refuse_in(text: str, refused: re.Pattern[str], where: str, what: str) -> None:
    found = _UNPRINTABLE.search(text) or refused.search(text)
    if found:
        raise ConfigError(
            f"{what} holds {found[0]!r}: {text[:100]!r}",
            where=where,
            expected=f"{what} of printable characters, without quotes or braces that a template could read",
            next_step="rename it in the source, or land it through a view under a plain name",
        )
