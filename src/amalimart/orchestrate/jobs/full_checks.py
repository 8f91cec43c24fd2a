"""The job `full_checks`: every check of the release over all rows, as they are served.

Builds look at changed rows. What that cannot see, such as rows that a defect left behind, is found here, in a
read transaction beside everything else: it publishes nothing and holds nothing back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import Any

from amalimart.core.errors import CheckFailed, WarehouseError
from amalimart.core.releases import Acceptance
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.scheduling.job import JobContext, waits_for_a_release
from amalimart.warehouse.checking import run_whole
from amalimart.warehouse.releases.release_log import CheckResult, latest_release

_MOST_NAMED = 20


class FullChecksJob:
    """Checks one engine's tables whole."""

    name = "full_checks"
    does = "Runs every check of the release over all rows, also those that did not change."
    off = None

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Raises CheckFailed where rows break an invariant and nobody has accepted so many of them.

        WarehouseError where the project's files are ahead of the release. Before there is one it looks at
        nothing.
        """
        with ExitStack() as reading:
            with self._engine.held():
                cursor = reading.enter_context(self._engine.hot_file.records())
                release = latest_release(cursor)
                if release is None:
                    return waits_for_a_release()
                graph = self._engine.compiled()
            if release.project_hash != graph.project_hash:
                raise WarehouseError(
                    "the models are edited, and no release is of them yet",
                    where=f"release {release.release_id}",
                    next_step="it is tried again; amalimart release list --blocked says what holds it back",
                )
            results = []
            for result in run_whole(cursor, graph.checks):
                context.check()
                results.append(result)
        broken = [result for result in results if result.failing_rows]
        errors = [result for result in broken if result.is_error]
        accepted = self._engine.acceptances.standing()
        if bad := [result for result in errors if not _is_accepted(result, accepted)]:
            raise CheckFailed(
                f"checks fail over all rows of release {release.release_id}: {_named(bad)}",
                expected="no row that breaks an error-level check",
                next_step="amalimart model rebuild of the model builds it anew and shows the rows",
            )
        return {
            "release_id": release.release_id,
            "checks": len(results),
            "warnings": {each.name: each.failing_rows for each in broken if not each.is_error},
            "accepted": {each.name: each.failing_rows for each in errors},
        }


def _is_accepted(result: CheckResult, accepted: Collection[Acceptance]) -> bool:
    return any(each.check == result.name and result.failing_rows <= each.failing_rows for each in accepted)


def _named(results: list[CheckResult]) -> str:
    named = [f"{result.name} ({result.failing_rows} rows)" for result in results[:_MOST_NAMED]]
    return ", ".join([*named, *(["..."] if len(results) > _MOST_NAMED else [])])
