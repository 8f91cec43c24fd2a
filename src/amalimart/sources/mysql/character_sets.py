"""Texts of the binary log in UTF-8: the log keeps each column's own character set, the server converts.

For a character set of one byte a character the server is asked for its table, so that both ways in
read the same. The others are read by Python's codecs.
"""

from __future__ import annotations

from codecs import charmap_decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pymysql.connections import Connection  # type: ignore[import-untyped]
from pymysql.err import MySQLError  # type: ignore[import-untyped]

from amalimart.sources.mysql.connection import run

Conversion = Callable[[bytes], bytes]

_LAST_OF_ONE_UNIT = "\uffff"
_UTF8 = {"utf8mb4", "utf8mb3", "utf8", "ascii"}
_CODECS = {
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
    "big5": "big5",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "sjis": "shift_jis",
    "cp932": "cp932",
    "ujis": "euc_jp",
    "eucjpms": "euc_jp",
    "euckr": "euc_kr",
}
_BY_NUMBER = (
    "select id, character_set_name from information_schema.collation_character_set_applicability",
    "select id, character_set_name from information_schema.collations",
)


@dataclass(frozen=True, slots=True)
class CharacterSets:
    """The server's character sets.

    by_collation  number of a collation -> its character set
    tables        character set of one byte a character -> the character of each of its 256 bytes
    """

    by_collation: Mapping[int, str]
    tables: Mapping[str, str]

    def name(self, collation: int | None) -> str | None:
        """The character set of a column; None where it holds no characters, `binary` for bytes."""
        return None if collation is None else self.by_collation.get(collation, "utf8mb4")

    def conversion(self, name: str) -> Conversion | None:
        """What makes UTF-8 of a text in a character set; None where it is UTF-8 already.

        A text that is none in its character set comes out as it was, to be found out later.
        """
        if name in _UTF8:
            return None
        if name in self.tables:
            table = self.tables[name]
            # A table as one text is the fast way.
            return lambda text: charmap_decode(text, "strict", table)[0].encode()
        codec = _CODECS.get(name, name)

        def convert(text: bytes) -> bytes:
            try:
                decoded = text.decode(codec)
                # Two units are never one character in ucs2, though they look like one in utf16.
                if name == "ucs2" and max(decoded, default="") > _LAST_OF_ONE_UNIT:
                    return b"\xff" + text
                return decoded.encode()
            except (UnicodeDecodeError, UnicodeEncodeError, LookupError):
                return b"\xff" + text

        return convert


def read_character_sets(connection: Connection) -> CharacterSets:
    """Ask the server for its character sets. Raises pymysql errors."""
    by_collation: dict[int, str] = {}
    for statement in _BY_NUMBER:
        try:
            rows = run(connection, statement)
        except MySQLError:
            continue  # a server whose applicability has no numbers
        by_collation |= {int(number): str(name) for number, name in rows if number is not None}
    single = run(
        connection,
        "select character_set_name from information_schema.character_sets "
        "where maxlen = 1 and character_set_name not in ('binary', 'ascii')",
    )
    return CharacterSets(by_collation, {str(name): _table(connection, str(name)) for (name,) in single})


def _table(connection: Connection, name: str) -> str:
    return _characters(connection, name, bytes(range(256)))


def _characters(connection: Connection, name: str, codes: bytes) -> str:
    """What the server makes of some bytes; of one that it refuses, the sign for that."""
    try:
        return str(run(connection, f"select convert(_{name} x'{codes.hex()}' using utf8mb4)")[0][0])
    except MySQLError:
        if len(codes) == 1:
            return "\ufffd"
        half = len(codes) // 2
        return _characters(connection, name, codes[:half]) + _characters(connection, name, codes[half:])
