"""Forgetting a source, and saying what is left of it: in the project, and in the shop's own database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amalimart.config.project import Project
from amalimart.core.clock import SystemClock
from amalimart.core.errors import EngineUnavailable
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.runtime_files import read_report
from amalimart.orchestrate.sources.resnapshots import resnapshot_done
from amalimart.orchestrate.sources.settings import erase_source, known_source


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What forgetting a source did not delete, each in words with the way to delete it."""

    source: str
    described: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"source": self.source, "not_deleted": list(self.described)}


def remove_source(project: Project, name: str) -> LeftBehind:
    """Take a source out of the settings and the secrets; deletes nothing else.

    Raises ConfigError for an unknown one, EngineUnavailable while its ingest runs.
    """
    settings = known_source(project, name)
    if read_report(project.run, f"ingest-{name}") is not None:
        raise EngineUnavailable(
            f"the ingest of {name} is running and would go on",
            where=str(project.home),
            next_step="stop amalimart up with Ctrl-C first",
        )
    lake = open_lake(project, SystemClock())
    latest = lake.latest(name)
    left = []
    if latest is not None:
        left.append(
            f"what was landed, {latest.version} commits in {project.lake}: what is served keeps it until the "
            "next release, and a source of the same name would go on from there"
        )
    mapping = project.overlay("sources") / f"{settings.mapping}.yml"
    if mapping.is_file():
        left.append(f"its mapping {mapping}")
    slot, publication = (latest.position.get(key) if latest else None for key in ("slot", "publication"))
    if settings.kind == "postgres" and slot:
        left.append(
            "its replication slot in the shop's database, which keeps the server's log until it is dropped: "
            f"select pg_drop_replication_slot('{slot}'); drop publication {publication};"
        )
    erase_source(project, name)
    resnapshot_done(project, name)
    return LeftBehind(name, tuple(left))
