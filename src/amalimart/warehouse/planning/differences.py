"""What differs between the project that is published and one that is not: models, columns, checks, breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from amalimart.core.models import Column, PublishedProject
from amalimart.core.names import nearest
from amalimart.warehouse.file.engine_words import unknown_column
from amalimart.warehouse.graph import CompiledGraph, Model
from amalimart.warehouse.incremental.reads import reads_of
from amalimart.warehouse.planning.shapes import Shapes
from amalimart.warehouse.project.fingerprints import fingerprint_of, fingerprint_of_check


class Change(StrEnum):
    """What an edit does to a model."""

    ADDED = "added"
    CHANGED = "changed"
    COSMETIC = "cosmetic"  # comments and blanks: nothing is built
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Retyped:
    """A column whose type changes."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ModelDifference:
    """A model that differs, by its own text or by the columns of what it reads.

    file          where its text stands
    rows          that the published release holds of it; None for a view and for a new model
    is_own        whether its own definition differs
    is_reordered  whether columns that stay stand in another order
    """

    model: str
    file: str
    change: Change
    is_own: bool
    rows: int | None
    added: tuple[Column, ...] = ()
    dropped: tuple[Column, ...] = ()
    retyped: tuple[Retyped, ...] = ()
    is_reordered: bool = False
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A model that could not be built any more, and why."""

    model: str
    file: str
    what: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class CheckDifference:
    """A check that is new, says something else, or is gone."""

    check: str
    file: str
    change: Change
    is_error: bool


def model_differences(
    before: CompiledGraph, after: CompiledGraph, shapes: Shapes, published: PublishedProject
) -> tuple[ModelDifference, ...]:
    """Every model that differs, in the order in which they are built; those that go come last."""
    old = {model.unique_id: model for model in before.models}
    known = {model.unique_id: model for model in published.models}
    found: list[ModelDifference] = []
    for model in after.ordered:
        was, recorded = old.get(model.unique_id), known.get(model.unique_id)
        columns = shapes.columns.get(model.table, ())
        rows = recorded.rows if recorded else None
        if was is None or recorded is None:
            found.append(
                ModelDifference(str(model.table), model.file, Change.ADDED, True, None, added=columns)
            )
            continue
        is_own = fingerprint_of(was) != fingerprint_of(model)
        compared = _with_columns(
            ModelDifference(
                str(model.table), model.file, Change.CHANGED, is_own, rows, becomes=_becomes(was, model)
            ),
            recorded.columns,
            columns,
        )
        if is_own or recorded.columns != columns:
            found.append(compared)
        elif was.sql != model.sql:
            found.append(ModelDifference(str(model.table), model.file, Change.COSMETIC, True, rows))
    gone = old.keys() - {model.unique_id for model in after.models}
    for unique_id in sorted(gone):
        recorded = known.get(unique_id)
        found.append(
            ModelDifference(
                str(old[unique_id].table),
                old[unique_id].file,
                Change.REMOVED,
                True,
                recorded.rows if recorded else None,
                dropped=recorded.columns if recorded else (),
            )
        )
    return tuple(found)


def breaks(
    before: CompiledGraph, after: CompiledGraph, shapes: Shapes, differences: Iterable[ModelDifference]
) -> tuple[Break, ...]:
    """Every model that the engine would refuse, with the dropped column that it reads, if that is why."""
    old = {model.unique_id: model for model in before.models}
    dropped = {each.model: {column.name for column in each.dropped} for each in differences}
    found = []
    for model in after.ordered:
        complaint = shapes.refused.get(model.unique_id)
        if complaint is None:
            continue
        read = sorted(_read_of(old.get(model.unique_id, model), dropped))
        first = complaint.splitlines()[0]
        named = ", ".join(read)
        what = f"reads {named}, which is dropped" if read else first
        wanted = unknown_column(complaint)
        near = nearest(wanted, _candidates(model, after, shapes)) if wanted else None
        found.append(Break(str(model.table), model.file, what, near))
    return tuple(found)


def check_differences(before: CompiledGraph, after: CompiledGraph) -> tuple[CheckDifference, ...]:
    """Every check that differs, by name."""
    old = {check.unique_id: check for check in before.checks}
    new = {check.unique_id: check for check in after.checks}
    found = []
    for unique_id, check in new.items():
        was = old.get(unique_id)
        if was is None or fingerprint_of_check(was) != fingerprint_of_check(check):
            change = Change.ADDED if was is None else Change.CHANGED
            found.append(CheckDifference(check.name, check.file, change, check.is_error))
    for unique_id in old.keys() - new.keys():
        gone = old[unique_id]
        found.append(CheckDifference(gone.name, gone.file, Change.REMOVED, gone.is_error))
    return tuple(sorted(found, key=lambda each: (each.change, each.check)))


def _with_columns(
    difference: ModelDifference, before: tuple[Column, ...], after: tuple[Column, ...]
) -> ModelDifference:
    was = {column.name: column.type for column in before}
    now = {column.name: column.type for column in after}
    stay = [column.name for column in after if column.name in was]
    return replace(
        difference,
        added=tuple(column for column in after if column.name not in was),
        dropped=tuple(column for column in before if column.name not in now),
        retyped=tuple(Retyped(name, was[name], now[name]) for name in stay if was[name] != now[name]),
        is_reordered=stay != [column.name for column in before if column.name in now],
    )


def _becomes(was: Model, model: Model) -> str:
    if was.is_view is not model.is_view:
        return "a view" if model.is_view else "a table"
    return f"{model.table}, it was {was.table}" if was.table != model.table else ""


def _read_of(model: Model, dropped: Mapping[str, set[str]]) -> Iterable[str]:
    for table, reads in reads_of(model.sql, model.unique_id).items():
        gone = dropped.get(str(table), set())
        if reads.columns is not None:
            yield from (f"{table}.{column}" for column in reads.columns & gone)


def _candidates(model: Model, graph: CompiledGraph, shapes: Shapes) -> set[str]:
    """The columns of everything the model reads."""
    places = {each.unique_id: each.table for each in graph.models}
    tables = [places[parent] for parent in model.parents if parent in places]
    return {column.name for table in tables for column in shapes.columns.get(table, ())}
