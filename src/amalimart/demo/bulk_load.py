"""Filling an empty database with a generated marketplace, by binary COPY.

Owns the order of steps: tables, rows, id sequences, constraints, statistics. Must not decide what the
rows say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from amalimart.demo import copy_binary
from amalimart.demo.generator.marketplace import Marketplace
from amalimart.demo.generator.rows import Rows

Progress = Callable[[int, int, str], None]
_FOLDER = Path(__file__).parent


def load(connection: psycopg.Connection, marketplace: Marketplace, progress: Progress) -> dict[str, int]:
    """Make the schema and write every row, in the caller's transaction; rows written by table.

    `progress(done_rows, total_rows, what)` is called once per part; the total is an estimate until
    the last call, in which both are equal.
    """
    connection.execute(_script("schema.sql"))
    written: Counter[str] = Counter()
    done, total = 0, marketplace.expected_rows
    progress(0, total, "schema")
    for rows in marketplace.tables():
        _copy(connection, rows)
        written[rows.table] += len(rows)
        done += len(rows)
        total = max(total, done)
        progress(done, total, rows.table)
    progress(done, total, "indexes and constraints")
    connection.execute(_script("constraints.sql"))
    _set_sequences(connection)
    connection.execute("analyze")
    progress(done, done, "loaded")
    return dict(written)


def _script(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def _copy(connection: psycopg.Connection, rows: Rows) -> None:
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(rows.table), sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(copy_binary.HEADER)
        for block in copy_binary.encoded(rows):
            copy.write(block)
        copy.write(copy_binary.TRAILER)


def _set_sequences(connection: psycopg.Connection) -> None:
    """Identity columns go on after the highest loaded id."""
    identities = connection.execute(
        """
        select table_name, column_name
        from information_schema.columns
        where table_schema = 'public' and is_identity = 'YES'
        order by table_name
        """
    ).fetchall()
    for table, column in identities:
        connection.execute(
            sql.SQL(
                "select setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 0) + 1, false) from {}"
            ).format(sql.Literal(table), sql.Literal(column), sql.Identifier(column), sql.Identifier(table))
        )
