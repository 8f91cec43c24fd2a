"""Runs the checks of a build: over changed rows where they can, else whole; not where nothing changed.

Whatever counts over the rows of one relation is counted in one scan of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import duckdb

from amalimart.core.errors import ModelFailed
from amalimart.warehouse.building import NOT_THE_MODELS_FAULT, Building, Fate
from amalimart.warehouse.file.engine_words import in_words
from amalimart.warehouse.graph import Check
from amalimart.warehouse.incremental.change_sets import filled
from amalimart.warehouse.incremental.delta_check import DeltaCheck, Piece
from amalimart.warehouse.releases.release_log import CheckResult

_TOGETHER = 16
"""So many small queries are asked in one statement: each statement of its own costs more than its rows do."""


Counted = tuple[Check, str, int]
"""A check, the aggregate that counts what breaks it, and the number under which it is asked."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A query whose rows are the number of one of these checks, and how many rows break it."""

    checks: tuple[Check, ...]
    sql: str


def run_checks(
    cursor: duckdb.DuckDBPyConnection,
    building: Building,
    checks: Iterable[Check],
    anew: Collection[str] = frozenset(),
) -> list[CheckResult]:
    """The results of the checks over what has changed; those whose ids are in `anew` are run whole.

    Raises ModelFailed for one that cannot run.
    """
    whole: list[Check] = []
    due: list[tuple[Check, Piece]] = []
    for check in checks:
        if check.unique_id in anew or _is_whole(building, check):
            whole.append(check)
        elif check.delta is not None and (pieces := check.delta.due(building.has_changed)):
            _keep_for(cursor, building, check.delta)
            due += [(check, piece) for piece in pieces]
    return [*run_whole(cursor, whole), *_of_changes(cursor, due)]


def run_whole(cursor: duckdb.DuckDBPyConnection, checks: Iterable[Check]) -> Iterator[CheckResult]:
    """The results of checks over all rows, those that count over one relation asked together.

    Raises ModelFailed for one that cannot run.
    """
    counted: dict[str, list[Counted]] = {}
    for number, check in enumerate(checks):
        if check.delta is not None and check.delta.all_rows:
            (piece,) = check.delta.pieces
            counted.setdefault(check.delta.all_rows, []).append((check, piece.counted, number))
        else:
            found = _failing(cursor, [_rows_of(check, check.sql, number)])
            yield CheckResult(check.name, check.is_error, found[number])
    for rows, alike in counted.items():
        found = _failing(cursor, [_counts_over(rows, alike)])
        for check, _, number in alike:
            yield CheckResult(check.name, check.is_error, found[number])


def _is_whole(building: Building, check: Check) -> bool:
    """Whether all rows have to be looked at."""
    fates = {building.fates.get(parent, Fate.SAME) for parent in check.parents}
    return Fate.REBUILT in fates or (check.delta is None and Fate.CHANGED in fates)


def _keep_for(cursor: duckdb.DuckDBPyConnection, building: Building, delta: DeltaCheck) -> None:
    if delta.values is not None:
        filled(cursor, delta.values.name, delta.values.sql(building.has_changed))
    for part in delta.parts:
        building.parts.keep(part, is_told=building.has_changed(part.parent))


def _of_changes(cursor: duckdb.DuckDBPyConnection, due: Sequence[tuple[Check, Piece]]) -> list[CheckResult]:
    """The results of checks over changed rows, as many as possible asked together."""
    numbers = {check.unique_id: number for number, (check, _) in enumerate(due)}
    failing = dict.fromkeys(numbers.values(), 0)
    questions = list(_questions(_with_keys(cursor, due), numbers))
    for start in range(0, len(questions), _TOGETHER):
        for number, rows in _failing(cursor, questions[start : start + _TOGETHER]).items():
            failing[number] += rows
    checks = {check.unique_id: check for check, _ in due}
    return [
        CheckResult(check.name, check.is_error, failing[numbers[unique_id]], is_whole=False)
        for unique_id, check in checks.items()
    ]


def _with_keys(
    cursor: duckdb.DuckDBPyConnection, due: Sequence[tuple[Check, Piece]]
) -> list[tuple[Check, Piece]]:
    """Those that can fail: most look for rows that name a key that went, and seldom does one go."""
    asked = sorted({piece.keys for _, piece in due if piece.keys})
    if not asked:
        return list(due)
    together = " union all ".join(
        f"select {number} where exists ({keys})" for number, keys in enumerate(asked)
    )
    there = {asked[number] for (number,) in cursor.execute(together).fetchall()}
    return [(check, piece) for check, piece in due if not piece.keys or piece.keys in there]


def _questions(due: Sequence[tuple[Check, Piece]], numbers: dict[str, int]) -> Iterator[_Question]:
    counted: dict[str, list[Counted]] = {}
    for check, piece in due:
        number = numbers[check.unique_id]
        if piece.counted:
            counted.setdefault(piece.rows, []).append((check, piece.counted, number))
        else:
            yield _rows_of(check, piece.sql, number)
    for rows, alike in counted.items():
        yield _counts_over(rows, alike)


def _counts_over(rows: str, counted: Sequence[Counted]) -> _Question:
    """All that is counted of the same rows in one scan of them."""
    which = ", ".join(str(number) for _, _, number in counted)
    many = ", ".join(aggregate for _, aggregate, _ in counted)
    return _Question(
        tuple(check for check, _, _ in counted),
        f"select unnest([{which}]) as number, unnest([{many}]) as failing from ({rows}) as counted",
    )


def _rows_of(check: Check, sql: str, number: int) -> _Question:
    return _Question((check,), f"select {number} as number, count(*) as failing from (\n{sql}\n) as failing")


def _failing(cursor: duckdb.DuckDBPyConnection, asked: Sequence[_Question]) -> dict[int, int]:
    """Number of a check -> how many rows break it. Raises ModelFailed."""
    together = "\nunion all\n".join(question.sql for question in asked)
    try:
        found = cursor.execute(
            f"select number, sum(failing) from (\n{together}\n) group by number"
        ).fetchall()
    except NOT_THE_MODELS_FAULT:
        raise
    except duckdb.Error as error:
        (first, *others) = [check for question in asked for check in question.checks]
        rest = ", ".join(other.name for other in others)
        named = f"one of the checks {first.name}, {rest}" if others else f"the check {first.name}"
        raise ModelFailed(f"{named} failed to run: {in_words(error)}", where=first.unique_id) from error
    return {int(number): int(failing) for number, failing in found}
