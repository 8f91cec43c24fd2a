"""Loading a folder of files in one go: a project if there is none, the lake, a release, the counts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amalimart.config.project import SETTINGS_FILE, Project, open_project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import SystemClock
from amalimart.core.errors import ConfigError, EngineUnavailable
from amalimart.lake import Commit
from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.observe.progress import Step
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.openlineage.observing import observe
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.project.runtime_files import read_report
from amalimart.orchestrate.sources.opening import open_source, rows_in
from amalimart.sources import ingest_once
from amalimart.sources.port import SetsAside

BUCKETS = ("landed", "superseded", "deleted", "filtered", "accepted", "quarantined", "repaired")
Steps = Callable[[str], AbstractContextManager[Step]]


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """Where the landed rows of one entity went, in the order of `BUCKETS`.

    The first is the sum of the next five; repaired rows are among the accepted.
    """

    entity: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoadedFiles:
    """What a load did. `unmapped` names tables and columns of the folder that nothing reads."""

    release_id: int
    rows: int
    reconciliation: tuple[EntityCounts, ...]
    quarantine: tuple[tuple[str, int], ...]
    unmapped: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "release_id": self.release_id,
            "rows_landed": self.rows,
            "reconciliation": [
                {"entity": line.entity, **dict(zip(BUCKETS, line.counts, strict=True))}
                for line in self.reconciliation
            ],
            "quarantine": [{"reason": reason, "rows": count} for reason, count in self.quarantine],
            "unmapped": list(self.unmapped),
        }


def load_files(home: Path, folder: Path, mapping: str, source: str | None, steps: Steps) -> LoadedFiles:
    """Land a folder through a mapping and publish. Raises a typed error; nothing half done is visible."""
    project = _project_with_source(home, folder, mapping, source)
    name = source or _source_name(mapping)
    if read_report(project.run, "engine") is not None:
        raise EngineUnavailable(
            "the engine of this project is running and owns the warehouse",
            where=str(project.home),
            next_step="add the folder as a source instead: amalimart source add, or stop the engine first",
        )
    engine = Engine(project, SystemClock())
    observe(engine, SystemClock(), describes=False)
    try:
        opened = open_source(project, name, project.settings.sources[name])
        catalog = opened.catalog()
        report = check_catalog(engine.mappings[name], catalog)
        there = engine.mappings[name].fitted(catalog)
        rows = 0
        with steps(f"reading {folder}") as shown:
            while commit := ingest_once(engine.lake, name, opened, engine.mappings[name], rows_in(shown)):
                rows += _mapped_rows(commit, there)
            shown.summary = f"{rows:,} rows" if rows else "nothing new"
        for table, error in opened.set_aside().items() if isinstance(opened, SetsAside) else ():
            if table in there.landed:
                raise error
        with steps("building the release") as shown:
            built = engine.refresh(shown)
            shown.summary = f"{built.models} models, {len(built.checks)} checks" if built else "nothing new"
        unmapped = [
            f"table {table}: {spec.unmapped}"
            for table, spec in there.tables.items()
            if spec.unmapped and table in catalog
        ]
        unmapped += [f"table {table}: the mapping does not list it" for table in report.unlisted_tables]
        unmapped += [
            f"column {column}: the mapping does not list it" for column in report.unclassified_columns
        ]
        return _counted(engine, rows, tuple(unmapped))
    finally:
        engine.close()


def _mapped_rows(commit: Commit, mapping: SourceMapping) -> int:
    """The rows a commit added to tables the mapping reads; a source may keep others for itself."""
    return sum(
        file.rows
        for table, change in commit.tables.items()
        if table in mapping.landed
        for file in change.added
    )


def _source_name(mapping: str) -> str:
    return Path(mapping).stem


def _project_with_source(home: Path, folder: Path, mapping: str, source: str | None) -> Project:
    name = source or _source_name(mapping)
    found = load_mapping(find_mapping(mapping, (home / "sources",)))
    if not folder.is_dir():
        raise ConfigError(
            "no such folder", where=str(folder), next_step="give the folder that holds the files"
        )
    wanted = SourceSettings(kind="files", mapping=mapping, folder=folder.resolve())
    if (home / SETTINGS_FILE).is_file():
        project = open_project(home)
    else:
        project = init_project(home, name=found.name, time_zone=str(found.time_zone))
    known = project.settings.sources.get(name)
    if known is None:
        return add_source(project, name, wanted)
    if (known.kind, known.mapping) != (wanted.kind, wanted.mapping):
        raise ConfigError(
            f"the source {name!r} of this project is another one",
            where=str(project.settings_file),
            expected=f"kind {known.kind}, mapping {known.mapping}",
            next_step="give another name with --source",
        )
    return project


def _counted(engine: Engine, rows: int, unmapped: tuple[str, ...]) -> LoadedFiles:
    with engine.hot_file.read() as transaction:
        counts = transaction.rows(
            f"select entity, {', '.join(f'{bucket}_rows' for bucket in BUCKETS)}"
            " from silver.reconciliation order by entity"
        ).rows
        reasons = transaction.rows(
            "select entity || ': ' || reason, count(*) from silver.quarantine group by 1 order by 1"
        ).rows
        return LoadedFiles(
            release_id=transaction.release.release_id,
            rows=rows,
            reconciliation=tuple(EntityCounts(row[0], tuple(int(n) for n in row[1:])) for row in counts),
            quarantine=tuple((str(row[0]), int(row[1])) for row in reasons),
            unmapped=unmapped,
        )
