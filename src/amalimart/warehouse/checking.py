"""Runs the checks of a build: over changed rows where they can, else whole; not where nothing changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import duckdb

from amalimart.core.errors import ModelFailed
from amalimart.warehouse.building import NOT_THE_MODELS_FAULT, Building, Fate
from amalimart.warehouse.graph import Check
from amalimart.warehouse.incremental.change_sets import keep_part
from amalimart.warehouse.release_log import CheckResult

_TOGETHER = 16
"""So many small checks are asked in one statement: each statement of its own costs more than its rows do."""


@dataclass(frozen=True, slots=True)
class _Due:
    check: Check
    sql: str
    is_whole: bool


def run_checks(
    cursor: duckdb.DuckDBPyConnection,
    building: Building,
    checks: Iterable[Check],
    anew: frozenset[str] = frozenset(),
) -> list[CheckResult]:
    """The results of the checks over what has changed; those whose ids are in `anew` are run whole.

    Raises ModelFailed for one that cannot run.
    """
    due = [each for check in checks for each in _due(cursor, building, check, anew)]
    whole = [each for each in due if each.is_whole]
    changed = [each for each in due if not each.is_whole]
    groups = [[each] for each in whole]
    groups += [changed[start : start + _TOGETHER] for start in range(0, len(changed), _TOGETHER)]
    return [
        CheckResult(each.check.name, each.check.is_error, failing, each.is_whole)
        for group in groups
        for each, failing in zip(group, _failing(cursor, group), strict=True)
    ]


def _due(
    cursor: duckdb.DuckDBPyConnection, building: Building, check: Check, anew: frozenset[str]
) -> Iterator[_Due]:
    """The form in which a check is to be run, if at all."""
    if check.unique_id in anew:
        yield _Due(check, check.sql, is_whole=True)
        return
    fates = {building.fates.get(parent, Fate.SAME) for parent in check.parents}
    if fates <= {Fate.SAME}:
        return
    if check.delta is None or Fate.REBUILT in fates:
        yield _Due(check, check.sql, is_whole=True)
    elif any(building.fates.get(parent) is Fate.CHANGED for parent in check.delta.parents):
        for parent in check.delta.parents:
            building.stand_in(parent)
        for part in check.delta.parts:
            keep_part(cursor, part, is_told=building.has_changed(part.parent))
        yield _Due(check, check.delta.sql, is_whole=False)


def _failing(cursor: duckdb.DuckDBPyConnection, group: Sequence[_Due]) -> list[int]:
    """How many rows break each check of a group."""
    asked = "\nunion all\n".join(
        f"select {number} as number, count(*) as failing from (\n{each.sql}\n) as failing"
        for number, each in enumerate(group)
    )
    try:
        return [int(failing) for _, failing in cursor.execute(f"{asked}\norder by 1").fetchall()]
    except NOT_THE_MODELS_FAULT:
        raise
    except duckdb.Error as error:
        (first, *others) = [each.check.name for each in group]
        named = f"the check {first}" if not others else f"one of the checks {first}, {', '.join(others)}"
        raise ModelFailed(
            f"{named} failed to run: {str(error).splitlines()[0]}", where=group[0].check.unique_id
        ) from error
