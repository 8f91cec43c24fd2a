"""Connections to a MySQL or MariaDB source, and its errors in our words. A password is never repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pymysql  # type: ignore[import-untyped]
from pymysql.connections import Connection  # type: ignore[import-untyped]

from amalimart.core.errors import (
    AmalimartError,
    ConfigError,
    SourceError,
    SourceMismatch,
    SourceRefused,
    SourceUnreachable,
)
from amalimart.core.names import nearest
from amalimart.sources.mysql.wire import SocketReader

CONNECT_SECONDS = 10
READ_SECONDS = 300
_SSL_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
_PARAMETERS = ("ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket")
_EXPECTED = "mysql://user:password@host:port/database"
# A session that shows instants in UTC, compares no statement with the shop's own SQL mode, and lets us
# take our time to write what it sends.
_SESSION = (
    "set session time_zone = '+00:00', sql_mode = '', net_write_timeout = 3600, "
    "character_set_results = utf8mb4"
)
_REFUSED = {1044, 1045, 1049, 1129, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 2026, 2059, 3118, 3159, 4151}
_FORBIDDEN = {1142, 1143, 1227, 1370}
_CHANGED = {1051, 1054, 1072, 1091, 1146, 1356, 1412}
_LOG_UNUSABLE = 1236


@dataclass(frozen=True)
class Address:
    """Where a source is and how to sign in; shows itself without the password."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a `mysql://` or `mariadb://` URL. Raises ConfigError, which repeats none of it."""
        try:
            parts = urlsplit(text)
            port = parts.port or 3306
            parameters = dict(
                parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
            )
        except ValueError:
            raise _unreadable() from None
        database = unquote(parts.path.removeprefix("/"))
        if parts.scheme not in {"mysql", "mariadb"} or parts.fragment or not database or "/" in database:
            raise _unreadable()
        for key in parameters:
            if key not in _PARAMETERS:
                raise ConfigError(
                    f"the address of the source has an unknown parameter {key[:40]!r}",
                    expected=", ".join(_PARAMETERS),
                    nearest=nearest(key, _PARAMETERS),
                    next_step="correct its name, or leave it out",
                )
        mode = parameters.get("ssl-mode", "preferred").lower()
        if mode not in _SSL_MODES:
            raise ConfigError(
                "the address of the source has an unknown ssl-mode",
                expected=", ".join(_SSL_MODES),
                nearest=nearest(mode, _SSL_MODES),
                next_step="choose one of these, or leave it out",
            )
        if mode.startswith("verify") and "ssl-ca" not in parameters:
            raise ConfigError(
                f"ssl-mode={mode} needs the certificate to verify against",
                expected="ssl-ca=/path/to/ca.pem beside it",
                next_step="add ssl-ca, or verify nothing with ssl-mode=required",
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(user, password, parts.hostname or "127.0.0.1", port, database, parameters)

    @property
    def shown(self) -> str:
        """user@host:port/database."""
        place = self.parameters.get("socket") or f"{self.host}:{self.port}"
        return f"{self.user or 'the current user'}@{place}/{self.database}"

    def __str__(self) -> str:
        return self.shown

    def without_secrets(self, message: str) -> str:
        """A message of the driver with the password blotted out, on one line."""
        if self.password:
            message = message.replace(self.password, "***")
        return " ".join(message.split())

    def settings(self, *, read_seconds: float = READ_SECONDS) -> dict[str, Any]:
        """What the driver needs to connect; holds the password."""
        settings: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user or None,
            "password": self.password.encode(),
            "charset": "utf8mb4",
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": read_seconds,
            "write_timeout": READ_SECONDS,
            "autocommit": True,
            "program_name": "amalimart",
        }
        if socket := self.parameters.get("socket"):
            settings["unix_socket"] = socket
        mode = self.parameters.get("ssl-mode", "preferred").lower()
        if mode == "disabled":
            settings["ssl_disabled"] = True
        elif mode != "preferred" or set(self.parameters) & {"ssl-ca", "ssl-cert", "ssl-key"}:
            settings["ssl"] = self._ssl(mode)
        return settings

    def connect(self) -> Connection:
        """A connection outside any transaction. Raises SourceUnreachable, SourceRefused."""
        with self.errors():
            # A server that accepts and then says nothing is given up on as one that does not accept.
            greeted = self.settings(read_seconds=CONNECT_SECONDS)
            connection = buffered(pymysql.connect(**greeted, database=self.database))
            try:
                run(connection, _SESSION)
                connection._read_timeout = READ_SECONDS  # noqa: SLF001 - from here on it may think
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def errors(self, log_unusable: Callable[[str], SourceError] | None = None) -> Iterator[None]:
        """Turn what the driver raises into SourceUnreachable, SourceRefused or SourceMismatch.

        `log_unusable` makes the error for a binary log that cannot be read from where it should. The
        driver's own error is not chained: it may hold the address with its password.
        """
        try:
            yield
        except AmalimartError:
            raise
        except pymysql.err.MySQLError as error:
            code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            said = self.without_secrets(str(error.args[-1] if error.args else error))
            if code == _LOG_UNUSABLE and log_unusable is not None:
                raise log_unusable(said) from None
            raise self._explained(code, said) from None
        except RuntimeError as error:
            # The driver's way to say that it cannot encrypt a password outside TLS.
            raise self._explained(1251, self.without_secrets(str(error))) from None
        except OSError as error:
            raise self._explained(0, self.without_secrets(str(error))) from None

    def _ssl(self, mode: str) -> dict[str, Any]:
        options: dict[str, Any] = {"check_hostname": mode == "verify_identity"}
        options["verify_mode"] = "required" if mode.startswith("verify") else "none"
        named = {"ca": "ssl-ca", "cert": "ssl-cert", "key": "ssl-key"}
        return options | {
            key: self.parameters[name] for key, name in named.items() if name in self.parameters
        }

    def _explained(self, code: int, said: str) -> SourceError:
        if code in _FORBIDDEN:
            return SourceRefused(
                f"the source user may not do everything that is needed: {said}",
                where=self.shown,
                expected="the right to select every landed column, and to read the binary log",
                next_step="grant what `amalimart source add` listed",
            )
        if code in _CHANGED:
            return SourceMismatch(
                f"the source changed while it was read: {said}",
                where=self.shown,
                expected="the tables and columns seen a moment ago",
                next_step="run the command again",
            )
        if code in _REFUSED:
            return SourceRefused(
                f"the source refused the connection: {said}",
                where=self.shown,
                expected="an existing database, user and password with the right to connect from here",
                next_step="correct the source's address or password, or add ssl-mode=required to it",
            )
        return SourceUnreachable(
            f"the source did not answer: {said}",
            where=self.shown,
            expected="a MySQL or MariaDB server that accepts connections",
            next_step="check that the server runs and that host and port are right, then try again",
        )


def buffered(connection: Connection) -> Connection:
    """The same connection, read through a buffer that can be waited for. To be called between commands."""
    connection._rfile = SocketReader(connection._sock)  # noqa: SLF001 - the driver has no door for this
    return connection


def run(connection: Connection, statement: str, values: tuple[Any, ...] = ()) -> tuple[tuple[Any, ...], ...]:
    """Run one statement and fetch all it answers. Raises pymysql errors."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return tuple(cursor.fetchall())


def quoted(name: str) -> str:
    """A name as a quoted MySQL identifier, whatever characters it holds."""
    escaped = name.replace("`", "``")
    return f"`{escaped}`"


def _unreadable() -> ConfigError:
    return ConfigError(
        "the address of the source cannot be read",
        expected=_EXPECTED,
        next_step="write special characters of user and password as %XX",
    )
