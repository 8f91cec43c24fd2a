"""A random name that a source's folder keeps for as long as it lives."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from amalimart.lake.durable import sync_folder

_FILE = "identity"


def read_identity(folder: Path) -> str | None:
    """The folder's name, 16 hexadecimal digits; None where nobody has written there yet."""
    try:
        return (folder / _FILE).read_text().strip() or None
    except FileNotFoundError:
        return None


def ensure_identity(folder: Path) -> str:
    """The folder's name, made if it has none. Only for the holder of the lease. Raises OSError."""
    known = read_identity(folder)
    if known is None:
        known = secrets.token_hex(8)
        write_identity(folder, known)
    return known


def write_identity(folder: Path, identity: str) -> None:
    """Give a folder its name. Raises OSError."""
    fresh = folder / f".{_FILE}.{os.getpid()}.tmp"
    fresh.write_text(identity + "\n")
    fresh.replace(folder / _FILE)
    sync_folder(folder)
