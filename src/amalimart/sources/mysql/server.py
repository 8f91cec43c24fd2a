"""What one server says about itself: its kind, its identity and how far its binary log is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pymysql.connections import Connection  # type: ignore[import-untyped]
from pymysql.err import OperationalError  # type: ignore[import-untyped]

from amalimart.sources.mysql.connection import run
from amalimart.sources.mysql.gtid import GtidSet, MariaDBGtids, MySQLGtids

_ASKED = (
    "server_uuid",
    "server_uid",
    "server_id",
    "hostname",
    "port",
    "version",
    "log_bin",
    "log_bin_compress",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "binlog_row_value_options",
    "binlog_transaction_compression",
    "binlog_expire_logs_seconds",
    "expire_logs_days",
    "gtid_mode",
    "gtid_strict_mode",
    "lower_case_table_names",
    "sync_binlog",
    "innodb_flush_log_at_trx_commit",
)


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `settings` holds the global variables that matter here, by lower-case name."""

    settings: Mapping[str, str]

    @property
    def is_mariadb(self) -> bool:
        return "mariadb" in self.settings.get("version", "").lower()

    @property
    def folds_table_names(self) -> bool:
        """Whether the case of a table's name does not count."""
        return self.settings.get("lower_case_table_names", "0") != "0"

    def identity(self, database: str) -> str:
        """Where this differs, transaction ids cannot be compared (MySQL: only as sets)."""
        if not self.is_mariadb:
            return f"mysql/{self.settings.get('server_uuid', '')}/{database}"
        own = (
            self.settings.get("server_uid") or f"{self.settings.get('hostname')}:{self.settings.get('port')}"
        )
        return f"mariadb/{self.settings.get('server_id', '')}/{own}/{database}"

    def gtids(self, text: str) -> GtidSet:
        """A set of transactions of this kind of server. Raises ValueError."""
        return MariaDBGtids.parse(text) if self.is_mariadb else MySQLGtids.parse(text)


def read_server(connection: Connection) -> Server:
    """Ask a server who it is. Raises pymysql errors."""
    names = ", ".join(f"'{name}'" for name in _ASKED)
    rows = run(connection, f"show global variables where variable_name in ({names})")
    settings = {str(name).lower(): str(value) for name, value in rows}
    settings["version"] = str(run(connection, "select version()")[0][0])
    return Server(settings)


def logged_gtids(connection: Connection, server: Server) -> str:
    """The transactions whose changes can be seen, or are about to be. Raises pymysql errors."""
    variable = "gtid_binlog_pos" if server.is_mariadb else "gtid_executed"
    return _compact(run(connection, f"select @@global.{variable}")[0][0])


def snapshot_gtids(connection: Connection, server: Server, before: str) -> str:
    """The transactions a consistent snapshot, open on this connection, is sure to see. Raises pymysql errors.

    MariaDB writes a transaction to the binary log, and moves gtid_binlog_pos, before the storage engine
    shows it: a transaction of that position may be missing in a snapshot taken after. It therefore
    tells the place in the log that a snapshot belongs to. MySQL moves gtid_executed after the engine's
    commit, so what was read `before` the snapshot is in it.
    """
    if not server.is_mariadb:
        return before
    status = dict(run(connection, "show status like 'binlog_snapshot_%'"))
    place = (status.get("Binlog_snapshot_file", ""), int(status.get("Binlog_snapshot_position") or 0))
    found = run(connection, "select binlog_gtid_pos(%s, %s)", place)[0][0]
    if found is None:
        raise OperationalError(2013, f"the binary log {place[0]} was removed while a snapshot began")
    return _compact(found)


def server_time(connection: Connection) -> datetime:
    """The server's clock, UTC. Raises pymysql errors."""
    seconds = run(connection, "select unix_timestamp(now(6))")[0][0]
    return datetime.fromtimestamp(float(seconds), UTC)


def _compact(text: object) -> str:
    return "".join(str(text or "").split())
