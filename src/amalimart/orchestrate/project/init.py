"""Makes a project folder of the user's own: settings, overlay folders, ignored data and secrets."""

from __future__ import annotations

import secrets
from pathlib import Path

import yaml
from pydantic import ValidationError

from amalimart.config.project import SETTINGS_FILE, Project, Settings, open_project
from amalimart.config.secrets import write_secret
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import ConfigError
from amalimart.mapping.source_mapping import find_mapping, load_mapping
from amalimart.orchestrate.project.auditing import begin_audit
from amalimart.orchestrate.project.embedding import begin_embedding
from amalimart.orchestrate.sources.settings import write_source

_SETTINGS = """\
{schema}# Amalimart Analytics: one marketplace. Every key is described in docs/reference/configuration.md.
name: {name}
time_zone: {time_zone}      # the business time zone: days, weeks and months start here
currency: {currency}
{country}sla_days: {{express: 2, standard: 5}}   # when a delivery is late and the shop promised no date
serve: {{host: 127.0.0.1, port: {port}}}
telemetry: {{metrics_token: secret:{token}}}   # with it, /metrics is read over the network
"""
_METRICS_TOKEN = "METRICS_TOKEN"  # noqa: S105 - the name of a secret
_OVERLAYS = {
    "models": "dbt models of yours (.sql beside .yml); one named like a packaged model replaces it.",
    "metrics": "Metric files of yours; one named like a packaged metric replaces it.",
    "dashboards": "Dashboards of yours; one named like a packaged dashboard replaces it.",
    "policies": "Policies of yours; one named like a packaged role replaces it.",
    "quality": "Monitored checks of yours; one named like a packaged check replaces it.",
    "sources": "Mappings of yours: how a source's tables become the canonical entities.",
}
_IGNORED = "data/\nbuild/\nrun/\nlogs/\nsecrets.env\n"


def init_project(
    home: Path,
    *,
    name: str = "marketplace",
    time_zone: str = "Africa/Accra",
    currency: str = "GHS",
    country: str | None = None,
    port: int = 8000,
    schemas: str | None = None,
) -> Project:
    """Create a project folder and open it. Raises ConfigError where one is there already.

    `schemas` is the folder in it where JSON Schemas are going to lie, which the settings tell editors of.
    """
    settings = home / SETTINGS_FILE
    if settings.exists():
        raise ConfigError(
            "this is a project folder already",
            where=str(settings),
            next_step="edit it, or choose another folder",
        )
    _refuse_impossible(name=name, time_zone=time_zone, currency=currency, country=country)
    home.mkdir(parents=True, exist_ok=True)
    text = _SETTINGS.format(
        name=yaml.safe_dump(name).removesuffix("\n...\n").strip(),
        time_zone=time_zone,
        currency=currency,
        country=f"country: {country}   # whose public holidays are no ordinary days\n" if country else "",
        port=port,
        token=_METRICS_TOKEN,
        schema=f"# yaml-language-server: $schema={schemas}/settings.json\n" if schemas else "",
    )
    settings.write_text(text, encoding="utf-8")
    (home / ".gitignore").write_text(_IGNORED)
    for folder, purpose in _OVERLAYS.items():
        (home / folder).mkdir(exist_ok=True)
        (home / folder / "README.md").write_text(purpose + "\n")
    write_secret(home, _METRICS_TOKEN, secrets.token_urlsafe(32))
    project = open_project(home)
    begin_audit(project)
    begin_embedding(project)
    return project


def _refuse_impossible(**given: str | None) -> None:
    """Raises ConfigError before anything is made: a folder with wrong settings would be in the way."""
    try:
        Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        raise ConfigError(
            f"{key} cannot be {given[key]!r}",
            where=f"--{key.replace('_', '-')}",
            expected=str(first["msg"]).removeprefix("Value error, "),
            next_step="correct it and run the command again; nothing was made",
        ) from error


def add_source(project: Project, name: str, source: SourceSettings, url: str | None = None) -> Project:
    """Add a source whose mapping exists, its URL to the secrets. Raises ConfigError; changes nothing then."""
    load_mapping(find_mapping(source.mapping, (project.overlay("sources"),)))
    secret = source.url.removeprefix("secret:") if source.url else ""
    return write_source(project, name, source, {secret: url} if url is not None and secret else None)
