"""Positions in PostgreSQL's write-ahead log: numbers for us, `0/16B3748` for people."""

from __future__ import annotations


def lsn_text(lsn: int) -> str:
    """As PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def lsn_number(text: str) -> int:
    """Read PostgreSQL's form. Raises ValueError."""
    high, low = text.split("/")
    return (int(high, 16) << 32) | int(low, 16)
