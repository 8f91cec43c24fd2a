"""What a statement in the binary log does to tables, as far as their rows do not tell it themselves.

Whatever changes rows without row events must not be missed: what this module does not understand of a
statement about a table counts as having changed its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from amalimart.sources.mysql.alterations import Alteration
from amalimart.sources.mysql.sql_tokens import Tokens
from amalimart.sources.mysql.table_effects import Created, Dropped, Effect, Rewritten, Truncated


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
    alteration = Alteration(table, schema)
    for part in tokens.parts():
        alteration.read(part)
    return alteration.effects()


_STATEMENTS: Mapping[str, Callable[[Tokens, str], list[Effect]]] = {
    "CREATE": _create,
    "DROP": _drop,
    "RENAME": _rename,
    "TRUNCATE": _truncate,
    "ALTER": _alter,
    **dict.fromkeys(("INSERT", "REPLACE", "LOAD", "UPDATE", "DELETE", "WITH"), _written_as_statement),
}
