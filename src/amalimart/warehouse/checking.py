"""Runs one check in a build: over changed rows where it can, else whole; not where nothing changed."""

from __future__ import annotations

import duckdb

from amalimart.core.errors import ModelFailed
from amalimart.warehouse.building import NOT_THE_MODELS_FAULT, Building, Fate
from amalimart.warehouse.graph import Check
from amalimart.warehouse.incremental.change_sets import keep_part
from amalimart.warehouse.release_log import CheckResult


def run_check(cursor: duckdb.DuckDBPyConnection, building: Building, check: Check) -> CheckResult | None:
    """The result, or None where nothing that the check reads has changed. Raises ModelFailed."""
    fates = {building.fates.get(parent, Fate.SAME) for parent in check.parents}
    if fates <= {Fate.SAME}:
        return None
    if check.delta is None or Fate.REBUILT in fates:
        return CheckResult(check.name, check.is_error, _failing(cursor, check, check.sql), is_whole=True)
    if all(building.fates.get(parent, Fate.SAME) is Fate.SAME for parent in check.delta.parents):
        return None
    for parent in check.delta.parents:
        building.stand_in(parent)
    for part in check.delta.parts:
        keep_part(cursor, part)
    return CheckResult(check.name, check.is_error, _failing(cursor, check, check.delta.sql), is_whole=False)


def _failing(cursor: duckdb.DuckDBPyConnection, check: Check, sql: str) -> int:
    try:
        counted = cursor.execute(f"select count(*) from (\n{sql}\n) as failing").fetchone()
    except NOT_THE_MODELS_FAULT:
        raise
    except duckdb.Error as error:
        raise ModelFailed(
            f"the check {check.name} failed to run: {str(error).splitlines()[0]}", where=check.unique_id
        ) from error
    return int(counted[0]) if counted else 0
