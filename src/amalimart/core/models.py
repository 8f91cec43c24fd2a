"""Models as every room speaks of them: what is published, and what somebody asks to be built anew.

Plain values, without an engine and without a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a relation, with the engine's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model as the published release holds it.

    relation  where it stands: schema.name
    columns   in the order in which they stand
    built_in  the release that took up its definition
    rows      None for a view
    """

    unique_id: str
    relation: str
    is_view: bool
    columns: tuple[Column, ...]
    built_in: int
    rows: int | None


@dataclass(frozen=True, slots=True)
class PublishedProject:
    """What the published release was built from, and what it holds.

    checks  unique id -> fingerprint of what the check says
    """

    release_id: int
    project_hash: str
    models: tuple[PublishedModel, ...]
    checks: dict[str, str]


def read_published(document: Mapping[str, Any]) -> PublishedProject:
    """A published project from its JSON form."""
    models = tuple(
        PublishedModel(**{**model, "columns": tuple(Column(**column) for column in model["columns"])})
        for model in document["models"]
    )
    return PublishedProject(**{**document, "models": models})


@dataclass(frozen=True, slots=True)
class ModelRebuild:
    """What is to be built anew: a model by its name, or the rows of some days of it.

    with_children  also everything that reads it, directly or not
    first, last    days of the date column, both included; with neither the model is built whole
    date_column    of the days; None for the model's usual one
    """

    name: str
    with_children: bool = True
    first: date | None = None
    last: date | None = None
    date_column: str | None = None

    @property
    def has_days(self) -> bool:
        """Whether only some days are meant."""
        return self.first is not None or self.last is not None

    @property
    def days(self) -> str:
        """The days in words."""
        parts = [f"from {self.first}"] if self.first else []
        parts += [f"to {self.last}"] if self.last else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The release in which something was built anew on request, and what it took."""

    release_id: int
    published_at: datetime
    reason: str
    models: int
    rows: int
    seconds: float
