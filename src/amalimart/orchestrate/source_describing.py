"""From a source's settings, or a place somebody just named, to something that describes its tables."""

from __future__ import annotations

from pathlib import Path

from amalimart.config.project import Project, SourceSettings
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.source_opening import in_project
from amalimart.orchestrate.source_places import SourcePlace, read_place
from amalimart.sources.describing import Describes
from amalimart.sources.files.describing import FileDropDescriber
from amalimart.sources.files.local import LocalFolder
from amalimart.sources.files.s3 import S3Access, S3Prefix
from amalimart.sources.files.stored import FileStore
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


def file_store(project: Project, name: str, settings: SourceSettings) -> FileStore:
    """Where a files source keeps its files. Raises ConfigError where its credentials cannot be read."""
    if settings.folder is not None:
        return LocalFolder(in_project(project, settings.folder))
    return S3Prefix(settings.prefix or "", _access(project, name, settings), _scratch(project))


def _access(project: Project, name: str, settings: SourceSettings) -> S3Access:
    if settings.credentials is None:
        return S3Access(endpoint_url=settings.endpoint, region=settings.region)
    where = f"{project.settings_file}: sources.{name}.credentials"
    key_id, separator, secret = project.secret(settings.credentials, where).partition(":")
    if not (key_id and separator and secret):
        raise ConfigError(
            "the credentials cannot be read",
            where=where,
            expected="KEY_ID:SECRET_KEY",
            next_step=f"correct the secret {settings.credentials.removeprefix('secret:')}",
        )
    return S3Access(key_id, secret, endpoint_url=settings.endpoint, region=settings.region)


def _scratch(project: Project) -> Path:
    return project.build / "downloads"
