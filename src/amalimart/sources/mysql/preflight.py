"""What stands in the way of following a server's changes, each with the exact way out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from pymysql.connections import Connection  # type: ignore[import-untyped]

from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.mysql.connection import quoted, run
from amalimart.sources.mysql.relations import Relation
from amalimart.sources.mysql.server import Server
from amalimart.sources.preflight import Finding

_OLDEST_MARIADB = (10, 5)
_OLDEST_MYSQL = (8, 0, 17)
_A_DAY = 86_400


def server_findings(server: Server) -> Iterator[Finding]:
    """What the server's version and settings do not allow."""
    yield from _version_findings(server)
    of = server.settings
    if of.get("log_bin", "OFF").upper() not in {"ON", "1"}:
        yield Finding(
            "the binary log is off (my.cnf, then a restart of the server)",
            ("[mysqld]", "log_bin = binlog", "server_id = 1"),
        )
        return
    if of.get("server_id", "0") == "0":
        yield Finding("server_id is 0, so no replica may connect", ("set global server_id = 1",))
    wanted = {"binlog_format": "ROW", "binlog_row_image": "FULL", "binlog_row_metadata": "FULL"}
    for name, value in wanted.items():
        has = of.get(name, "not there").upper()
        if has != value:
            yield Finding(
                f"{name} is {has}, and change capture needs {value} (sessions that are open keep their own)",
                (f"set global {name} = '{value}'", "[mysqld]", f"{name} = {value}"),
            )
    if of.get("binlog_row_value_options", ""):
        yield Finding(
            "binlog_row_value_options makes the log hold parts of JSON columns only",
            ("set global binlog_row_value_options = ''",),
        )
    if of.get("binlog_transaction_compression", "OFF").upper() in {"ON", "1"}:
        yield Finding(
            "binlog_transaction_compression is on, which is not understood",
            ("set global binlog_transaction_compression = off",),
        )
    yield from _gtid_findings(server)
    yield from _retention_findings(server)
    unsafe = [name for name in ("sync_binlog", "innodb_flush_log_at_trx_commit") if of.get(name, "1") != "1"]
    if unsafe:
        yield Finding(
            f"{' and '.join(unsafe)}: not 1, so a crash of the server can make it forget what is in the lake",
            tuple(f"set global {name} = 1" for name in unsafe),
            blocking=False,
        )


def _version_findings(server: Server) -> Iterator[Finding]:
    shown = server.settings.get("version", "")
    numbers = tuple(int(part) for part in shown.split("-")[0].split(".") if part.isdigit())
    oldest = _OLDEST_MARIADB if server.is_mariadb else _OLDEST_MYSQL
    if numbers < oldest:
        kind = "MariaDB" if server.is_mariadb else "MySQL"
        yield Finding(f"{kind} {shown} is too old: {'.'.join(map(str, oldest))} or later is needed")


def _gtid_findings(server: Server) -> Iterator[Finding]:
    if server.is_mariadb:
        if server.settings.get("gtid_strict_mode", "OFF").upper() not in {"ON", "1"}:
            yield Finding(
                "gtid_strict_mode is off: the order of servers that write into one domain is not kept",
                ("set global gtid_strict_mode = 1",),
                blocking=False,
            )
        return
    mode = server.settings.get("gtid_mode", "OFF").upper()
    if mode != "ON":
        yield Finding(
            f"gtid_mode is {mode}; a place in the log can only be found again by transaction ids",
            (
                "set global enforce_gtid_consistency = on",
                "set global gtid_mode = off_permissive",
                "set global gtid_mode = on_permissive",
                "set global gtid_mode = on",
                "[mysqld]",
                "gtid_mode = ON",
                "enforce_gtid_consistency = ON",
            ),
        )


def _retention_findings(server: Server) -> Iterator[Finding]:
    seconds = float(server.settings.get("binlog_expire_logs_seconds") or 0)
    seconds = seconds or _A_DAY * float(server.settings.get("expire_logs_days") or 0)
    if not seconds:
        yield Finding(
            "the binary log is kept for ever; see that something else removes old files", blocking=False
        )
    elif seconds < _A_DAY:
        yield Finding(
            f"the binary log is kept for {seconds / 3600:.1f} hours: an ingest that is away for longer takes "
            "every table anew",
            (
                "set global binlog_expire_logs_seconds = 259200",
                "[mysqld]",
                "binlog_expire_logs_seconds = 259200",
            ),
            blocking=False,
        )


def right_findings(connection: Connection, server: Server) -> Iterator[Finding]:
    """Which of the rights that concern the whole server are missing. Raises pymysql errors."""
    user, granted = read_grants(connection)
    if not granted & {"ALL PRIVILEGES", "REPLICATION SLAVE", "REPLICATION REPLICA", "SUPER"}:
        yield Finding(f"{user} may not read the binary log", (f"grant replication slave on *.* to {user}",))
    monitor = "BINLOG MONITOR" if server.is_mariadb else "REPLICATION CLIENT"
    if not granted & {"ALL PRIVILEGES", "REPLICATION CLIENT", "BINLOG MONITOR", "SUPER"}:
        yield Finding(
            f"{user} may not ask how far the binary log reaches back; it is followed without",
            (f"grant {monitor.lower()} on *.* to {user}",),
            blocking=False,
        )


def read_grants(connection: Connection) -> tuple[str, frozenset[str]]:
    """The account as it is written in a grant, and its rights on everything. Raises pymysql errors."""
    account = str(run(connection, "select current_user()")[0][0])
    name, _, host = account.rpartition("@")
    shown = f"'{name}'@'{host}'"
    rows = run(
        connection,
        "select privilege_type from information_schema.user_privileges where grantee = %s",
        (shown,),
    )
    return shown, frozenset(str(row[0]).upper() for row in rows)


def table_findings(
    relations: Mapping[str, Relation], mapping: SourceMapping, columns: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """What is wrong with following the mapped tables, and what is worth knowing of them."""
    for table, landed in columns.items():
        relation = relations[table]
        if not relation.is_table:
            yield Finding(
                f"{table} is a {relation.kind.lower()}, which cannot be followed: map the tables behind it",
                table=table,
            )
            continue
        for column in landed:
            if relation.columns[column].compressed:
                yield Finding(
                    f"{table}.{column} is stored compressed, in a form the binary log repeats: leave it out",
                    (f"alter table {relation.sql} modify {quoted(column)} ...",),
                    table,
                )
        if relation.engine.upper() in {"MEMORY", "BLACKHOLE", "FEDERATED", "CONNECT", "SPIDER"}:
            yield Finding(
                f"{table} has the engine {relation.engine}, which loses rows without telling", table=table
            )
        key = mapping.key_columns(table)
        if not relation.key:
            yield Finding(
                f"{table} has no primary key; the mapping's key {', '.join(key)} has to tell its rows apart",
                (f"alter table {relation.sql} add primary key ({', '.join(map(quoted, key))})",),
                table,
                blocking=False,
            )


_REFERRING = """
select distinct table_schema, table_name
from information_schema.key_column_usage
where referenced_table_name is not null
"""
# As the server writes it: one constraint a line.
_FOREIGN_KEY = re.compile(
    r"^ *CONSTRAINT .* FOREIGN KEY .* REFERENCES (?P<parent>.+) \(.*?\)(?P<rules>( ON .*?)?),?$", re.MULTILINE
)
_TAKES_ALONG = re.compile(r"ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL|SET DEFAULT)")


def cascade_findings(
    connection: Connection, relations: Mapping[str, Relation], tables: Collection[str]
) -> Iterator[Finding]:
    """Which mapped tables the storage engine changes by itself, and tells no log. Raises pymysql errors."""
    places = {(relations[table].schema, relations[table].table): table for table in tables}
    referring = [places[place] for place in run(connection, _REFERRING) if place in places]
    for table in sorted(referring):
        # A reader of the rows sees the rules nowhere else.
        (_, definition, *_) = run(connection, f"show create table {relations[table].sql}")[0]
        for found in _FOREIGN_KEY.finditer(definition):
            rules = " ".join(_TAKES_ALONG.findall(found["rules"])).lower()
            if rules:
                parent = found["parent"].replace("`", "")
                yield Finding(
                    f"rows of {table} that a change of {parent} takes along ({rules}) are in no binary log: "
                    f"let the application change them, or: amalimart source resnapshot NAME --table {table}",
                    table=table,
                    blocking=False,
                )
