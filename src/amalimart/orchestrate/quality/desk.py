"""Running the monitored checks of a project, and looking at what they found: the use cases behind every door.

Who may do so is for the door to say.
"""

from __future__ import annotations

import threading

from sqlalchemy import Engine as ControlEngine

from amalimart.control.deciding import Decider
from amalimart.control.quality.results import QualityResults
from amalimart.control.quality.rows import Acknowledgement, KeptResult
from amalimart.control.quality.source_shapes import SourceShapes
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError, UnknownName, WarehouseError
from amalimart.core.names import nearest
from amalimart.core.profiles import TableProfile
from amalimart.core.quality import MonitorKind, QualityResult
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.sources.live import ProjectSources
from amalimart.quality.declared import PACKAGED, DeclaredChecks, load_checks
from amalimart.quality.listing import ListedCheck, listed
from amalimart.quality.looking import Look
from amalimart.quality.ports import VolumeModel
from amalimart.quality.running import QualityRun, run_checks
from amalimart.quality.shapes import Every
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.project.declared_columns import declared_columns
from amalimart.warehouse.quality.profile import profile
from amalimart.warehouse.quality.reading import Columns, published_columns


class QualityDesk:
    """The monitored checks of one engine's project. Runs come one after the other."""

    def __init__(
        self, engine: Engine, control: ControlEngine, clock: Clock, volume: VolumeModel | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._volume = volume
        self._results = QualityResults(control, clock, engine.project.settings.quality.keep_days)
        self._shapes = SourceShapes(control, clock)
        self._running = threading.Lock()

    @property
    def results(self) -> QualityResults:
        """What was found, and what was acknowledged of it."""
        return self._results

    def checks(self) -> DeclaredChecks:
        """Every declared check, as the files say now."""
        return load_checks((PACKAGED, self._engine.project.overlay("quality")))

    def listed(self) -> tuple[ListedCheck, ...]:
        """Every declared check with what it found last."""
        return listed(self.checks(), self._results.newest())

    def run(self, every: Every | None = None, name: str | None = None) -> QualityRun:
        """Run the checks of a schedule word, the one of a name, or all, over the published release.

        Raises NothingPublished, NotFound, and the error of the named check's file.
        """
        checks = self.checks()
        chosen = checks.only(name) if name is not None else checks.due(every)
        with self._running, self._engine.hot_file.read() as transaction:
            sources = ProjectSources(self._engine, self._graph, self._clock)
            columns = published_columns(transaction)
            look = Look(
                transaction=transaction,
                now=self._clock.now(),
                zone=self._engine.project.zone,
                lake=self._engine.lake,
                mappings=self._engine.mappings,
                personal=self._personal(columns),
                history=self._results,
                shapes=sources,
                known_shapes=self._shapes,
                live=sources,
                volume=self._volume,
                columns=columns,
                declared=checks.checks,
            )
            return run_checks(chosen, look)

    def failing_results(self) -> tuple[QualityResult, ...]:
        """What fails now, as it was found."""
        return tuple(each.result for each in self.failing())

    def failing(self) -> tuple[KeptResult, ...]:
        """What fails now of the declared checks and nobody has acknowledged, errors first."""
        names = set(self.checks().names)
        return tuple(each for each in self._results.failing() if each.result.check in names)

    def history(self, name: str, limit: int, subject: str | None = None) -> tuple[KeptResult, ...]:
        """The newest results of a check, newest first; also of one that is declared no more.

        Raises NotFound for a check that is not declared and has found nothing.
        """
        found = self._results.history(name, limit, subject)
        checks = self.checks()
        if not found and name not in checks.refused:
            checks.only(name)
        return found

    def acknowledge(
        self, name: str, subject: str, period: str | None, decider: Decider, reason: str
    ) -> Acknowledgement:
        """Say that what a check found is known; of a source's shape, that this is the shape from now on.

        Raises NotFound, RequestError.
        """
        word = self._results.acknowledge(name, subject, period, decider, reason)
        newest = next((each for each in self._results.newest() if each.result.check == name), None)
        if newest is not None and newest.result.kind is MonitorKind.DRIFT:
            source, _, table = subject.partition(".")
            self._shapes.acknowledge(source, table)
        return word

    def profile(self, table: str, *, exact: bool = False) -> TableProfile:
        """Look at one published table. Raises UnknownName, NothingPublished."""
        with self._engine.hot_file.read() as transaction:
            columns = published_columns(transaction)
            if table not in columns:
                raise UnknownName(
                    f"there is no published table {table!r}",
                    expected="schema.name, such as gold.fact_orders",
                    nearest=nearest(table, columns),
                    next_step="amalimart model list shows them all",
                )
            model = table.partition(".")[2]
            declared = declared_columns(self._engine.project.build / "dbt", model)
            return profile(transaction, table, columns, declared, self._personal(columns), exact=exact)

    def _graph(self) -> CompiledGraph:
        """The compiled project. Raises CompileFailed, UnsupportedFeature, ConfigError."""
        with self._engine.held():
            return self._engine.compiled()

    def _personal(self, columns: Columns) -> frozenset[str]:
        """Which columns are personal: all of them, where the project does not compile and cannot tell."""
        try:
            return self._graph().personal
        except (WarehouseError, ConfigError):
            return frozenset(column.lower() for table in columns.values() for column in table)
