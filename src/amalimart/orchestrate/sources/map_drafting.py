"""A first mapping of a source, drafted from what it tells about itself, and written into the project."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from amalimart.config.project import Project
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier
from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.drafting.assembling import draft_mapping
from amalimart.mapping.drafting.draft import Draft
from amalimart.mapping.drafting.rendering import render
from amalimart.mapping.source_mapping import SOURCES_FOLDER, SourceMapping, load_mapping
from amalimart.orchestrate.sources.describing import describer_at, place_of
from amalimart.orchestrate.sources.settings import known_source
from amalimart.sources.describing import TableFacts

Catalog = Mapping[str, Mapping[str, str]]


def draft_source(project: Project, name: str) -> Draft:
    """Describe a source of the project and draft its mapping. Raises ConfigError, SourceError."""
    settings = known_source(project, name)
    with closing(describer_at(project, name, settings, place_of(project, name, settings))) as describer:
        facts = describer.describe()
    draft = draft_of(project, name, facts, databases=settings.kind != "files")
    check_catalog(as_mapping(draft), catalog_of(facts))
    return draft


def draft_of(project: Project, name: str, facts: Sequence[TableFacts], *, databases: bool) -> Draft:
    """Draft the mapping of a source that was described."""
    settings = project.settings
    return draft_mapping(
        name, facts, time_zone=settings.time_zone, currency=settings.currency, with_cursors=databases
    )


def catalog_of(facts: Sequence[TableFacts]) -> Catalog:
    """Table -> column -> the source's own name of its type."""
    return {table.name: {column.name: column.type for column in table.columns} for table in facts}


def as_mapping(draft: Draft) -> SourceMapping:
    """The draft as the mapping that its text is. Raises ConfigError where it is none: a defect of ours."""
    with tempfile.TemporaryDirectory(prefix="amalimart-") as folder:
        path = Path(folder) / f"{draft.name}.yml"
        path.write_text(render(draft), encoding="utf-8")
        return load_mapping(path)


def draft_file(project: Project, name: str) -> Path:
    """Where the draft of a source belongs: the project's own file of the mapping its settings name."""
    named = known_source(project, name).mapping
    own = is_identifier(named) and not (SOURCES_FOLDER / f"{named}.yml").is_file()
    return project.overlay("sources") / f"{named if own else name}.yml"


def refuse_overwriting(path: Path) -> None:
    """Raise ConfigError where a file is there already."""
    if path.exists():
        raise ConfigError(
            "there is a file already, and it may hold what somebody decided",
            where=str(path),
            next_step="give another place with --out FILE, or write over it with --overwrite",
        )


def save_draft(draft: Draft, path: Path) -> None:
    """Write the draft in the place of what is there. Raises ConfigError where that cannot be."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(render(draft), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise ConfigError(
            f"the draft cannot be written: {error.strerror}",
            where=str(path),
            next_step="give another place with --out FILE",
        ) from error
