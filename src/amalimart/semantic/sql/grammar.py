"""The one grammar of statements that may run: what is not in it is refused, whoever wrote it.

A text is cut into words first, each of a closed set of forms, so that no comment, second statement, escape
or unquoted name can be in it; then it is read once, from the left, by the rules below. Nothing here knows how
the planner works, and nothing of the planner is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from amalimart.semantic.defined import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL

CTE_PREFIX = "__amalimart_"

# An operator stands between blanks and a sign before its number: two of them cannot make a comment.
_WORD = re.compile(
    r"""
    \ (?:<=|>=|[=<>+*/-])\     # an operator
    | "[^"{}\x00-\x1f]+"       # a name
    | \{[0-9]+\}               # a scan
    | [A-Z_]+(?![\w"'])        # a keyword or function
    | -?[0-9]+(?:\.[0-9]+)?(?![\w."'])
    | '[^'{}]*'(?!['"\w])
    | [ ?(),.]
    """,
    re.VERBOSE | re.ASCII,
)
_OPERATORS = frozenset({" = ", " < ", " <= ", " > ", " >= ", " + ", " - ", " * ", " / "})
_CONNECTIVES = frozenset({"AND", "OR"})
_PLAIN = frozenset(
    {"?", "TRUE", "FALSE", "NULL", f"'{UNKNOWN_KEY}'", f"'{UNKNOWN_LABEL}'", f"'{UNKNOWN_ENUM}'"}
)
_FUNCTIONS = frozenset(
    {"COALESCE", "NULLIF", "ABS", "LOWER", "CONTAINS", "UNNEST", "GENERATE_SERIES", "TO_MONTHS"}
)
_AGGREGATES = frozenset({"SUM", "COUNT", "MIN", "MAX", "QUANTILE_CONT"})
_OF_UNITS = frozenset({"DATE_TRUNC", "DATE_DIFF"})
_TYPES = frozenset({"DATE", "DOUBLE", "INT", "BIGINT", "TEXT"})
_UNITS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
_UNIT_TEXTS = frozenset(f"'{unit}'" for unit in _UNITS)
_END = ""


class NotInGrammarError(Exception):
    """Why a text is no statement that may run."""


class StatementReader:
    """Reads one statement in which `{0}`, `{1}`, ... stand for scans.

    Each of the scans that `joined` names may only stand joined to one of those it names with it.
    """

    def __init__(self, sql: str, scans: int, joined: Mapping[int, frozenset[int]]) -> None:
        words: list[str] = _WORD.findall(sql)
        if len("".join(words)) != len(sql):
            raise NotInGrammarError("it holds characters that are none of its words")
        self._words = [word for word in words if word != " "]
        self._words.append(_END)
        self._at = 0
        self._scans = scans
        self._joined = joined
        self._ctes: set[str] = set()

    def read(self) -> None:
        """Read the whole of it. Raises NotInGrammarError."""
        if self._took("WITH"):
            self._cte()
            while self._took(","):
                self._cte()
        self._union()
        self._expect(_END)

    def _cte(self) -> None:
        """A name means a CTE only after it: before or in itself it would be a table of the engine's."""
        name = self._name()
        if not name.startswith(CTE_PREFIX) or name != name.lower():
            raise NotInGrammarError(f"the CTE {name} does not carry the reserved prefix")
        if name in self._ctes:
            raise NotInGrammarError(f"the CTE {name} is named twice")
        self._expect("AS")
        self._expect("(")
        self._union()
        self._expect(")")
        self._ctes.add(name)

    def _union(self) -> None:
        self._select()
        while self._took("UNION"):
            self._expect("ALL")
            self._select()

    def _select(self) -> None:
        self._expect("SELECT")
        self._took("DISTINCT")
        self._shown()
        while self._took(","):
            self._shown()
        if self._took("FROM"):
            self._from()
        if self._took("WHERE"):
            self._expression()
        if self._took("GROUP"):
            self._expect("BY")
            self._expressions()
        if self._took("ORDER"):
            self._expect("BY")
            self._ordered()
            while self._took(","):
                self._ordered()
        if self._took("LIMIT"):
            self._expect("?")

    def _shown(self) -> None:
        self._expression()
        if self._took("AS"):
            self._name()

    def _ordered(self) -> None:
        self._expression()
        if not self._took("ASC"):
            self._took("DESC")

    def _from(self) -> None:
        base, alias = self._source()
        self._refuse_alone(base)
        while True:
            if self._took("LEFT"):
                self._expect("JOIN")
                scan, own = self._source()
                self._expect("ON")
                if scan in self._joined:
                    self._permitting(scan, own, base, alias)
                else:
                    self._expression()
            elif self._took("CROSS"):
                self._expect("JOIN")
                self._refuse_alone(self._source()[0])
            else:
                return

    def _source(self) -> tuple[int, str]:
        """What is read: the number of the scan, or -1 for any other, and its alias."""
        word = self._next()
        if word[:1] == "{":
            scan = int(word[1:-1])
            if scan >= self._scans:
                raise NotInGrammarError("it reads a scan that was not issued")
            self._expect("AS")
            return scan, self._name()
        if word == "(":
            self._union()
            self._expect(")")
            self._expect("AS")
            return -1, self._name()
        if word[:1] != '"' or word[1:-1] not in self._ctes:
            raise NotInGrammarError(f"the table {word} is not read through a scan")
        return -1, self._name() if self._took("AS") else word[1:-1]

    def _refuse_alone(self, scan: int) -> None:
        if scan in self._joined:
            raise NotInGrammarError("a scan is not joined to the rows that permit its own")

    def _permitting(self, scan: int, alias: str, base: int, base_alias: str) -> None:
        """The one equality by which a scan whose rows are told by others is joined to those."""
        wanted = [f'"{base_alias}"', ".", None, " = ", f'"{alias}"', ".", None]
        found = self._words[self._at : self._at + len(wanted)]
        is_equality = all(here == there for here, there in zip(wanted, found, strict=False) if here)
        if base not in self._joined[scan] or not is_equality or alias == base_alias or found[2] != found[6]:
            raise NotInGrammarError("a scan is not joined to the rows that permit its own")
        start = self._at
        self._expression()
        if self._at != start + len(wanted):
            raise NotInGrammarError("a scan is not joined to the rows that permit its own")

    def _expressions(self) -> None:
        self._expression()
        while self._took(","):
            self._expression()

    def _expression(self) -> None:
        """Operands and operators in turn. Which binds first does not matter: each part is listed or not."""
        self._negatable()
        words = self._words
        while True:
            word = words[self._at]
            if word in _CONNECTIVES:
                self._at += 1
                self._negatable()
            elif word in _OPERATORS:
                self._at += 1
                self._operand()
            elif word == "IN":
                self._at += 1
                self._among()
            elif word == "IS":
                self._at += 1
                self._is()
            else:
                return

    def _among(self) -> None:
        self._expect("(")
        if self._words[self._at] == "SELECT":
            self._union()
        else:
            self._expressions()
        self._expect(")")

    def _is(self) -> None:
        if self._took("NULL"):
            return
        for word in ("NOT", "DISTINCT", "FROM"):
            self._expect(word)
        self._operand()

    def _negatable(self) -> None:
        self._took("NOT")
        self._operand()

    def _operand(self) -> None:
        word = self._next()
        first = word[:1]
        if first == '"':
            if self._took("."):
                self._name()
        elif word in _PLAIN or first.isdigit() or (first == "-" and len(word) > 1):
            pass
        elif word == "(":
            self._at -= 1
            self._inner()
        elif word in _FUNCTIONS:
            self._expect("(")
            self._expressions()
            self._expect(")")
        elif word in _AGGREGATES:
            self._aggregate(word)
        else:
            self._special(word)

    def _inner(self) -> None:
        """An expression, or a query of one value, in parentheses."""
        self._expect("(")
        if self._words[self._at] == "SELECT":
            self._union()
        else:
            self._expression()
        self._expect(")")

    def _aggregate(self, name: str) -> None:
        self._expect("(")
        if name == "COUNT":
            self._took("DISTINCT")
        self._expressions()
        self._expect(")")
        if self._took("FILTER"):
            self._expect("(")
            self._expect("WHERE")
            self._expression()
            self._expect(")")

    def _special(self, word: str) -> None:
        if word == "CAST":
            self._expect("(")
            self._expression()
            self._expect("AS")
            self._type()
            self._expect(")")
        elif word == "CASE":
            self._expect("WHEN")
            self._expression()
            self._expect("THEN")
            self._expression()
            if self._took("ELSE"):
                self._expression()
            self._expect("END")
        elif word in _OF_UNITS:
            self._expect("(")
            self._one_of(_UNIT_TEXTS)
            self._expect(",")
            self._expressions()
            self._expect(")")
        elif word == "INTERVAL":
            self._expect("'1'")
            self._one_of(_UNITS)
        else:
            raise NotInGrammarError(f"{word or 'the end'} is not on the list")

    def _type(self) -> None:
        word = self._next()
        if word == "DECIMAL":
            self._expect("(")
            self._whole()
            self._expect(",")
            self._whole()
            self._expect(")")
        elif word not in _TYPES:
            raise NotInGrammarError(f"the type {word} is not on the list")

    def _whole(self) -> None:
        if not self._next().isdigit():
            raise NotInGrammarError("a type has no size")

    def _one_of(self, known: frozenset[str]) -> None:
        word = self._next()
        if word not in known:
            raise NotInGrammarError(f"{word} is not on the list")

    def _name(self) -> str:
        word = self._next()
        if word[:1] != '"':
            raise NotInGrammarError(f"a name stands in quotes, not as {word}")
        return word[1:-1]

    def _next(self) -> str:
        word = self._words[self._at]
        self._at += 1
        return word

    def _took(self, word: str) -> bool:
        if self._words[self._at] != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        found = self._words[self._at]
        if found != word:
            self._refuse(word, found)
        self._at += 1

    @staticmethod
    def _refuse(wanted: str, found: str) -> NoReturn:
        raise NotInGrammarError(f"{found or 'the end'} stands where {wanted or 'the end'} belongs")
