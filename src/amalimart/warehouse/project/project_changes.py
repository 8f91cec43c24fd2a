"""What a release of another project builds anew: models whose own definition or columns changed.

Everything else follows as in any release: what reads a rebuilt table is built anew too, unless the table
is small enough to be compared with what it was. Another engine, compiler or time zone is another make:
nothing that was built before is to be trusted then, and everything is built anew.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import duckdb

from amalimart.warehouse.building import Building, Built
from amalimart.warehouse.graph import CompiledGraph, Model
from amalimart.warehouse.project.compiler import FORMAT
from amalimart.warehouse.project.fingerprints import fingerprint_of, fingerprint_of_check, versions
from amalimart.warehouse.project.model_log import (
    RecordedModel,
    record_checks_of_project,
    record_models,
    recorded_checks,
    recorded_models,
    standing_columns,
)


def environment(zone: ZoneInfo) -> str:
    """What else decides the rows of every model: the programs, the form of compiled models, the zone."""
    return f"{versions()} form {FORMAT} zone {zone.key}"


class ProjectChanges:
    """One project against the one that built the published release, in one transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, graph: CompiledGraph) -> None:
        self._cursor = cursor
        self._graph = graph
        self._models = recorded_models(cursor)
        self._checks = recorded_checks(cursor)
        self._fingerprints = {model.unique_id: fingerprint_of(model) for model in graph.models}
        self._told_checks = {check.unique_id: fingerprint_of_check(check) for check in graph.checks}

    @property
    def checks(self) -> frozenset[str]:
        """Ids of the checks that are new or say something else than before."""
        return frozenset(
            unique_id
            for unique_id, fingerprint in self._told_checks.items()
            if self._checks.get(unique_id) != fingerprint
        )

    def bring(self, building: Building, model: Model) -> Built:
        """Bring one model up to date, after its parents. Raises ModelFailed.

        The columns are asked of the engine: they may change with a parent although the model's text does
        not, and rows of other columns can be neither compared with nor put among those that stand.
        """
        before = self._models.get(model.unique_id)
        stands = before is not None and (before.relation, before.is_view) == (str(model.table), model.is_view)
        if before is None or not stands or before.columns != building.columns_of(model):
            return building.whole(model)
        if before.fingerprint == self._fingerprints[model.unique_id]:
            return building.follow(model)
        return building.whole(model) if model.is_view else building.anew(model)

    def record(self, release_id: int) -> None:
        """Remember the models and checks as they now are. The release's transaction makes it true."""
        standing = standing_columns(self._cursor)
        fresh = []
        for model in self._graph.models:
            fingerprint, columns = self._fingerprints[model.unique_id], standing[str(model.table)]
            before = self._models.get(model.unique_id)
            if before is None or (before.fingerprint, before.columns) != (fingerprint, columns):
                fresh.append(
                    RecordedModel(
                        model.unique_id, str(model.table), model.is_view, fingerprint, columns, release_id
                    )
                )
        record_models(self._cursor, fresh, {model.unique_id for model in self._graph.models})
        record_checks_of_project(self._cursor, self._told_checks)
