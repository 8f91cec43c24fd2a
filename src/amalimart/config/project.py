"""A project folder: where it is, what its amalimart.yml says, and where its data lives.

The folder belongs to the user and to their version control; everything the product writes goes to
`data/`, `build/`, `run/` and `logs/` inside it, and secrets to the environment or `secrets.env`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from amalimart.config.limits import LimitSettings
from amalimart.config.notify_settings import NotifySettings
from amalimart.config.schedule_settings import BackupSettings, ScheduleSettings
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.secrets import SECRET_PREFIX, read_secrets, secrets_file
from amalimart.config.short_forms import AlsoAs
from amalimart.config.sign_in_settings import SignInSettings
from amalimart.config.source_settings import LakeSettings, SourceSettings
from amalimart.config.strict_yaml import StrictModel, read_yaml
from amalimart.config.telemetry_settings import LineageSettings, TelemetrySettings
from amalimart.core.errors import ConfigError, ProjectNotFound
from amalimart.core.names import is_identifier

SETTINGS_FILE = "amalimart.yml"
HOME_VARIABLE = "AMALIMART_HOME"
COMPILED_VARIABLE = "AMALIMART_COMPILED"

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


class ReleaseSettings(StrictModel):
    """How long it is remembered what each release did; the newest always is."""

    keep_days: int = Field(default=30, ge=1, le=3650)


class GovernanceSettings(StrictModel):
    """What has to be approved before it is published.

    require_approval  models that the project changes or adds are published only with an approval
    """

    require_approval: bool = False


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
    def question_files(self) -> Path:
        return self.home / "data" / "question_files"

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
