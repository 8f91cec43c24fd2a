"""A connection to a shop by its URL, whichever database it is; commits are the caller's."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql  # type: ignore[import-untyped]


def shop_at(url: str) -> Any:
    """Connect. Times are told and taken in UTC."""
    if url.startswith("postgresql:"):
        return psycopg.connect(url, options="-c timezone=UTC")
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/"),
        charset="utf8mb4",
        init_command="set time_zone = '+00:00'",
    )
