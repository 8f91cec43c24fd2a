"""Makes a project folder of the user's own: settings, overlay folders, ignored data and secrets."""

from __future__ import annotations

from pathlib import Path

import yaml

from amalimart.config.project import SETTINGS_FILE, Project, SourceSettings, open_project, write_secret
from amalimart.core.errors import ConfigError
from amalimart.mapping.source_mapping import find_mapping, load_mapping

_SETTINGS = """\
# Amalimart Analytics: one marketplace. Every key is described in docs/reference/configuration.md.
name: {name}
time_zone: {time_zone}      # the business time zone: days, weeks and months start here
currency: {currency}
sla_days: {{express: 2, standard: 5}}   # when a delivery is late and the shop promised no date
serve: {{host: 127.0.0.1, port: {port}}}
"""
_OVERLAYS = {
    "models": "dbt models of yours (.sql beside .yml); one named like a packaged model replaces it.",
    "metrics": "Metric files of yours; one named like a packaged metric replaces it.",
    "dashboards": "Dashboards of yours; one named like a packaged dashboard replaces it.",
    "policies": "Policies of yours; one named like a packaged role replaces it.",
    "sources": "Mappings of yours: how a source's tables become the canonical entities.",
}
_IGNORED = "data/\nbuild/\nrun/\nlogs/\nsecrets.env\n"


def init_project(
    home: Path,
    *,
    name: str = "marketplace",
    time_zone: str = "Africa/Accra",
    currency: str = "GHS",
    port: int = 8000,
) -> Project:
    """Create a project folder and open it. Raises ConfigError where one is there already."""
    settings = home / SETTINGS_FILE
    if settings.exists():
        raise ConfigError(
            "this is a project folder already",
            where=str(settings),
            next_step="edit it, or choose another folder",
        )
    home.mkdir(parents=True, exist_ok=True)
    text = _SETTINGS.format(
        name=yaml.safe_dump(name).removesuffix("\n...\n").strip(),
        time_zone=time_zone,
        currency=currency,
        port=port,
    )
    settings.write_text(text, encoding="utf-8")
    (home / ".gitignore").write_text(_IGNORED)
    for folder, purpose in _OVERLAYS.items():
        (home / folder).mkdir(exist_ok=True)
        (home / folder / "README.md").write_text(purpose + "\n")
    return open_project(home)


def add_source(project: Project, name: str, source: SourceSettings, url: str | None = None) -> Project:
    """Add a source to amalimart.yml, its URL to the secrets. Raises ConfigError; changes nothing then."""
    if name in project.settings.sources:
        raise ConfigError(
            f"there is a source named {name!r} already",
            where=str(project.settings_file),
            next_step="choose another name, or remove it from the file first",
        )
    load_mapping(find_mapping(source.mapping, (project.overlay("sources"),)))
    before = project.settings_file.read_text(encoding="utf-8")
    entry = source.model_dump(mode="json", exclude_defaults=True)
    project.settings_file.write_text(_with_source(before, name, entry), encoding="utf-8")
    try:
        reopened = open_project(project.home)
        if reopened.settings.sources != {**project.settings.sources, name: source}:
            raise ConfigError(
                "amalimart.yml is written in a way that cannot be extended safely",
                where=str(project.settings_file),
                next_step=f"add it by hand:\n{yaml.safe_dump({'sources': {name: entry}}, sort_keys=False)}",
            )
    except ConfigError:
        project.settings_file.write_text(before, encoding="utf-8")
        raise
    if url is not None and source.url is not None:
        write_secret(project.home, source.url.removeprefix("secret:"), url)
    return reopened


def _with_source(text: str, name: str, entry: dict[str, object]) -> str:
    """The settings with one more source, every other line of the user's kept as it is."""
    lines = text.splitlines()
    if "sources:" not in lines:
        return text.rstrip("\n") + "\n" + yaml.safe_dump({"sources": {name: entry}}, sort_keys=False)
    at = lines.index("sources:") + 1
    following = next((line for line in lines[at:] if line.strip()), "")
    indent = " " * (len(following) - len(following.lstrip()) or 2)
    block = yaml.safe_dump({name: entry}, sort_keys=False).splitlines()
    return "\n".join([*lines[:at], *(indent + line for line in block), *lines[at:]]) + "\n"
