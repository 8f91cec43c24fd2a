"""From a source's settings, or a place somebody just named, to something that describes its tables."""

from __future__ import annotations

from amalimart.config.project import Project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.sources.file_stores import file_store, in_project
from amalimart.orchestrate.sources.places import SourcePlace, read_place
from amalimart.sources.describing import Describes
from amalimart.sources.files.describing import FileDropDescriber
from amalimart.sources.mysql.connection import Address as MySQLAddress
from amalimart.sources.mysql.describing import MySQLDescriber
from amalimart.sources.postgres.connection import Address as PostgresAddress
from amalimart.sources.postgres.describing import PostgresDescriber


def place_of(project: Project, name: str, settings: SourceSettings) -> SourcePlace:
    """Where a source of the project is. Raises ConfigError where its secret is not set."""
    if settings.url is not None:
        return read_place(project.secret(settings.url, f"{project.settings_file}: sources.{name}"))
    if settings.folder is not None:
        return SourcePlace("files", folder=in_project(project, settings.folder))
    return SourcePlace("files", prefix=settings.prefix)


def shown_place(project: Project, name: str, settings: SourceSettings) -> str:
    """Where a source is, without its password; where its address is not set, how it is referred to."""
    if settings.url is None:
        return settings.prefix or str(settings.folder)
    try:
        address = place_of(project, name, settings).address or ""
        of_kind = PostgresAddress if settings.kind == "postgres" else MySQLAddress
        return of_kind.parse(address).shown
    except ConfigError:
        return settings.url


def describer_at(project: Project, name: str, settings: SourceSettings, place: SourcePlace) -> Describes:
    """What describes the tables there; connects on first use. Raises ConfigError for a wrong address."""
    if place.address is not None:
        return (PostgresDescriber if place.kind == "postgres" else MySQLDescriber)(place.address)
    return FileDropDescriber(file_store(project, name, settings))
