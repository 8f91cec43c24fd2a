"""Connections to a PostgreSQL source, and its errors in our words. A password is never repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import adbc_driver_manager
import psycopg
import pyarrow as pa
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from amalimart.core.errors import (
    AmalimartError,
    ConfigError,
    SourceError,
    SourceMismatch,
    SourceRefused,
    SourceUnreachable,
)

_SETTINGS = (
    "-c client_encoding=UTF8 -c TimeZone=UTC -c DateStyle=ISO,YMD -c IntervalStyle=iso_8601 "
    "-c bytea_output=hex -c extra_float_digits=1 -c default_transaction_read_only=on -c statement_timeout=0 "
    "-c idle_in_transaction_session_timeout=0"
)
_DEFAULTS = {
    "connect_timeout": "10",
    "application_name": "amalimart",
    # A cut network is noticed within two minutes, in either direction.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "tcp_user_timeout": "90000",
}
# Amounts of money in one known form; nowhere else, as it also decides how an amount is converted.
_SPOKEN = "-c lc_monetary=C"
_NO_TEXT = {"22021", "22P05"}
_REFUSALS = (
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "does not exist",
    "permission denied",
    "not permitted to log in",
    "certificate",
)


@dataclass(frozen=True)
class Address:
    """Where a source is and how to sign in; shows itself without the password."""

    parameters: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a `postgresql://` URL or a `key=value` string.

        Raises ConfigError, which repeats none of it.
        """
        try:
            given = conninfo_to_dict(text)
        except psycopg.Error:
            raise ConfigError(
                "the address of the source cannot be read",
                expected="postgresql://user:password@host:port/database",
                next_step="write special characters of user and password as %XX",
            ) from None
        options = f"{given.get('options') or ''} {_SETTINGS}".strip()
        return cls({**_DEFAULTS, **given, "options": options})

    @property
    def shown(self) -> str:
        """user@host:port/database."""
        of = self.parameters
        place = f"{of.get('host') or of.get('hostaddr') or 'localhost'}:{of.get('port') or 5432}"
        return f"{of.get('user') or 'the current user'}@{place}/{of.get('dbname') or of.get('user') or ''}"

    def __str__(self) -> str:
        return self.shown

    def without_secrets(self, message: str) -> str:
        """A message of the driver with every secret of the address blotted out, on one line."""
        for key in ("password", "sslpassword"):
            if secret := self.parameters.get(key):
                message = message.replace(str(secret), "***")
        return " ".join(message.split())

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A psycopg connection outside any transaction. Raises SourceUnreachable, SourceRefused."""
        with self.errors():
            return psycopg.connect(make_conninfo(**self.parameters), autocommit=True)

    def connect_spoken(self, *, replication: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection on which values have the texts of a change stream, or on which one is asked for.

        Raises SourceUnreachable, SourceRefused.
        """
        options = f"{self.parameters['options']} {_SPOKEN}"
        parameters = {**self.parameters, "options": options}
        if replication:
            parameters["replication"] = "database"
        with self.errors():
            return psycopg.connect(make_conninfo(**parameters), autocommit=True)

    def connect_arrow(self) -> Any:
        """An ADBC connection outside any transaction. Raises SourceUnreachable, SourceRefused."""
        # It brings pandas along, where that is installed: a third of the start of a process that follows.
        import adbc_driver_postgresql.dbapi  # type: ignore[import-untyped] # noqa: PLC0415

        with self.errors():
            return adbc_driver_postgresql.dbapi.connect(make_conninfo(**self.parameters), autocommit=True)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what either driver raises into SourceUnreachable, SourceRefused or SourceMismatch.

        The driver's own error is not chained: it may hold the address with its password.
        """
        try:
            yield
        except AmalimartError:
            raise
        except psycopg.Error as error:
            raise self.explained(error.sqlstate, str(error)) from None
        except adbc_driver_manager.Error as error:
            raise self.explained(error.sqlstate, str(error)) from None
        except (pa.ArrowException, OSError) as error:
            # A stream that breaks half-way surfaces as Arrow's error, without an SQLSTATE.
            raise self.explained(None, str(error)) from None

    def explained(self, sqlstate: str | None, message: str) -> SourceError:
        """The error of ours for a driver's SQLSTATE and message."""
        said = self.without_secrets(message)
        state = sqlstate or ""
        if state == "42501":
            return SourceRefused(
                f"the source user may not read everything that is mapped: {said}",
                where=self.shown,
                expected="the right to select every landed column, and xmin, which polling compares",
                next_step="grant usage on the schema and select on these columns and xmin to the source user",
            )
        if state in {"42P01", "42703", "42704", "3F000"}:
            return SourceMismatch(
                f"the source changed while it was read: {said}",
                where=self.shown,
                expected="the tables and columns seen a moment ago",
                next_step="run the command again",
            )
        if state.startswith("28") or state == "3D000" or (not state and _is_refusal(said)):
            return SourceRefused(
                f"the source refused the connection: {said}",
                where=self.shown,
                expected="an existing database, user and password with the right to connect",
                next_step="correct the source's address or password, or the server's pg_hba.conf",
            )
        if state in _NO_TEXT or (not state and "byte sequence" in said and "encoding" in said):
            return SourceError(
                f"a text of the source cannot be told in UTF-8: {said}",
                where=self.shown,
                expected="valid texts; a database with the encoding SQL_ASCII takes any bytes for one",
                next_step="correct the text, then amalimart source resnapshot NAME; or leave its column out",
            )
        return SourceUnreachable(
            f"the source did not answer: {said}",
            where=self.shown,
            expected="a PostgreSQL server that accepts connections",
            next_step="check that the server runs and that host and port are right, then try again",
        )


def _is_refusal(message: str) -> bool:
    folded = message.lower()
    return any(words in folded for words in _REFUSALS) and "no such file" not in folded
