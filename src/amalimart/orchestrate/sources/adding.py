"""Adding a source: look at it first, say what is missing, and only then write it into the project."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from amalimart.config.project import Project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import AmalimartError, ConfigError, SourceMismatch
from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.source_mapping import SOURCES_FOLDER, SourceMapping, find_mapping, load_mapping
from amalimart.orchestrate.sources.describing import describer_at
from amalimart.orchestrate.sources.map_drafting import Catalog, as_mapping, catalog_of, draft_of
from amalimart.orchestrate.sources.places import SourcePlace, existing_folder
from amalimart.orchestrate.sources.rights import Right, missing_rights, refuse_blocking
from amalimart.orchestrate.sources.settings import check_new_name, write_source

_LISTED_BY_A_FITTING_MAPPING = 0.8


@dataclass(frozen=True, slots=True)
class NewSource:
    """What a person says of a source to add. What is None is decided here.

    checked  whether to look at it before it is added
    """

    name: str
    place: SourcePlace
    mapping: str | None = None
    capture: Literal["stream", "poll"] | None = None
    endpoint: str | None = None
    region: str | None = None
    checked: bool = True


@dataclass(frozen=True, slots=True)
class SourceLook:
    """What a source turned out to be, before it is added.

    tables, rows  how many there are, and rows as far as they are known
    mapping       the one given, or the project's own; None where it is still to be drafted
    fitting       packaged mappings and the project's whose tables and columns are all there
    """

    settings: SourceSettings
    tables: int
    rows: int
    mapping: SourceMapping | None
    fitting: tuple[str, ...]
    rights: tuple[Right, ...]


def look_at(project: Project, new: NewSource) -> SourceLook:
    """Connect, describe, and hold against mapping and rights; changes nothing.

    Raises ConfigError for a wrong name, address or mapping, SourceUnreachable, SourceRefused, and
    SourceMismatch where the mapping given does not fit.
    """
    settings = settings_for(project, new)
    mapping = _known_mapping(project, new)
    with closing(describer_at(project, new.name, settings, new.place)) as describer:
        facts = describer.describe()
    catalog = catalog_of(facts)
    if not catalog:
        raise SourceMismatch(
            "there is no table",
            where=str(new.place.folder or new.place.prefix or "the database"),
            expected="tables that the source user may see, or .csv and .parquet files",
            next_step="check the address, and that its user may see the shop's schema",
        )
    if mapping is not None:
        check_catalog(mapping, catalog)
    landed = mapping or as_mapping(draft_of(project, new.name, facts, databases=settings.kind != "files"))
    return SourceLook(
        settings=settings,
        tables=len(facts),
        rows=sum(table.rows or 0 for table in facts),
        mapping=mapping,
        fitting=fitting_mappings(project, catalog),
        rights=missing_rights(project, new.name, settings, new.place.address, landed),
    )


def settings_for(project: Project, new: NewSource) -> SourceSettings:
    """The settings the source will have. Raises ConfigError, nothing of whose text is an address."""
    check_new_name(project, new.name)
    place = new.place
    if place.kind != "postgres" and new.capture == "poll":
        raise ConfigError(
            f"a {place.kind} source is not polled",
            where="--capture",
            expected="leave it out"
            if place.kind == "files"
            else "stream: its changes come from the binary log",
            next_step="run the command without --capture",
        )
    if place.prefix is None and (new.endpoint or new.region):
        raise ConfigError(
            "only files in a bucket have an endpoint and a region",
            where="--endpoint, --region",
            next_step="leave them out, or give s3://bucket/prefix",
        )
    given: dict[str, Any] = {
        "kind": place.kind,
        "mapping": _as_named(new),
        "url": f"secret:{_secret_name(new)}" if place.address else None,
        "folder": existing_folder(place.folder) if place.folder else None,
        "prefix": place.prefix,
        "endpoint": new.endpoint,
        "region": new.region,
        "capture": new.capture or "stream",
    }
    try:
        return SourceSettings.model_validate(given)
    except ValidationError as error:
        raise ConfigError(
            f"these settings cannot be: {error.errors()[0]['msg'].removeprefix('Value error, ')}",
            where=f"the source {new.name}",
            next_step="correct the address or the options",
        ) from None


def refuse_unready(new: NewSource, look: SourceLook) -> None:
    """Raise CaptureRefused where a right is missing; it says what else could be done."""
    otherwise = "; then run the command again"
    if look.settings.kind == "postgres" and look.settings.capture == "stream":
        minutes = look.settings.deletes_every_minutes
        otherwise += (
            ". Or poll, which needs no right to replicate: --capture poll; then changes are asked for every "
            f"{look.settings.poll_seconds:g} seconds, and deleted rows are seen every {minutes} minutes only"
        )
    otherwise += ". Or add it as it is: --unchecked"
    refuse_blocking(look.rights, f"the source {new.name}", look.settings, otherwise)


def add_checked(project: Project, new: NewSource, look: SourceLook, mapping: str | None = None) -> Project:
    """Write the source that was looked at, its address to the secrets. Raises ConfigError, CaptureRefused."""
    refuse_unready(new, look)
    chosen = mapping or look.settings.mapping
    return _written(project, new, look.settings.model_copy(update={"mapping": chosen}))


def add_unchecked(project: Project, new: NewSource) -> Project:
    """Write a source without looking at it. Raises ConfigError."""
    settings = settings_for(project, new)
    _known_mapping(project, new)
    return _written(project, new, settings)


def fitting_mappings(project: Project, catalog: Catalog) -> tuple[str, ...]:
    """Mappings that fit what is there: nothing they need is missing, and they list most of the tables."""
    places = {path.stem: path for path in sorted(SOURCES_FOLDER.glob("*.yml"))}
    places |= {path.stem: path for path in sorted(project.overlay("sources").glob("*.yml"))}
    return tuple(name for name, path in places.items() if _fits(path, catalog))


def next_step(project: Project, name: str, settings: SourceSettings) -> str:
    """The command that comes after a source was added."""
    try:
        find_mapping(settings.mapping, (project.overlay("sources"),))
    except ConfigError:
        return f"amalimart map draft {name}"
    return "amalimart up"


def _written(project: Project, new: NewSource, settings: SourceSettings) -> Project:
    secrets: Mapping[str, str] = {_secret_name(new): new.place.address} if new.place.address else {}
    return write_source(project, new.name, settings, secrets)


def _secret_name(new: NewSource) -> str:
    return f"{new.name.upper()}_URL"


def _as_named(new: NewSource) -> str:
    """The mapping as the settings name it; a file by its whole path, wherever the product is started."""
    if new.mapping is None:
        return new.name
    path = Path(new.mapping)
    return str(path.absolute()) if path.suffix in {".yml", ".yaml"} else new.mapping


def _known_mapping(project: Project, new: NewSource) -> SourceMapping | None:
    """The mapping given, else the project's own file of the source's name; None where there is none yet."""
    folder = project.overlay("sources")
    if new.mapping is not None:
        return load_mapping(find_mapping(new.mapping, (folder,)))
    own = folder / f"{new.name}.yml"
    if own.is_file():
        return load_mapping(own)
    if (SOURCES_FOLDER / f"{new.name}.yml").is_file():
        raise ConfigError(
            f"a source without a mapping of its own cannot be called {new.name!r}, as a packaged mapping is",
            where="--mapping",
            expected=f"another name, or --mapping {new.name} where the source is that shop",
            next_step=f"amalimart source add my_{new.name} URL",
        )
    return None


def _fits(path: Path, catalog: Catalog) -> bool:
    try:
        mapping = load_mapping(path)
        report = check_catalog(mapping, catalog)
    except AmalimartError:
        return False
    listed = 1 - len(report.unlisted_tables) / len(catalog)
    return bool(mapping.landed) and listed >= _LISTED_BY_A_FITTING_MAPPING
