"""Databases to look at; the servers are those of the sources' tests."""

from __future__ import annotations

from tests.mariadb_server import mysql_database, mysql_server
from tests.object_store import bucket, s3_endpoint
from tests.sources.conftest import captured, database, logical_server, server

__all__ = [
    "bucket",
    "captured",
    "database",
    "logical_server",
    "mysql_database",
    "mysql_server",
    "s3_endpoint",
    "server",
]
