"""What the engine complains of, in the words of the product.

A complaint about data may quote a row. It is kept in records, logs and on pages, so no value is let through.
"""

from __future__ import annotations

import re

import duckdb

from amalimart.core.errors import AmalimartError, DiskFull, WarehouseError
from amalimart.core.names import nearest

_UNKNOWN = re.compile(r'(?:[Cc]olumn|does not have a column)\s+(?:named\s+)?"([^"]+)"')
_OFFERED = re.compile(r"Candidate bindings?: (.*)")
_MEANT = re.compile(r'Did you mean "([^"]+)"')
_QUOTED = re.compile(r'"([^"]+)"')
_OF_THE_SQL = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.NotImplementedException,
    duckdb.PermissionException,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.ConnectionException,
)
"""Complaints about a statement or the machine: they speak of names and files, before any row is looked at."""
_KIND_AND_REST = re.compile(r"([A-Za-z ]+Error): (.*)", re.DOTALL)
_OPENING = re.compile(r"^(?:(?! value |['\":(]|\b\d).)*", re.DOTALL)
_LATER = re.compile(r"\n+LINE \d+:.*\Z", re.DOTALL)
_TO_TYPE = re.compile(
    r"(?:(?: to| for)(?: the destination type)? (?P<type>[A-Z][A-Z0-9_]{1,20}(?:\(\d+,\d+\))?))?"
    r"(?: when casting from source column (?P<column>\w{1,63}))?\Z"
)
_KNOWN_OPENINGS = (
    "Could not parse string",
    "Malformed JSON at byte",
    "More than one row returned by a subquery used as an expression",
    "Map keys must be unique",
)
"""Of input that is no good: else a model's own `error()` says what it likes, of any row."""
_MASK = "***"
_NO_SPACE = (
    "no space left",
    "not enough space",
    "file too large",
    "disk quota exceeded",
    "max_temp_directory_size",
)


def unknown_column(complaint: str) -> str | None:
    """The column that the engine does not find, if that is its complaint."""
    found = _UNKNOWN.search(complaint)
    return found[1] if found else None


def nearest_named(complaint: str) -> str | None:
    """The name that was most likely meant, of those in the engine's own complaint."""
    meant = _MEANT.search(complaint)
    if meant:
        return meant[1]
    wanted, offered = unknown_column(complaint), _OFFERED.search(complaint)
    if wanted is None or offered is None:
        return None
    return nearest(wanted, [name.rpartition(".")[2] for name in _QUOTED.findall(offered[1])])


def nearest_meant(error: duckdb.Error) -> str | None:
    """The name that was most likely meant; None where the complaint is about data, and may quote a row."""
    return nearest_named(str(error)) if isinstance(error, _OF_THE_SQL) else None


def in_words(error: duckdb.Error) -> str:
    """The complaint in one line. Of one about data: its kind, how it begins, the type and column meant."""
    text = str(error)
    found = _KIND_AND_REST.match(text)
    if isinstance(error, _OF_THE_SQL) or found is None:
        return text.splitlines()[0] if isinstance(error, _OF_THE_SQL) else type(error).__name__
    kind, rest = found[1], _LATER.sub("", found[2])
    opening = " ".join("".join(_OPENING.findall(rest)).split())
    if isinstance(error, duckdb.InvalidInputException) and not opening.startswith(_KNOWN_OPENINGS):
        opening = ""
    if opening == " ".join(rest.split()):
        return f"{kind}: {opening}"
    meant = _TO_TYPE.search(rest)
    to_type = f" to {meant['type']}" if meant and meant["type"] else ""
    column = f" when casting from source column {meant['column']}" if meant and meant["column"] else ""
    return f"{kind}: {f'{opening} {_MASK}'.strip()}{to_type}{column}"


def engine_error(error: duckdb.Error, where: str) -> AmalimartError:
    """The typed form of an engine's complaint."""
    if any(words in str(error).lower() for words in _NO_SPACE):
        return DiskFull(
            "no space left while writing the warehouse",
            where=where,
            next_step="free some space; the published release is untouched",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return WarehouseError(
            "the engine needs more memory than it may take",
            where=where,
            next_step="let it take more (serve.limits.engine_memory_mb), on a machine that has it;"
            " the published release is untouched",
        )
    return WarehouseError(f"the engine refused: {in_words(error)}", where=where)
