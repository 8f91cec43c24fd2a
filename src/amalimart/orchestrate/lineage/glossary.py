"""The published tables in words: what is there by the engine, what it means by the files of the models."""

from __future__ import annotations

from collections.abc import Callable

from amalimart.config.project import Project
from amalimart.core.glossary import GlossaryColumn, GlossaryTable
from amalimart.core.models import PublishedModel, PublishedProject
from amalimart.governance.model_files import ModelFile, model_files


class Glossary:
    """The tables of a project. What a mapping generates has no file, so it is not told."""

    def __init__(self, project: Project, published: Callable[[], PublishedProject]) -> None:
        self._project = project
        self._published = published

    def tables(self) -> tuple[GlossaryTable, ...]:
        """Every published table that a file describes, by name. Raises NothingPublished, ConfigError."""
        files = {each.table: each for each in model_files(self._project.overlay("models")).values()}
        models = sorted(self._published().models, key=lambda each: each.relation)
        return tuple(_table(each, files[each.relation]) for each in models if each.relation in files)


def _table(model: PublishedModel, file: ModelFile) -> GlossaryTable:
    columns = tuple(
        GlossaryColumn(each.name, each.type, file.words.get(each.name, ""), file.classes.get(each.name))
        for each in model.columns
    )
    return GlossaryTable(model.relation, file.description, file.owner, file.grain, model.rows, columns)
