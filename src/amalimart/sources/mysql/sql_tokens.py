"""A statement of the binary log as tokens: enough to tell what it does to which table, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from amalimart.sources.mysql.types import unescaped

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|\#[^\n]*|--(?=\s|$)[^\n]*)
    |(?P<live>/\*(?:M?!\d*)|\*/)          # a comment that is run: its inside counts, its marks do not
    |(?P<comment>/\*.*?\*/)
    |`(?P<name>(?:[^`]|``)*)`
    |(?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<word>[\w$]+)
    |(?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name, a text or a sign.

    text    as it was written, a name without its quotes
    quoted  whether it is a name or text in quotes, never a keyword
    """

    text: str
    quoted: bool

    @property
    def word(self) -> str:
        """The keyword this may be, in capitals; "" for what is quoted."""
        return "" if self.quoted else self.text.upper()


class Tokens:
    """The tokens of a statement, read from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @classmethod
    def of(cls, statement: str) -> Tokens:
        """Take a statement apart."""
        return cls(list(_tokens(statement)))

    @property
    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        """The keyword at some distance; "" for anything that is none."""
        place = self._at + ahead
        return self._tokens[place].word if place < len(self._tokens) else ""

    def skip(self, *words: str) -> bool:
        """Step over these words if exactly they come next."""
        if all(self.peek(ahead) == word for ahead, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def skip_any(self, *words: str) -> None:
        """Step over any of these words for as long as one comes next."""
        while self.peek() in words:
            self._at += 1

    def name(self) -> str | None:
        """The identifier that comes next, quoted or not; None where none does."""
        if self.ended:
            return None
        token = self._tokens[self._at]
        if not token.quoted and not re.fullmatch(r"[\w$]+", token.text):
            return None
        self._at += 1
        return token.text

    def table(self, default_schema: str) -> tuple[str, str] | None:
        """The table name that comes next as (schema, table)."""
        first = self.name()
        if first is None:
            return None
        if self.skip("."):
            second = self.name()
            return None if second is None else (first, second)
        return default_schema, first

    def next(self) -> Token | None:
        """The token that comes next, stepped over."""
        if self.ended:
            return None
        self._at += 1
        return self._tokens[self._at - 1]

    def group(self) -> Tokens | None:
        """What stands in the parentheses that come next, stepped over; None where none do."""
        if not self.skip("("):
            return None
        begin, depth = self._at, 1
        while depth and not self.ended:
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            self._at += 1
        return Tokens(self._tokens[begin : self._at - (depth == 0)])

    def parts(self) -> list[Tokens]:
        """The rest, split at the commas that stand in no parentheses."""
        found: list[list[Token]] = [[]]
        depth = 0
        for token in self._tokens[self._at :]:
            depth += {"(": 1, ")": -1}.get(token.word, 0)
            if token.word == "," and depth == 0:
                found.append([])
            else:
                found[-1].append(token)
        self._at = len(self._tokens)
        return [Tokens(tokens) for tokens in found if tokens]

    def rest(self) -> list[Token]:
        """All that is left, stepped over."""
        left, self._at = self._tokens[self._at :], len(self._tokens)
        return left


def _tokens(statement: str) -> Iterator[Token]:
    for matched in _TOKEN.finditer(statement):
        if matched["name"] is not None:
            yield Token(matched["name"].replace("``", "`"), quoted=True)
        elif matched["text"] is not None:
            inside = matched["text"][1:-1]
            yield Token(unescaped(inside.replace('""', '"')), quoted=True)
        elif matched["word"] is not None:
            yield Token(matched["word"], quoted=False)
        elif matched["sign"] is not None:
            yield Token(matched["sign"], quoted=False)
