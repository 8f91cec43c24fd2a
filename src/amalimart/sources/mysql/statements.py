"""What a statement in the binary log does to tables, as far as their rows do not tell it themselves.

Whatever changes rows without row events must not be missed: what this module does not understand of a
statement about a table counts as having changed its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from amalimart.sources.mysql.sql_tokens import Tokens
from amalimart.sources.mysql.types import SourceType

Table = tuple[str, str]


class Control(StrEnum):
    """What a statement does to the transaction it stands in."""

    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    PARTLY_ROLLBACK = "rollback to savepoint"
    XA_BEGIN = "xa start"
    XA_END = "xa end"
    XA_COMMIT = "xa commit"
    XA_ROLLBACK = "xa rollback"
    NOTHING = "savepoint"


@dataclass(frozen=True, slots=True)
class Created:
    """A table of that name is there now; `if_new` where it may have been there before, unchanged."""

    table: Table
    if_new: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A table is gone, or has another name; without a name in `table`, all tables of the schema."""

    schema: str
    table: str | None
    renamed_to: str | None = None


@dataclass(frozen=True, slots=True)
class Truncated:
    """A table has lost all its rows."""

    table: Table


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Rows of a table may have changed without telling."""

    table: Table
    how: str


@dataclass(frozen=True, slots=True)
class Altered:
    """A table has other columns.

    added    names
    gone     name -> its new one, or None where it was dropped
    retyped  name -> its new type; None where that is not understood
    """

    table: Table
    added: frozenset[str] = frozenset()
    gone: Mapping[str, str | None] = field(default_factory=dict)
    retyped: Mapping[str, SourceType | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Versioned:
    """A table of MariaDB keeps its history from now on, among its rows."""

    table: Table


Effect = Created | Dropped | Truncated | Rewritten | Altered | Versioned

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


def control(tokens: Tokens) -> Control | None:
    """What a statement does to its transaction; None where it is no such statement."""
    first, second = tokens.peek(), tokens.peek(1)
    if first in {"BEGIN", "COMMIT"}:
        return Control.BEGIN if first == "BEGIN" else Control.COMMIT
    if first == "START" and second == "TRANSACTION":
        return Control.BEGIN
    if first == "ROLLBACK":
        return Control.PARTLY_ROLLBACK if "TO" in {second, tokens.peek(2)} else Control.ROLLBACK
    if first in {"SAVEPOINT", "RELEASE"}:
        return Control.NOTHING
    if first == "XA":
        named = {"START": Control.XA_BEGIN, "BEGIN": Control.XA_BEGIN, "END": Control.XA_END}
        named |= {"COMMIT": Control.XA_COMMIT, "ROLLBACK": Control.XA_ROLLBACK}
        return named.get(second, Control.NOTHING)
    return None


def effects(tokens: Tokens, schema: str) -> list[Effect]:
    """What a statement did to tables; `schema` is where it looked for unqualified names."""
    read = _STATEMENTS.get(tokens.peek())
    return read(tokens, schema) if read is not None else []


def _create(tokens: Tokens, schema: str) -> list[Effect]:
    tokens.skip("CREATE")
    tokens.skip("OR", "REPLACE")
    if not tokens.skip("TABLE"):
        return []  # also a temporary one, which nobody else sees
    if_new = tokens.skip("IF", "NOT", "EXISTS")
    table = tokens.table(schema)
    return [Created(table, if_new)] if table else []


def _drop(tokens: Tokens, schema: str) -> list[Effect]:
    tokens.skip("DROP")
    if tokens.peek() in {"DATABASE", "SCHEMA"}:
        tokens.next()
        tokens.skip("IF", "EXISTS")
        name = tokens.name()
        return [Dropped(name, None)] if name else []
    if not (tokens.skip("TABLE") or tokens.skip("TABLES")):
        return []
    tokens.skip("IF", "EXISTS")
    tables = [part.table(schema) for part in tokens.parts()]
    return [Dropped(*table) for table in tables if table]


def _rename(tokens: Tokens, schema: str) -> list[Effect]:
    tokens.skip("RENAME")
    if not (tokens.skip("TABLE") or tokens.skip("TABLES")):
        return []
    tokens.skip("IF", "EXISTS")
    found: list[Effect] = []
    for part in tokens.parts():
        old = part.table(schema)
        part.skip_any("NOWAIT")
        if part.skip("WAIT"):
            part.next()
        new = part.table(schema) if part.skip("TO") else None
        if old and new:
            found += [Dropped(*old, renamed_to=".".join(new)), Created(new)]
    return found


def _truncate(tokens: Tokens, schema: str) -> list[Effect]:
    tokens.skip_any("TRUNCATE", "TABLE")
    table = tokens.table(schema)
    return [Truncated(table)] if table else []


def _written_as_statement(tokens: Tokens, schema: str) -> list[Effect]:
    """A change of rows that was logged as the statement that made it."""
    how = "was written by a statement that the binary log holds instead of its rows"
    if tokens.peek() in {"INSERT", "REPLACE", "LOAD"}:
        loading = tokens.peek() == "LOAD"
        while not tokens.ended and not tokens.skip("INTO"):
            if not loading and tokens.peek() not in _BEFORE_TARGET:
                break
            tokens.next()
        tokens.skip("TABLE")
        table = tokens.table(schema)
        return [Rewritten(table, how)] if table else []
    # Which of the tables an update, a delete or a common table expression names are changed is not
    # worth telling: each of them counts.
    found: list[Effect] = []
    while not tokens.ended:
        table = tokens.table(schema)
        if table is None:
            tokens.next()
        else:
            found.append(Rewritten(table, how))
    return found


_BEFORE_TARGET = {"INSERT", "REPLACE", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"}


def _alter(tokens: Tokens, schema: str) -> list[Effect]:
    tokens.skip("ALTER")
    tokens.skip_any("ONLINE", "OFFLINE", "IGNORE")
    if not tokens.skip("TABLE"):
        return []
    tokens.skip("IF", "EXISTS")
    table = tokens.table(schema)
    if table is None:
        return []
    tokens.skip_any("NOWAIT")
    if tokens.skip("WAIT"):
        tokens.next()
    alteration = _Alteration(table, schema)
    for part in tokens.parts():
        alteration.read(part)
    return alteration.effects()


class _Alteration:
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


_STATEMENTS: Mapping[str, Callable[[Tokens, str], list[Effect]]] = {
    "CREATE": _create,
    "DROP": _drop,
    "RENAME": _rename,
    "TRUNCATE": _truncate,
    "ALTER": _alter,
    **dict.fromkeys(("INSERT", "REPLACE", "LOAD", "UPDATE", "DELETE", "WITH"), _written_as_statement),
}
