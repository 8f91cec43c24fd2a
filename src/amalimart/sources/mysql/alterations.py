"""The parts of an `alter table`, and the types of the columns that they define.

What is not understood counts as having changed the table's rows.
"""

from __future__ import annotations

from amalimart.sources.mysql.sql_tokens import Tokens
from amalimart.sources.mysql.table_effects import (
    Altered,
    Created,
    Dropped,
    Effect,
    Rewritten,
    Table,
    Versioned,
)
from amalimart.sources.mysql.types import SourceType

_NO_COLUMNS = {
    *("INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL", "PRIMARY", "CONSTRAINT", "FOREIGN", "CHECK", "PERIOD"),
    *("SYSTEM", "VECTOR"),
}
_HARMLESS = {
    *("ENGINE", "AUTO_INCREMENT", "AVG_ROW_LENGTH", "DEFAULT", "CHARACTER", "CHARSET", "CHECKSUM", "COLLATE"),
    *("COMMENT", "COMPRESSION", "CONNECTION", "DATA", "DELAY_KEY_WRITE", "ENCRYPTION", "INSERT_METHOD"),
    *("KEY_BLOCK_SIZE", "MAX_ROWS", "MIN_ROWS", "PACK_KEYS", "PASSWORD", "ROW_FORMAT", "STATS_AUTO_RECALC"),
    *(
        "STATS_PERSISTENT",
        "STATS_SAMPLE_PAGES",
        "TABLESPACE",
        "UNION",
        "ALGORITHM",
        "LOCK",
        "FORCE",
        "ENABLE",
    ),
    *("DISABLE", "WITH", "WITHOUT", "ALTER", "PARTITION", "REMOVE", "REORGANIZE", "COALESCE", "REBUILD"),
    *("CHECK", "ANALYZE", "OPTIMIZE", "REPAIR", "AUTOEXTEND_SIZE", "SECONDARY_ENGINE", "SECONDARY_LOAD"),
    *(
        "SECONDARY_UNLOAD",
        "PAGE_CHECKSUM",
        "TRANSACTIONAL",
        "ENCRYPTED",
        "SEQUENCE",
        "ENGINE_ATTRIBUTE",
        "NOWAIT",
    ),
    *("SECONDARY_ENGINE_ATTRIBUTE", "PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "ENCRYPTION_KEY_ID"),
}
_ALIASES = {
    "INTEGER": "int",
    "BOOL": "tinyint",
    "BOOLEAN": "tinyint",
    "DEC": "decimal",
    "NUMERIC": "decimal",
    "FIXED": "decimal",
    "REAL": "double",
    "CHARACTER": "char",
    "INT1": "tinyint",
    "INT2": "smallint",
    "INT3": "mediumint",
    "INT4": "int",
    "INT8": "bigint",
    "FLOAT4": "float",
    "FLOAT8": "double",
}
_KNOWN_TYPES = {
    *("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "bit", "year"),
    *(
        "date",
        "datetime",
        "timestamp",
        "time",
        "char",
        "varchar",
        "tinytext",
        "text",
        "mediumtext",
        "longtext",
    ),
    *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "enum", "set"),
    *("uuid", "inet4", "inet6"),
}


class Alteration:
    """Collects what the parts of an `alter table` do."""

    def __init__(self, table: Table, schema: str) -> None:
        self._table = table
        self._schema = schema
        self._added: set[str] = set()
        self._gone: dict[str, str | None] = {}
        self._retyped: dict[str, SourceType | None] = {}
        self._rewritten: str | None = None
        self._versioned = False
        self._renamed: Table | None = None

    def effects(self) -> list[Effect]:
        """What the parts did to the table, once all of them are read."""
        found: list[Effect] = []
        if self._added or self._gone or self._retyped:
            found.append(Altered(self._table, frozenset(self._added), self._gone, self._retyped))
        if self._versioned:
            found.append(Versioned(self._table))
        if self._rewritten:
            found.append(Rewritten(self._table, self._rewritten))
        if self._renamed:
            found += [Dropped(*self._table, renamed_to=".".join(self._renamed)), Created(self._renamed)]
        return found

    def read(self, part: Tokens) -> None:
        """Take in one part, such as `add column x int`."""
        match part.peek():
            case "ADD":
                self._add(part)
            case "DROP":
                self._drop(part)
            case "CHANGE":
                self._change(part)
            case "MODIFY":
                self._modify(part)
            case "RENAME":
                self._rename(part)
            case "CONVERT":
                part.next()
                self._rewritten = (
                    "had a partition exchanged" if part.peek() in {"PARTITION", "TABLE"} else "was converted"
                )
            case "TRUNCATE" | "EXCHANGE" | "IMPORT" | "DISCARD":
                self._rewritten = "had rows exchanged or removed with a partition or a tablespace"
            case "ORDER":
                pass
            case word if word in _HARMLESS:
                pass
            case _:
                self._rewritten = "was altered in a way that is not known"

    def _add(self, part: Tokens) -> None:
        part.skip("ADD")
        column = part.skip("COLUMN")
        if part.skip("SYSTEM", "VERSIONING"):
            self._versioned = True
            return
        if part.skip("PARTITION") or (not column and part.peek() in _NO_COLUMNS):
            return
        part.skip("IF", "NOT", "EXISTS")
        group = part.group()
        definitions = group.parts() if group is not None else [part]
        for definition in definitions:
            if group is not None and definition.peek() in _NO_COLUMNS:
                continue
            if name := definition.name():
                self._added.add(name)

    def _drop(self, part: Tokens) -> None:
        part.skip("DROP")
        column = part.skip("COLUMN")
        if part.skip("PARTITION"):
            self._rewritten = "lost a partition with its rows"
            return
        if not column and part.peek() in _NO_COLUMNS:
            return
        part.skip("IF", "EXISTS")
        if name := part.name():
            self._gone[name] = None

    def _change(self, part: Tokens) -> None:
        part.skip("CHANGE")
        part.skip("COLUMN")
        part.skip("IF", "EXISTS")
        old, new = part.name(), part.name()
        if not old or not new:
            self._rewritten = "was altered in a way that is not known"
        elif old.lower() != new.lower():
            self._gone[old] = new
            self._added.add(new)
        else:
            self._retyped[old] = column_type(part)

    def _modify(self, part: Tokens) -> None:
        part.skip("MODIFY")
        part.skip("COLUMN")
        part.skip("IF", "EXISTS")
        if name := part.name():
            self._retyped[name] = column_type(part)

    def _rename(self, part: Tokens) -> None:
        part.skip("RENAME")
        if part.peek() in {"INDEX", "KEY"}:
            return
        if part.skip("COLUMN"):
            part.skip("IF", "EXISTS")
            old = part.name()
            new = part.name() if part.skip("TO") else None
            if old and new:
                self._gone[old] = new
                self._added.add(new)
            return
        part.skip_any("TO", "AS", "=")
        self._renamed = part.table(self._schema)


def column_type(part: Tokens) -> SourceType | None:
    """The type at the begin of a column's definition; None where it, or what fills it, is not understood."""
    word = part.peek()
    part.next()
    name = _ALIASES.get(word, word.lower())
    if name not in _KNOWN_TYPES:
        return None
    if name == "double":
        part.skip("PRECISION")
    group = part.group()
    arguments = [token.text for token in group.rest() if token.word != ","] if group is not None else []
    words = {token.word for token in part.rest()}
    if words & {"GENERATED", "AS", "VARYING", "BINARY"}:
        return None
    if name in {"enum", "set"}:
        return SourceType(name, labels=tuple(arguments))
    text = f"{name}({','.join(arguments)})" if arguments else name
    # How many bytes so many characters take is not told here.
    return SourceType.parse(f"{text} unsigned" if words & {"UNSIGNED", "ZEROFILL"} else text).unsized()
