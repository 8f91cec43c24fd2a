"""What the source databases hold at this moment: read as any snapshot is, into a lake that is thrown away.

Nothing is written there: a snapshot reads, in a read-only transaction of one moment, what the mapping lands.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import Clock
from amalimart.core.errors import NotAvailable
from amalimart.lake import CommitKind, Lake
from amalimart.mapping.catalog_check import Catalog
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.sources.opening import open_source
from amalimart.quality.ports import LiveRows
from amalimart.sources import PostgresPollingSource, Source, silent
from amalimart.sources.landing import landed_columns
from amalimart.sources.mysql.source import MySQLSource
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.project.project_files import bronze_view
from amalimart.warehouse.quality.staging_beside import bronze_needed_for, stage_beside

_MEMORY_SHARE = 4
"""The engine's own file keeps the rest."""


class ProjectSources:
    """The sources of a project, asked directly."""

    def __init__(self, engine: Engine, graph: Callable[[], CompiledGraph], clock: Clock) -> None:
        self._project = engine.project
        self._engine = engine
        self._graph = graph
        self._clock = clock

    def shape(self, source: str) -> Catalog:
        """What tables and columns it has now. Raises SourceError, ConfigError."""
        settings = self._project.settings.sources[source]
        with closing(open_source(self._project, source, settings)) as opened:
            return opened.catalog()

    @contextmanager
    def staged(self, tables: Collection[str]) -> Iterator[LiveRows]:
        """Staged tables of what the databases hold now; sources that are files count as they landed.

        Raises NotAvailable where no source is a database, SourceError.
        """
        settings = self._project.settings.sources
        databases = {
            name: self._engine.mappings[name] for name, each in settings.items() if each.kind != "files"
        }
        if not databases:
            raise NotAvailable(
                "no source of the project is a database",
                expected="a postgres or mysql source",
                next_step="leave `against` out of the check: it then compares with what landed",
            )
        graph = self._graph()
        self._project.build.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="live-", dir=self._project.build) as folder:
            # Who was erased is not to come back by way of a comparison.
            lake = Lake(Path(folder) / "lake", self._clock, screens=self._engine.lake.screen)
            views = bronze_needed_for(graph, tables)
            for name, mapping in databases.items():
                self._land(lake, name, mapping, views)
            landed = {n: m for n, m in self._engine.mappings.items() if n not in databases}
            states = [lake_state(lake, databases), lake_state(self._engine.lake, landed)]
            hot_file = HotFile(
                Path(folder) / "live.duckdb",
                readable_folders=[lake.root, self._engine.lake.root],
                memory_bytes=self._engine.hot_file.memory_bytes // _MEMORY_SHARE,
            )
            try:
                now = self._clock.now()
                local = now.astimezone(self._project.zone).replace(tzinfo=None)
                stage_beside(hot_file, graph, tables, states, now, local)
                with hot_file.read() as transaction:
                    yield LiveRows(transaction, states[0].fresh_as_of)
            finally:
                hot_file.close()

    def _land(self, lake: Lake, name: str, mapping: SourceMapping, views: Collection[str]) -> None:
        settings = self._project.settings.sources[name]
        with closing(self._reader(name, settings)) as source:
            fitted = mapping.fitted(source.catalog())
            wanted = {
                table
                for table in landed_columns(fitted, source.catalog())
                if bronze_view(name, table) in views
            }
            with lake.begin(name, CommitKind.SNAPSHOT) as batch:
                reading = source.snapshot(fitted, batch, silent, tables=wanted, since=None)
                if batch.has_files:
                    batch.commit(reading.position, reading.fresh_as_of)

    def _reader(self, name: str, settings: SourceSettings) -> Source:
        """What reads the tables of a database without following it: no slot, no lease."""
        address = self._project.secret(settings.url or "", f"{self._project.settings_file}: sources.{name}")
        return MySQLSource(address) if settings.kind == "mysql" else PostgresPollingSource(address)
