"""What a source user may not do yet, or a server is not set to: one shape for every kind of source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from amalimart.config.project import Project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import SystemClock
from amalimart.core.errors import CaptureRefused
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.sources.describing import place_of
from amalimart.orchestrate.sources.opening import capture_name
from amalimart.orchestrate.sources.settings import known_source
from amalimart.sources.mysql.source import MySQLSource
from amalimart.sources.postgres.polling_rights import polling_findings
from amalimart.sources.postgres.streaming import PostgresStreamingSource


class _Finding(Protocol):
    """What each kind of source says in a class of its own."""

    @property
    def what(self) -> str: ...
    @property
    def fix(self) -> tuple[str, ...]: ...
    @property
    def table(self) -> str | None: ...
    @property
    def blocking(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that is missing or worth knowing.

    fix       statements and settings to give to whoever administers the source, in order
    blocking  whether the source cannot be followed without it
    """

    what: str
    fix: tuple[str, ...]
    table: str | None
    blocking: bool

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"what": self.what, "fix": list(self.fix), "table": self.table, "blocking": self.blocking}


def missing_rights(
    project: Project, name: str, settings: SourceSettings, address: str | None, mapping: SourceMapping
) -> tuple[Right, ...]:
    """What stands in the way of following the mapped tables as the settings say.

    Raises SourceUnreachable, SourceRefused, SourceMismatch. Files need no right that reading them has
    not shown.
    """
    if address is None:
        return ()
    found: Iterable[_Finding]
    if settings.kind == "mysql":
        with closing(MySQLSource(address)) as database:
            found = database.preflight(mapping)
    elif settings.capture == "poll":
        found = polling_findings(address, mapping)
    else:
        own = capture_name(name, _identity(project, name))
        with closing(PostgresStreamingSource(address, slot=own, publication=own)) as source:
            found = source.preflight(mapping)
    return tuple(Right(one.what, one.fix, one.table, one.blocking) for one in found)


def _identity(project: Project, name: str) -> str | None:
    """The identity of the source's lake, made if need be: an administrator is told a publication by name."""
    lake = open_lake(project, SystemClock())
    if lake.identity(name) is None:
        with lake.writer(name):
            pass
    return lake.identity(name)


def rights_of(project: Project, name: str) -> tuple[Right, ...]:
    """What is missing for a source of the project, as its settings and mapping are now. Raises as above."""
    settings = known_source(project, name)
    mapping = load_mapping(find_mapping(settings.mapping, (project.overlay("sources"),)))
    return missing_rights(project, name, settings, place_of(project, name, settings).address, mapping)


def refuse_blocking(rights: Sequence[Right], where: str, settings: SourceSettings, otherwise: str) -> None:
    """Raise CaptureRefused where something is in the way; it names every way out."""
    blocking = [right for right in rights if right.blocking]
    if not blocking:
        return
    first, *others = blocking
    more = f" (and {len(others)} more)" if others else ""
    fixes = "; ".join(dict.fromkeys(statement for right in blocking for statement in right.fix))
    raise CaptureRefused(
        f"the source cannot be followed yet: {first.what}{more}",
        where=where,
        expected="every right and setting that "
        + ("polling needs" if settings.capture == "poll" else "change capture needs"),
        next_step=f"have its administrator run: {fixes or 'what is listed above'}{otherwise}",
    )
