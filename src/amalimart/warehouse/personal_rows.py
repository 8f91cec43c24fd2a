"""Rows of one person in the served file, and words of a person in what it remembers of itself.

Which tables concern people is told by their columns: models keep the canonical names of ids of users.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amalimart.core.forgetting import json_without_words
from amalimart.core.names import TableRef, quoted
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.reading import ReadTransaction

_MAY_QUOTE = (
    ("blocked_builds", "what"),
    ("blocked_builds", "detail"),
    ("blocked_builds", "checks"),
    ("release_reasons", "reason"),
    ("release_checks", "acceptance"),
)
_BUILT = ("staging", "silver", "gold")
_PEOPLE = TableRef("staging", "stg_users")
_QUARANTINE = TableRef("silver", "quarantine")
_OF_A_ROW = ("_source", "_batch", "_sequence")


@dataclass(frozen=True, slots=True)
class FoundRows:
    """Rows of one table that concern a person."""

    table: TableRef
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def tables_naming(
    transaction: ReadTransaction, naming: Collection[str]
) -> Mapping[TableRef, tuple[str, ...]]:
    """Built table or view -> those of its columns that hold ids of users."""
    found: dict[TableRef, list[str]] = {}
    for schema, name, column in transaction.rows(
        "select schema_name, table_name, column_name from duckdb_columns()"
        f" where database_name = current_database() and schema_name in ({_listed(_BUILT)})"
        f" and column_name in ({_listed(sorted(naming))}) and data_type = 'VARCHAR'"
        " order by schema_name, table_name, column_index"
    ).rows:
        found.setdefault(TableRef(schema, name), []).append(column)
    return {table: tuple(columns) for table, columns in found.items()}


def count_of(transaction: ReadTransaction, table: TableRef, columns: Sequence[str], person: str) -> int:
    """How many rows of a table concern a person."""
    sql = f"select count(*) from {table.sql} where {_is_theirs(columns)}"
    return int(transaction.rows(sql, [person] * len(columns)).rows[0][0])


def rows_of(transaction: ReadTransaction, table: TableRef, columns: Sequence[str], person: str) -> FoundRows:
    """The rows of a table that concern a person."""
    sql = f"select * from {table.sql} where {_is_theirs(columns)} order by all"
    found = transaction.rows(sql, [person] * len(columns))
    return FoundRows(table, tuple(found.columns), tuple(found.rows))


def quarantined_of(
    transaction: ReadTransaction, naming: Mapping[TableRef, Sequence[str]], person: str
) -> FoundRows:
    """What the quarantine says of rows that concern a person."""
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    for table, columns_naming in naming.items():
        if table.schema != _PEOPLE.schema or not table.name.startswith("stg_"):
            continue
        match = " and ".join(f"rejected.{column} = theirs.{column}" for column in _OF_A_ROW)
        found = transaction.rows(
            f"select rejected.* from {_QUARANTINE.sql} as rejected where rejected.entity = ? and exists ("
            f"select 1 from {table.sql} as theirs where {match} and ({_is_theirs(columns_naming)}))"
            " order by all",
            [table.name.removeprefix("stg_"), *[person] * len(columns_naming)],
        )
        columns = tuple(found.columns)
        rows += found.rows
    return FoundRows(_QUARANTINE, columns, tuple(rows))


def nearest_person(transaction: ReadTransaction, given: str) -> str | None:
    """The id of a user that is written most like a text."""
    found = transaction.rows(
        f"select user_id from {_PEOPLE.sql} where user_id is not null"
        " order by levenshtein(user_id, ?), user_id limit 1",
        [given],
    ).rows
    return str(found[0][0]) if found else None


def forget_words(hot_file: HotFile, words: Collection[str]) -> int:
    """Put one word in the place of these in records of builds and releases; returns how many texts."""
    changed = 0
    with hot_file.write() as cursor:
        for table, column in _MAY_QUOTE:
            place, value = TableRef("meta", table).sql, quoted(column)
            found = cursor.execute(
                f"select distinct {value} from {place} where {value} is not null"
            ).fetchall()
            for (text,) in found:
                told = json_without_words(text, words)
                if told != text:
                    cursor.execute(f"update {place} set {value} = ? where {value} = ?", [told, text])
                    changed += 1
    return changed


def _is_theirs(columns: Sequence[str]) -> str:
    return " or ".join(f"{quoted(column)} = ?" for column in columns)


def _listed(names: Iterator[str] | Collection[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)
