"""A project folder: where it is, what its amalimart.yml says, and where its data lives.

The folder belongs to the user and to their version control; everything the product writes goes to
`data/`, `build/`, `run/` and `logs/` inside it, and secrets to the environment or `secrets.env`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from amalimart.config.limits import LimitSettings
from amalimart.config.notify_settings import NotifySettings
from amalimart.config.schedule_settings import BackupSettings, ScheduleSettings
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.short_forms import AlsoAs
from amalimart.config.sign_in_settings import SignInSettings
from amalimart.config.strict_yaml import StrictModel, read_yaml
from amalimart.core.errors import ConfigError, ProjectNotFound
from amalimart.core.names import is_identifier

SETTINGS_FILE = "amalimart.yml"
HOME_VARIABLE = "AMALIMART_HOME"
COMPILED_VARIABLE = "AMALIMART_COMPILED"
SECRET_PREFIX = "AMALIMART_SECRET_"  # noqa: S105 - the name of a variable, not a secret
_S3_PREFIX = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\x00-\x1f]*)?")
_STALE_MINUTES = 60

WeekDay = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class SlaDays(StrictModel):
    """Calendar days after which a delivery is late where the shop promised no date."""

    express: int = Field(default=2, ge=0, le=365)
    standard: int = Field(default=5, ge=0, le=365)


class ServeSettings(StrictModel):
    """Where the pages and the API listen."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    limits: LimitSettings = LimitSettings()


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
        if self.prefix is not None and not _S3_PREFIX.fullmatch(self.prefix):
            raise ValueError("`prefix` is not like s3://bucket/prefix")
        if self.endpoint is not None and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError("`endpoint` is not an http:// or https:// address")
        if self.credentials is not None and not self.credentials.startswith(SECRET_REFERENCE):
            raise ValueError("`credentials` needs the form secret:NAME; they are a secret")
        if self.prefix is None and (self.endpoint or self.region or self.credentials):
            raise ValueError(
                "`endpoint`, `region` and `credentials` belong to a files source with a `prefix`"
            )
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
        if self.prefix is not None and not _S3_PREFIX.fullmatch(self.prefix):
            raise ValueError("`lake` is not like s3://bucket/prefix")
        if self.endpoint is not None and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError("`endpoint` is not an http:// or https:// address")
        if self.credentials is not None and not self.credentials.startswith(SECRET_REFERENCE):
            raise ValueError("`credentials` needs the form secret:NAME; they are a secret")
        if self.prefix is None and (self.endpoint or self.region or self.credentials):
            raise ValueError("`endpoint`, `region` and `credentials` belong to a lake with a `prefix`")
        return self


class ReleaseSettings(StrictModel):
    """How long it is remembered what each release did; the newest always is."""

    keep_days: int = Field(default=30, ge=1, le=3650)


class LineageSettings(StrictModel):
    """Who is told of releases as OpenLineage events.

    namespace  of the project's jobs and tables; made of its name, if not set
    keep_mb    how much the files in logs/openlineage may take together
    http_url   where events are sent, too, such as http://marquez.internal:5000
    """

    enabled: bool = True
    namespace: str | None = Field(default=None, min_length=1, max_length=200)
    keep_mb: int = Field(default=50, ge=1, le=10_000)
    http_url: str | None = None
    api_key: str | None = None

    @model_validator(mode="after")
    def _one_endpoint(self) -> LineageSettings:
        if self.http_url is not None and not self.http_url.startswith(("http://", "https://")):
            raise ValueError("`http_url` is not an http:// or https:// address")
        if self.http_url is not None and "@" in self.http_url.partition("://")[2].partition("/")[0]:
            raise ValueError("`http_url` holds a user or password; give a key as `api_key: secret:NAME`")
        if self.api_key is not None and not self.api_key.startswith(SECRET_REFERENCE):
            raise ValueError("`api_key` needs the form secret:NAME; it is a secret")
        if self.http_url is None and self.api_key is not None:
            raise ValueError("`api_key` belongs to a `http_url`")
        return self


class GovernanceSettings(StrictModel):
    """What has to be approved before it is published.

    require_approval  models that the project changes or adds are published only with an approval
    """

    require_approval: bool = False


class TelemetrySettings(StrictModel):
    """What the processes count and trace: who may read it, and whom it is sent to.

    metrics_token  the token with which /metrics is read over the network
    open_metrics   anybody may read it
    otlp_endpoint  where it is sent to, by OTLP over HTTP
    """

    metrics_token: str | None = None
    open_metrics: bool = False
    otlp_endpoint: str | None = None

    @model_validator(mode="after")
    def _no_secret_in_the_open(self) -> TelemetrySettings:
        if self.metrics_token is not None and not self.metrics_token.startswith(SECRET_REFERENCE):
            raise ValueError("`metrics_token` needs the form secret:NAME; it is a secret")
        if self.otlp_endpoint is not None:
            address = urlsplit(self.otlp_endpoint)
            if address.scheme not in {"http", "https"} or not address.hostname:
                raise ValueError("`otlp_endpoint` is not an http:// or https:// address")
            if address.username or address.password or address.query:
                raise ValueError("`otlp_endpoint` holds more than an address; credentials are no part of it")
        return self


class QualitySettings(StrictModel):
    """How long it is remembered what monitored checks found; the newest run of each always is."""

    keep_days: int = Field(default=90, ge=1, le=3650)


class AuditSettings(StrictModel):
    """How long it is kept who asked what."""

    keep_days: int = Field(default=400, ge=1, le=3650)


class Settings(StrictModel):
    """Everything amalimart.yml may say.

    country        whose public holidays are no ordinary days
    lake           where what was landed is kept for good
    history_days   how long the lake keeps files that a new snapshot replaced; for ever, if not set
    schedules      job -> what is to be otherwise than packaged
    sign_in        how people sign in
    notify         who is told of what goes wrong, and how
    """

    name: str = "marketplace"
    time_zone: str = "Africa/Accra"
    currency: str = Field(default="GHS", pattern="^[A-Z]{3}$")
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    sla_days: SlaDays = SlaDays()
    fiscal_year_start_month: int = Field(default=1, ge=1, le=12)
    week_starts_on: WeekDay = "monday"
    lake: Annotated[LakeSettings, AlsoAs(("string",))] = LakeSettings()
    history_days: int | None = Field(default=None, ge=1, le=36_500)
    releases: ReleaseSettings = ReleaseSettings()
    quality: QualitySettings = QualitySettings()
    audit: AuditSettings = AuditSettings()
    sign_in: SignInSettings = SignInSettings()
    serve: ServeSettings = ServeSettings()
    lineage: LineageSettings = LineageSettings()
    governance: GovernanceSettings = GovernanceSettings()
    backups: BackupSettings = BackupSettings()
    schedules: dict[str, ScheduleSettings] = {}
    telemetry: TelemetrySettings = TelemetrySettings()
    notify: NotifySettings = NotifySettings()
    sources: dict[str, SourceSettings] = {}

    @field_validator("lake", mode="before")
    @classmethod
    def _short_form(cls, lake: object) -> object:
        return {"prefix": lake} if isinstance(lake, str) else lake

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {name!r}; use an IANA name such as Africa/Accra") from error
        return name

    @field_validator("sources")
    @classmethod
    def _plain_names(cls, sources: dict[str, SourceSettings]) -> dict[str, SourceSettings]:
        for name in sources:
            if not is_identifier(name) or "__" in name:
                raise ValueError(f"the source name {name!r} is not a plain lower-case name")
        return sources


@dataclass(frozen=True, slots=True)
class Project:
    """An opened project folder."""

    home: Path
    settings: Settings

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.settings.time_zone)

    @property
    def settings_file(self) -> Path:
        return self.home / SETTINGS_FILE

    @property
    def lake(self) -> Path:
        return self.home / "data" / "lake"

    @property
    def hot_file(self) -> Path:
        return self.home / "data" / "warehouse.duckdb"

    @property
    def control_database(self) -> Path:
        return self.home / "data" / "control.db"

    @property
    def audit_head(self) -> Path:
        return self.home / "data" / "audit.head"

    @property
    def build(self) -> Path:
        return self.home / "build"

    @property
    def compiled(self) -> Path:
        """Where compiled models are kept by their content: the project's own folder, or a shared one."""
        shared = os.environ.get(COMPILED_VARIABLE)
        return Path(shared) if shared else self.build / "compiled"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def overlay(
        self, kind: Literal["models", "metrics", "dashboards", "scorecards", "policies", "quality", "sources"]
    ) -> Path:
        """The project's own folder of one kind of content; it need not exist."""
        return self.home / kind

    def has_secret(self, name: str) -> bool:
        """Whether the secret is set, in the environment or in secrets.env."""
        return f"{SECRET_PREFIX}{name}" in os.environ or name in read_secrets(self.home)

    def secret(self, reference: str, where: str) -> str:
        """The value behind `secret:NAME`. Raises ConfigError naming every place that was looked in."""
        name = reference.removeprefix(SECRET_REFERENCE)
        variable = f"{SECRET_PREFIX}{name}"
        if variable in os.environ:
            return os.environ[variable]
        stored = read_secrets(self.home)
        if name in stored:
            return stored[name]
        raise ConfigError(
            f"the secret {name} is not set",
            where=where,
            expected=f"the variable {variable}, or a line {name}=... in {secrets_file(self.home)}",
            next_step=f"set {variable} and run the command again",
        )


def secrets_file(home: Path) -> Path:
    """Where a project keeps secrets that are not in the environment; mode 0600, never in git."""
    return home / "secrets.env"


def read_secrets(home: Path) -> dict[str, str]:
    """NAME=value lines of secrets.env. Raises ConfigError for any other line."""
    path = secrets_file(home)
    if not path.is_file():
        return {}
    if path.stat().st_mode & 0o077:
        raise ConfigError("secrets.env can be read by others", where=str(path), next_step=f"chmod 600 {path}")
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        name, separator, value = line.partition("=")
        if not line.strip() or line.startswith("#"):
            continue
        if not separator or not is_identifier(name.strip().lower()):
            raise ConfigError("not a secret", where=f"{path}:{number}", expected="NAME=value")
        found[name.strip()] = value.strip()
    return found


def write_secret(home: Path, name: str, value: str) -> None:
    """Set one secret in secrets.env, readable by its owner only. Raises ConfigError for several lines."""
    if "\n" in value or "\r" in value:
        raise ConfigError(f"the secret {name} has a line break in it", expected="one line")
    _write_secrets(home, read_secrets(home) | {name: value})


def forget_secret(home: Path, name: str) -> bool:
    """Take one secret out of secrets.env; True where it was there."""
    secrets = read_secrets(home)
    if secrets.pop(name, None) is None:
        return False
    _write_secrets(home, secrets)
    return True


def _write_secrets(home: Path, secrets: Mapping[str, str]) -> None:
    path = secrets_file(home)
    fresh = path.with_suffix(".tmp")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.writelines(f"{key}={secrets[key]}\n" for key in sorted(secrets))
    fresh.replace(path)


def find_home(given: Path | None = None) -> Path:
    """The project folder: the one given, else $AMALIMART_HOME, else here or above.

    Raises ProjectNotFound naming every place that was looked in.
    """
    if given is not None:
        return given.resolve()
    if HOME_VARIABLE in os.environ:
        return Path(os.environ[HOME_VARIABLE]).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise ProjectNotFound(
        "this is not a project folder",
        where=f"${HOME_VARIABLE} is not set; no {SETTINGS_FILE} in {here} or above",
        next_step="amalimart init FOLDER, then run the command inside it (or give --home FOLDER)",
    )


def open_project(home: Path) -> Project:
    """Read and check a project's settings. Raises ProjectNotFound or ConfigError."""
    path = home / SETTINGS_FILE
    if not path.is_file():
        raise ProjectNotFound(
            f"no {SETTINGS_FILE} in {home}",
            where=str(home),
            next_step=f"amalimart init {home}",
        )
    return Project(home, read_yaml(path).parse(Settings))
