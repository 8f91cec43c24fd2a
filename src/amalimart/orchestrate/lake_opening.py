"""The lake of a project, from its settings: in the data folder, or in an object store with a copy there."""

from __future__ import annotations

from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError
from amalimart.core.object_store import ObjectStore, S3Access
from amalimart.lake import Lake

_GIGABYTE = 1024**3


def open_lake(project: Project, clock: Clock) -> Lake:
    """The lake. Raises ConfigError where its credentials cannot be read; connects on first use."""
    settings = project.settings.lake
    if settings.prefix is None:
        return Lake(project.lake, clock)
    access = S3Access(endpoint_url=settings.endpoint, region=settings.region)
    if settings.credentials is not None:
        access = s3_access(project, settings.credentials, "lake.credentials", access)
    kept_in = ObjectStore(settings.prefix, access)
    return Lake(project.lake, clock, kept_in=kept_in, cache_bytes=settings.cache_gb * _GIGABYTE)


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
