"""Runs declared checks over one release, each on its own: what goes wrong in one is that one's result.

Every declared check gives at least one result, or the run names it with the reason.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from amalimart.core.errors import AmalimartError, WarehouseError
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.quality.counting import check_counts
from amalimart.quality.declared import DeclaredCheck, DeclaredChecks
from amalimart.quality.drifting import check_drift
from amalimart.quality.freshness import check_freshness
from amalimart.quality.looking import Look
from amalimart.quality.reconciliation import check_reconciliation
from amalimart.quality.volumes import check_slow_loss, check_volume

log = logging.getLogger(__name__)

_UNDECIDED = "what the check declares"
Runner = Callable[[DeclaredCheck, Any, Look], Iterator[QualityResult]]
RUNNERS: Mapping[MonitorKind, Runner] = {
    MonitorKind.COUNTS: check_counts,
    MonitorKind.VOLUME: check_volume,
    MonitorKind.SLOW_LOSS: check_slow_loss,
    MonitorKind.FRESHNESS: check_freshness,
    MonitorKind.DRIFT: check_drift,
    MonitorKind.RECONCILIATION: check_reconciliation,
}


@dataclass(frozen=True, slots=True)
class QualityRun:
    """One run over one release.

    declared  how many checks were to be run
    not_run   name -> why its file is no check
    """

    run_id: str
    release_id: int
    declared: int
    results: tuple[QualityResult, ...]
    not_run: Mapping[str, AmalimartError] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Whether somebody has to look now: a check of severity error failed, or one could not be run."""
        return bool(self.not_run) or any(
            result.verdict is Verdict.FAILED and result.severity is Severity.ERROR for result in self.results
        )


def run_checks(checks: DeclaredChecks, look: Look) -> QualityRun:
    """Run each check, and keep what they found."""
    results = [result for check in checks.checks.values() for result in run_check(check, look)]
    run = QualityRun(
        secrets.token_hex(8),
        look.transaction.release.release_id,
        len(checks.names),
        tuple(results),
        checks.refused,
    )
    look.history.add(run.run_id, run.results)
    return run


def run_check(check: DeclaredCheck, look: Look) -> tuple[QualityResult, ...]:
    """Everything one check found; at least that it cannot tell."""
    found: list[QualityResult] = []
    finding = look.told(check, check.name)
    try:
        # Results that came before an error stand: they were found.
        _take(RUNNERS[check.kind](check, check.shape, look), found)
    except AmalimartError as error:
        found.append(finding.cannot_tell(_UNDECIDED, _in_a_sentence(error)))
    except Exception as defect:
        log.exception("a check failed by a defect", extra={"check": check.name})
        found.append(
            finding.cannot_tell(_UNDECIDED, f"a defect of amalimart: {type(defect).__name__}; see the log")
        )
    if not found:
        found.append(finding.cannot_tell(_UNDECIDED, "the check has looked at nothing"))
    return tuple(found)


def _take(results: Iterable[QualityResult], found: list[QualityResult]) -> None:
    for result in results:
        found.append(result)  # noqa: PERF402 - what was found before an error must not be lost


def _in_a_sentence(error: AmalimartError) -> str:
    """An error in a line, without the engine's own words: they may quote a value."""
    if type(error) is WarehouseError:
        kind = error.what.removeprefix("the engine refused: ").partition(":")[0]
        return f"the engine could not answer: {kind}"
    parts = [error.what]
    if error.nearest:
        parts.append(f"nearest: {error.nearest}")
    if error.where:
        parts.append(f"where: {error.where}")
    return "; ".join(parts)
