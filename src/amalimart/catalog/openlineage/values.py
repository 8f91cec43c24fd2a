"""What is told of a release as OpenLineage: plain values, without an engine and without the client.

Names and counts only. No value of any row and no address with a password may be put in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Dataset:
    """A table as OpenLineage names it."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class ColumnOf:
    """A column of a dataset."""

    dataset: Dataset
    name: str


@dataclass(frozen=True, slots=True)
class BuildRun:
    """The building of one release, from the moment that there is something to build.

    serving       the release that served when it began; None for the first
    project_hash  what it is built from
    """

    run_id: str
    started_at: datetime
    serving: int | None
    project_hash: str


@dataclass(frozen=True, slots=True)
class Written:
    """A table that a release changed, and the rows that it wrote; None where they are not known."""

    dataset: Dataset
    rows: int | None


@dataclass(frozen=True, slots=True)
class Assertion:
    """A check that ran, and how many rows broke it. `is_whole`: of all rows, else of those that changed."""

    check: str
    column: str | None
    is_error: bool
    failing_rows: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class BuiltRelease:
    """A release that was published."""

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None
    project_hash: str
    written: tuple[Written, ...] = ()
    checked: Mapping[Dataset, tuple[Assertion, ...]] | None = None


@dataclass(frozen=True, slots=True)
class DescribedModel:
    """A model as its project defines it.

    columns     name and type, in their order
    made_of     column -> the columns whose values it is made of
    decided_by  the columns that decide which rows there are
    """

    dataset: Dataset
    owner: str | None
    columns: tuple[tuple[str, str], ...]
    inputs: tuple[Dataset, ...]
    made_of: Mapping[str, tuple[ColumnOf, ...]]
    decided_by: tuple[ColumnOf, ...]
