"""Positions in the binary log as sets of global transaction ids, MariaDB's and MySQL's. Pure values.

MariaDB   domain-server-sequence, one for each domain: everything in it up to that sequence
MySQL     uuid:1-5:8, for each server: exactly these transactions
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

_MARIADB = re.compile(r"(\d+)-(\d+)-(\d+)")
_MYSQL = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})((?::\d+(?:-\d+)?)+)")


@dataclass(frozen=True, slots=True)
class Gtid:
    """One transaction.

    origin  MariaDB's domain, MySQL's server
    number  its place there
    """

    origin: str
    number: int
    text: str


class GtidSet(ABC):
    """A set of transactions that grows."""

    @classmethod
    @abstractmethod
    def parse(cls, text: str) -> Self:
        """Read the server's own form. Raises ValueError."""

    @abstractmethod
    def __contains__(self, gtid: Gtid) -> bool: ...

    @abstractmethod
    def add(self, gtid: Gtid) -> None:
        """Count a transaction in."""

    @abstractmethod
    def covers(self, other: Self) -> bool:
        """Whether every transaction of the other is in this one."""

    @abstractmethod
    def __str__(self) -> str: ...


class MariaDBGtids(GtidSet):
    """The last transaction of each domain; domains are ordered, so all before it are in."""

    def __init__(self, last: dict[str, Gtid]) -> None:
        self._last = last

    @classmethod
    def parse(cls, text: str) -> Self:
        last = {}
        for part in filter(None, text.replace(" ", "").split(",")):
            matched = _MARIADB.fullmatch(part)
            if matched is None:
                raise ValueError(f"{part!r} is no GTID of MariaDB")
            last[matched[1]] = Gtid(matched[1], int(matched[3]), part)
        return cls(last)

    def __contains__(self, gtid: Gtid) -> bool:
        last = self._last.get(gtid.origin)
        return last is not None and gtid.number <= last.number

    def add(self, gtid: Gtid) -> None:
        self._last[gtid.origin] = gtid

    def covers(self, other: Self) -> bool:
        return all(gtid in self for gtid in other._last.values())

    def __str__(self) -> str:
        return ",".join(gtid.text for _, gtid in sorted(self._last.items(), key=lambda item: int(item[0])))


class MySQLGtids(GtidSet):
    """For each server the intervals of its transactions, sorted, first and last included."""

    def __init__(self, intervals: dict[str, list[tuple[int, int]]]) -> None:
        self._intervals = intervals

    @classmethod
    def parse(cls, text: str) -> Self:
        intervals: dict[str, list[tuple[int, int]]] = {}
        for part in filter(None, re.sub(r"\s", "", text).lower().split(",")):
            matched = _MYSQL.fullmatch(part)
            if matched is None:
                raise ValueError(f"{part!r} is no GTID set that can be followed")
            for piece in matched[2].split(":")[1:]:
                first, _, last = piece.partition("-")
                _insert(intervals.setdefault(matched[1], []), int(first), int(last or first))
        return cls(intervals)

    def __contains__(self, gtid: Gtid) -> bool:
        return any(first <= gtid.number <= last for first, last in self._intervals.get(gtid.origin, ()))

    def add(self, gtid: Gtid) -> None:
        _insert(self._intervals.setdefault(gtid.origin, []), gtid.number, gtid.number)

    def covers(self, other: Self) -> bool:
        return all(
            any(first <= begin and end <= last for first, last in self._intervals.get(server, ()))
            for server, pieces in other._intervals.items()
            for begin, end in pieces
        )

    def __str__(self) -> str:
        return ",".join(
            server + "".join(f":{first}" if first == last else f":{first}-{last}" for first, last in pieces)
            for server, pieces in sorted(self._intervals.items())
        )


def _insert(pieces: list[tuple[int, int]], first: int, last: int) -> None:
    """Unite an interval with sorted ones, in place; the usual case is the end of the last."""
    if pieces and pieces[-1][1] + 1 == first:
        pieces[-1] = (pieces[-1][0], last)
        return
    apart = [piece for piece in pieces if piece[1] + 1 < first or last + 1 < piece[0]]
    touching = [piece for piece in pieces if piece not in apart]
    joined = (min([first, *(a for a, _ in touching)]), max([last, *(b for _, b in touching)]))
    pieces[:] = sorted([*apart, joined])
