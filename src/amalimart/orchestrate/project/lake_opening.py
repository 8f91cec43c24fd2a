"""The lake of a project, from its settings: in the data folder, or in an object store with a copy there."""

from __future__ import annotations

from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError
from amalimart.core.object_store import ObjectStore, S3Access
from amalimart.lake import Lake
from amalimart.lake.screening import UNSCREENED, RowScreen
from amalimart.lake.tombstones import Tombstones
from amalimart.mapping.personal_rows import PersonalRows
from amalimart.mapping.source_mapping import find_mapping, load_mapping
from amalimart.sources.erased_people import ErasedPeople

_GIGABYTE = 1024**3


def open_lake(project: Project, clock: Clock) -> Lake:
    """The lake, whose rows are screened for people who were erased.

    Raises ConfigError where its credentials cannot be read; connects on first use.
    """
    settings = project.settings.lake
    if settings.prefix is None:
        screens = _Screens(project, Tombstones(project.lake))
        return Lake(project.lake, clock, screens=screens)
    access = S3Access(endpoint_url=settings.endpoint, region=settings.region)
    if settings.credentials is not None:
        access = s3_access(project, settings.credentials, "lake.credentials", access)
    kept_in = ObjectStore(settings.prefix, access)
    screens = _Screens(project, Tombstones(project.lake, kept_in))
    return Lake(
        project.lake, clock, kept_in=kept_in, cache_bytes=settings.cache_gb * _GIGABYTE, screens=screens
    )


class _Screens:
    """What rows of each source of a project pass; its mapping is read once somebody was erased."""

    def __init__(self, project: Project, tombstones: Tombstones) -> None:
        self._project = project
        self._tombstones = tombstones

    def __call__(self, source: str) -> RowScreen:
        settings = self._project.settings.sources.get(source)
        if settings is None:
            return UNSCREENED

        def rows() -> PersonalRows:
            folders = (self._project.overlay("sources"),)
            return PersonalRows(load_mapping(find_mapping(settings.mapping, folders)))

        return ErasedPeople(self._tombstones, rows)


def s3_access(project: Project, credentials: str, setting: str, access: S3Access) -> S3Access:
    """How to reach an object store with credentials that are a secret of the project. Raises ConfigError."""
    where = f"{project.settings_file}: {setting}"
    key_id, separator, secret = project.secret(credentials, where).partition(":")
    if not (key_id and separator and secret):
        raise ConfigError(
            "the credentials cannot be read",
            where=where,
            expected="KEY_ID:SECRET_KEY",
            next_step=f"correct the secret {credentials.removeprefix('secret:')}",
        )
    return S3Access(key_id, secret, endpoint_url=access.endpoint_url, region=access.region)
