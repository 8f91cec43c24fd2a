"""What is told of rollups: those that are declared, and those that would pay."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeclaredRollup:
    """One declared rollup.

    rows     of its table in the published release; None where that does not hold it yet
    answers  how many questions of the last days it served
    """

    name: str
    description: str
    owner: str
    dataset: str
    grain: str | None
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    relation: str
    rows: int | None
    base_rows: int | None
    answers: int


@dataclass(frozen=True, slots=True)
class AdvisedRollup:
    """One rollup that is not declared.

    answers  how many questions of the last days it would have served
    seconds  that those took together
    rows     how many it would have; `base_rows` those of the dataset
    yaml     its declaration, to be put into a file of the project's metrics/rollups
    """

    name: str
    dataset: str
    answers: int
    seconds: float
    rows: int
    base_rows: int
    yaml: str


@dataclass(frozen=True, slots=True)
class RollupAdvice:
    """What the log of questions says: how many were answered, how many by a rollup, and what would pay."""

    days: int
    answers: int
    served: int
    advised: tuple[AdvisedRollup, ...]
