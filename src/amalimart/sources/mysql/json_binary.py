"""MySQL's binary form of JSON as canonical text."""

from __future__ import annotations

from pymysqlreplication.json_binary import parse_json  # type: ignore[import-untyped]

from amalimart.sources.mysql.json_text import canonical_text


def json_text(value: bytes) -> bytes:
    """The text of one document; an empty one is null, as MySQL writes it for old generated columns."""
    return canonical_text(parse_json(value[0], value[1:]) if value else None).encode()
