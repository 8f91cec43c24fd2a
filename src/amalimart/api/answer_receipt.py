"""The receipt of an answer as it is told: with what it was made of, and how the checks on the way stand.

A reader of own rows is told whether all is well, and no name or count of what belongs to all.
"""

from __future__ import annotations

from typing import Any

from amalimart.access.principal import Principal
from amalimart.api.described import described
from amalimart.api.services import AppServices
from amalimart.catalog.lineage import Kind, Node
from amalimart.semantic.answer import Receipt

Json = dict[str, Any]


def receipt_document(receipt: Receipt, principal: Principal, services: AppServices) -> Json:
    """The receipt. `lineage` are ids of what the numbers are, and of the rows they were read from."""
    metrics = [each.name for each in receipt.metrics]
    places = [Node(Kind.METRIC, name) for name in metrics]
    places += [Node(Kind.ROWS, name) for name in receipt.tables]
    document: Json = described(receipt)
    checks = _checks(metrics, receipt.release_id, principal, services)
    return document | {"lineage": [each.id for each in places], "checks": checks}


def _checks(metrics: list[str], release_id: int, principal: Principal, services: AppServices) -> Json:
    counts = services.standing_checks(metrics, release_id)
    if counts is None or services.semantic.is_scoped(principal):
        state = "unknown" if counts is None else counts.state
        return {"state": state, "passed": None, "warned": None, "failed": None}
    told = {"passed": counts.passed, "warned": counts.warned, "failed": counts.failed}
    return {"state": counts.state, **told}
