"""Where the files of a files source are kept, from its settings: a folder, or a prefix of a bucket."""

from __future__ import annotations

from pathlib import Path

from amalimart.config.project import Project
from amalimart.config.source_settings import SourceSettings
from amalimart.orchestrate.project.lake_opening import s3_access
from amalimart.sources.files.local import LocalFolder
from amalimart.sources.files.s3 import S3Access, S3Prefix
from amalimart.sources.files.stored import FileStore


def file_store(project: Project, name: str, settings: SourceSettings) -> FileStore:
    """Where a files source keeps its files. Raises ConfigError where its credentials cannot be read."""
    if settings.folder is not None:
        return LocalFolder(in_project(project, settings.folder))
    return S3Prefix(settings.prefix or "", _access(project, name, settings), project.build / "downloads")


def _access(project: Project, name: str, settings: SourceSettings) -> S3Access:
    access = S3Access(endpoint_url=settings.endpoint, region=settings.region)
    if settings.credentials is None:
        return access
    return s3_access(project, settings.credentials, f"sources.{name}.credentials", access)


def in_project(project: Project, path: Path) -> Path:
    """A path of the settings, seen from the project folder."""
    return path if path.is_absolute() else project.home / path
