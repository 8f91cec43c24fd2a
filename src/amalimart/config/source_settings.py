"""Where data is read from, and where what was landed is kept: databases, folders, object stores."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.strict_yaml import StrictModel

_S3_PREFIX = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\x00-\x1f]*)?")
_STALE_MINUTES = 60


class SourceSettings(StrictModel):
    """One source: a database to follow, or a place where files are dropped.

    prefix, endpoint, region, credentials  where files lie in an object store, and how to reach it
    capture                how changes of a database are found: told by it (stream), or asked for (poll)
    deletes_every_minutes  when polling, how often deleted rows are looked for
    stale_after_minutes    how old its newest data may be before somebody is told
    """

    kind: Literal["postgres", "mysql", "files"]
    mapping: str
    url: str | None = None
    folder: Path | None = None
    prefix: str | None = None
    endpoint: str | None = None
    region: str | None = None
    credentials: str | None = None
    capture: Literal["stream", "poll"] = "stream"
    poll_seconds: float = Field(default=2.0, ge=0.2, le=3600)
    deletes_every_minutes: int = Field(default=60, ge=1, le=10_080)
    stale_after_minutes: int | None = Field(default=None, ge=1, le=525_600)

    @model_validator(mode="after")
    def _one_place(self) -> SourceSettings:
        if self.kind != "files" and not (self.url and self.url.startswith(SECRET_REFERENCE)):
            raise ValueError(f"a {self.kind} source needs `url: secret:NAME`; the URL itself is a secret")
        if self.kind == "files" and (self.folder is None) == (self.prefix is None):
            raise ValueError("a files source needs one of `folder` and `prefix`")
        _check_place(self, of="files source", key="prefix")
        if self.kind == "mysql" and self.capture == "poll":
            raise ValueError("a mysql source has no `capture: poll`; its changes come from the binary log")
        return self

    @property
    def stale_minutes(self) -> int | None:
        """How old its newest data may be; None where age says nothing.

        A database that tells its changes also tells that there are none; where it is asked for them, or
        files are dropped, old data may just be the newest there is.
        """
        if self.stale_after_minutes is not None:
            return self.stale_after_minutes
        return _STALE_MINUTES if self.kind != "files" and self.capture == "stream" else None


class LakeSettings(StrictModel):
    """Where what was landed is kept for good: in the project's data folder, or in an object store.

    prefix, endpoint, region, credentials  the object store, and how to reach it; `lake: s3://bucket/prefix`
                is short for a prefix alone
    cache_gb    how much of it may lie in the data folder beyond what is in use
    """

    prefix: str | None = None
    endpoint: str | None = None
    region: str | None = None
    credentials: str | None = None
    cache_gb: int = Field(default=20, ge=1, le=100_000)

    @model_validator(mode="after")
    def _one_place(self) -> LakeSettings:
        _check_place(self, of="lake", key="lake")
        return self


def _check_place(place: SourceSettings | LakeSettings, *, of: str, key: str) -> None:
    """What is said of an object store goes together. Raises ValueError in the words of the setting `key`."""
    if place.prefix is not None and not _S3_PREFIX.fullmatch(place.prefix):
        raise ValueError(f"`{key}` is not like s3://bucket/prefix")
    if place.endpoint is not None and not place.endpoint.startswith(("http://", "https://")):
        raise ValueError("`endpoint` is not an http:// or https:// address")
    if place.credentials is not None and not place.credentials.startswith(SECRET_REFERENCE):
        raise ValueError("`credentials` needs the form secret:NAME; they are a secret")
    if place.prefix is None and (place.endpoint or place.region or place.credentials):
        raise ValueError(f"`endpoint`, `region` and `credentials` belong to a {of} with a `prefix`")
