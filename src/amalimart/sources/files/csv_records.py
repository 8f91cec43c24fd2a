"""Reading CSV strictly: every value exactly as written, or one error with file and line.

The dialect is RFC 4180: commas, double quotes, quotes doubled inside quotes, LF or CRLF, UTF-8 with
or without a byte order mark. An empty value without quotes is null; `""` is an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from amalimart.core.errors import BrokenFile

LONGEST_RECORD = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"(?!")')
_NEXT_STEP = "correct the file and drop it again; nothing of it was taken over"


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One record: the line it starts on, from 1, and its values."""

    line: int
    values: list[str | None]


class CsvRecords:
    """The records of one open file; `header` is read at once, the rest by iterating. `where` names it.

    A header name may be empty (an export that ends its lines with a comma): nothing can ask for that
    column. Raises BrokenFile at the first place that cannot be read.
    """

    def __init__(self, where: str, file: BinaryIO) -> None:
        self._where = where
        self._file = file
        self._line = 0  # the last physical line read
        self.header = self._read_header()

    def __iter__(self) -> Iterator[CsvRecord]:
        width = len(self.header)
        while (found := self._next_record()) is not None:
            start, text = found
            if not text and width > 1:
                self._only_blank_lines_may_follow(start)
                return
            values = self._split(start, text)
            if len(values) != width:
                self._broken(
                    start,
                    f"the row has {len(values)} values",
                    f"{width}, as the header has; a value with a comma in it needs quotes",
                )
            yield CsvRecord(start, values)

    def _read_header(self) -> list[str]:
        found = self._next_record()
        if found is None or not found[1].strip():
            self._broken(1, "the file has no header", "the column names in its first line")
        header = [(name or "").strip() for name in self._split(*found)]
        if len(header) == 1 and re.search(r"[;\t|]", header[0]):
            self._broken(1, "the header has one column", "columns separated by commas")
        named = [name for name in header if name]
        doubled = sorted({name for name in named if named.count(name) > 1})
        if doubled:
            self._broken(1, f"the header names the column {doubled[0]!r} twice", "each column once")
        return header

    def _next_record(self) -> tuple[int, str] | None:
        """The next record's first line and text without its line ending; None at the end.

        A record goes on while its number of quotes is odd. Where that runs into the end of the file
        or of patience, splitting the text says which quote is to blame.
        """
        lines: list[bytes] = []
        start = self._line + 1
        size = quotes = 0
        while not lines or quotes % 2:
            raw = self._file.readline(LONGEST_RECORD + 1 - size)
            if not raw:
                break
            lines.append(raw)
            size += len(raw)
            quotes += raw.count(b'"')
            self._line += raw.endswith(b"\n")
            if size > LONGEST_RECORD:
                if quotes % 2 == 0:
                    self._broken(start, "the row does not end", f"rows of at most {LONGEST_RECORD} bytes")
                break
        if not lines:
            return None
        if not lines[-1].endswith(b"\n"):
            self._line += 1
        return start, self._decoded(start, b"".join(lines))

    def _decoded(self, start: int, raw: bytes) -> str:
        if start == 1:
            raw = raw.removeprefix(_BOM)
        if (place := raw.find(b"\0")) >= 0:
            self._broken(
                start + raw.count(b"\n", 0, place),
                "there is a NUL byte in the line",
                "text in UTF-8, not UTF-16",
            )
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line_start = raw.rfind(b"\n", 0, error.start) + 1
            self._broken(
                start + raw.count(b"\n", 0, error.start),
                f"byte {error.start - line_start + 1} of the line is not UTF-8",
                "a file saved as UTF-8",
            )
        return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")

    def _split(self, start: int, text: str) -> list[str | None]:
        if '"' not in text and "\r" not in text:
            return [value or None for value in text.split(",")]
        values: list[str | None] = []
        place = 0
        while True:
            line = start + text.count("\n", 0, place)
            if text.startswith('"', place):
                match = _QUOTED.match(text, place)
                if match is None:
                    self._broken(line, "a quoted value does not end", 'a closing `"`')
                values.append(match[1].replace('""', '"'))
                place = match.end()
            else:
                end = text.find(",", place)
                value = text[place:] if end < 0 else text[place:end]
                if '"' in value:
                    expected = 'the whole value in quotes, each `"` inside it doubled'
                    self._broken(line, "there is a quote inside a value without quotes", expected)
                if "\r" in value:
                    self._broken(line, "there is a carriage return inside the line", "LF or CRLF at its end")
                values.append(value or None)
                place += len(value)
            if place == len(text):
                return values
            if text[place] != ",":
                line = start + text.count("\n", 0, place)
                self._broken(line, "there is text after a closing quote", "a comma or the end of the line")
            place += 1

    def _only_blank_lines_may_follow(self, start: int) -> None:
        while (found := self._next_record()) is not None:
            if found[1]:
                self._broken(start, "the line is empty", f"{len(self.header)} values")

    def _broken(self, line: int, what: str, expected: str) -> NoReturn:
        raise BrokenFile(what, where=f"{self._where}:{line}", expected=expected, next_step=_NEXT_STEP)
