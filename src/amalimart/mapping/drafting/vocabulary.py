"""The words a draft is made with, read from marketplace/drafting/*.yml and checked against the entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import field_validator

from amalimart.config.strict_yaml import StrictModel, YamlDocument, read_yaml
from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest
from amalimart.mapping.drafting.words import Lexicon, lexicon
from amalimart.mapping.entities import Entity, load_entities

VOCABULARY_FOLDER = Path(__file__).parents[2] / "marketplace" / "drafting"

T = TypeVar("T")


class _Words(StrictModel):
    abbreviations: dict[str, str]
    same: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, ...], ...]
    generic: tuple[str, ...]
    decisive: tuple[str, ...]
    noise_in_tables: tuple[str, ...]
    noise_in_columns: tuple[str, ...]
    secret: tuple[str, ...]
    personal: tuple[str, ...]
    minor_units: tuple[str, ...]
    leftovers: dict[str, tuple[str, ...]]


class ColumnNames(StrictModel):
    """Other names of a canonical column; the weak ones only where nothing better is there."""

    names: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()


class _EntityNames(StrictModel):
    names: tuple[str, ...]
    columns: dict[str, ColumnNames] = {}

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        if not isinstance(columns, dict):
            return columns
        return {name: {"names": spec} if isinstance(spec, list) else spec for name, spec in columns.items()}


class _Names(StrictModel):
    anywhere: dict[str, tuple[str, ...]]
    entities: dict[str, _EntityNames]
    constants: dict[str, dict[str, tuple[str, ...]]]


class _ValuesOf(StrictModel):
    columns: tuple[str, ...]
    values: dict[str, tuple[str, ...]]


class _Values(StrictModel):
    enums: tuple[_ValuesOf, ...]


@dataclass(frozen=True)
class Vocabulary:
    """What shops call things. Names of entities and columns are words, as the lexicon compares them."""

    words: _Words
    names: _Names
    values: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of every list, and of the canonical names themselves."""
        return lexicon(
            self.words.abbreviations,
            self.words.same,
            self.words.near,
            self.words.generic,
            self.words.decisive,
            [name.replace("_", " ") for name in self._every_name()],
        )

    def table_names(self, entity: str) -> tuple[str, ...]:
        """What an entity's table may be called, the canonical name first."""
        known = self.names.entities.get(entity)
        return (entity, *(known.names if known else ()))

    def column_names(self, entity: str, column: str) -> ColumnNames:
        """What a canonical column may be called, the canonical name first."""
        known = self.names.entities.get(entity)
        own = known.columns.get(column, ColumnNames()) if known else ColumnNames()
        return ColumnNames(names=(column, *own.names, *self.names.anywhere.get(column, ())), weak=own.weak)

    def _every_name(self) -> Iterator[str]:
        for entity, spec in load_entities().items():
            yield from self.table_names(entity)
            for column in spec.columns:
                known = self.column_names(entity, column)
                yield from (*known.names, *known.weak)


@cache
def load_vocabulary(folder: Path = VOCABULARY_FOLDER) -> Vocabulary:
    """The packaged vocabulary. Raises ConfigError with file and line where it names what is not there."""
    words = read_yaml(folder / "words.yml").parse(_Words)
    names_file, values_file = read_yaml(folder / "names.yml"), read_yaml(folder / "values.yml")
    names, values = names_file.parse(_Names), values_file.parse(_Values)
    entities = load_entities()
    for name, spec in names.entities.items():
        entity = _known(names_file, entities, name, "entities", name)
        for column in spec.columns:
            _known(names_file, entity.columns, column, "entities", name, "columns", column)
    enums: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for place, group in enumerate(values.enums):
        for target in group.columns:
            entity_name, column_spec = _enum(values_file, entities, target, "enums", place)
            known = enums.setdefault(entity_name, {})
            for value, spellings in group.values.items():
                _known(values_file, dict.fromkeys(column_spec), value, "enums", place, "values", value)
                known[value] = (*known.get(value, ()), *spellings)
    for target, constants in names.constants.items():
        _, allowed = _enum(names_file, entities, target, "constants", target)
        for value in constants:
            _known(names_file, dict.fromkeys(allowed), value, "constants", target, value)
    return Vocabulary(words, names, enums)


def _enum(
    document: YamlDocument, entities: Mapping[str, Entity], target: str, *path: str | int
) -> tuple[tuple[str, str], tuple[str, ...]]:
    name, _, column = target.partition(".")
    spec = _known(document, _known(document, entities, name, *path).columns, column, *path)
    return (name, column), spec.values


def _known(document: YamlDocument, known: Mapping[str, T], name: str, *path: str | int) -> T:
    if name not in known:
        raise ConfigError(
            f"the vocabulary names {name!r}, which is not there",
            where=document.where(*path),
            expected=", ".join(known),
            nearest=nearest(name, known),
            next_step="correct the file",
        )
    return known[name]
