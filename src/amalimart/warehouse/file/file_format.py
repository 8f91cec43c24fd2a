"""Which format a hot file has: an older one is brought up to date as it is opened, a newer one is refused.

The format counts what `meta` looks like and means. Built tables do not count: a release of another project
builds them anew by itself. A file from before there were formats has none, which is 0.
"""

from __future__ import annotations

import duckdb

from amalimart.core.errors import NewerFormat

FORMAT = 1

_DDL = "create table if not exists meta.file_format (format integer not null)"


def refuse_newer(connection: duckdb.DuckDBPyConnection, where: str) -> None:
    """Raises NewerFormat for a file that a newer version wrote. Nothing of it has been touched then."""
    found = _format(connection)
    if found > FORMAT:
        raise NewerFormat(
            f"the warehouse has format {found}, which this version does not know",
            where=where,
            expected=f"format {FORMAT} or less",
            next_step="upgrade amalimart again, or remove the file: it is built again from the lake",
        )


def record_format(connection: duckdb.DuckDBPyConnection) -> None:
    """Say that the file has this version's format, after its tables were brought there."""
    if _format(connection) != FORMAT:
        connection.execute(
            f"begin transaction; {_DDL}; delete from meta.file_format;"
            f" insert into meta.file_format values ({FORMAT}); commit"
        )


def _format(connection: duckdb.DuckDBPyConnection) -> int:
    known = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database()"
        " and schema_name = 'meta' and table_name = 'file_format'"
    ).fetchone()
    found = connection.execute("select max(format) from meta.file_format").fetchone() if known else None
    return int(found[0] or 0) if found else 0
