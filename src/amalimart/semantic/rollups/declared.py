"""The rollups that the semantic files declare, checked against the datasets that they add up.

A folder of the semantic model may hold `rollups/*.yml`; a later folder replaces a rollup of an earlier one by
name. A mistake is one ConfigError with file, line and the nearest known name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from amalimart.access.rules import DataClass
from amalimart.config.strict_yaml import StrictModel, read_yaml
from amalimart.core.calendar import Grain
from amalimart.core.rollups import RollupTable, Stored, StoredColumn
from amalimart.semantic.defined import Dataset
from amalimart.semantic.definitions.entries import Entry, unique
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.shapes import FieldType

_EXACT = {FieldType.INTEGER, FieldType.MONEY}
_ORDERED = _EXACT | {FieldType.DECIMAL, FieldType.DATE}
_EXTREMES = {Stored.MIN, Stored.MAX}


class RollupShape(StrictModel):
    """One rollup: `dataset` by the `grain` of its time, if it is kept by time, and by columns of its own.

    `measures` says how columns are taken together. A sum also counts its column, so that a mean can be had;
    rows are counted always.
    """

    description: str
    owner: str
    dataset: str
    grain: Grain | None = None
    dimensions: tuple[str, ...] = ()
    measures: dict[str, tuple[Stored, ...]] = Field(default={})


class RollupsFile(StrictModel):
    """One file of rollups."""

    rollups: dict[str, RollupShape]


def load_rollups(folders: Sequence[Path], model: SemanticModel) -> tuple[Rollup, ...]:
    """The rollups of these folders, later ones over earlier ones. Raises ConfigError."""
    entries: dict[str, Entry[RollupShape]] = {}
    for folder in folders:
        entries |= unique(_entries_of(folder))
    return tuple(_rollup(entry, model.datasets) for entry in entries.values())


def _entries_of(folder: Path) -> list[Entry[RollupShape]]:
    found = []
    for path in sorted((folder / "rollups").glob("*.yml")):
        document = read_yaml(path)
        file = document.parse(RollupsFile)
        found += [Entry(name, shape, document, ("rollups", name)) for name, shape in file.rollups.items()]
    return found


def _rollup(entry: Entry[RollupShape], datasets: Mapping[str, Dataset]) -> Rollup:
    shape = entry.shape
    dataset = datasets[entry.known(shape.dataset, datasets, "dataset", "dataset")]
    if shape.grain is None and not shape.dimensions:
        raise entry.refuse("it is kept by nothing", expected="a grain of time, or dimensions")
    if dataset.is_stock:
        raise entry.refuse(
            f"{dataset.name} holds what is there on each day, which adds up over no days",
            "dataset",
            expected="a dataset of events or of states",
        )
    if shape.grain is not None and shape.grain.is_fiscal:
        raise entry.refuse(
            "a fiscal bucket is another with every setting of the project",
            "grain",
            expected="a bucket of the calendar, such as month",
        )
    if shape.grain is not None and dataset.time is None:
        raise entry.refuse(
            f"{dataset.name} has no time of its own", "grain", expected="a dataset of events, or no grain"
        )
    for position, name in enumerate(shape.dimensions):
        entry.known(name, dataset.fields, f"field of {dataset.name}", "dimensions", position)
        if shape.grain is not None and name == dataset.time:
            raise entry.refuse(
                f"{name} is the time that it is kept by", "dimensions", position, expected="other columns"
            )
    stored = tuple(_stored(entry, dataset))
    time = (dataset.time, shape.grain) if shape.grain is not None and dataset.time is not None else None
    table = RollupTable(
        name=entry.name,
        description=" ".join(shape.description.split()),
        owner=shape.owner,
        base=dataset.table,
        time=time,
        dimensions=tuple(dict.fromkeys(shape.dimensions)),
        stored=stored,
        personal=frozenset(
            name for name in shape.dimensions if dataset.fields[name].data_class is DataClass.PERSONAL
        ),
    )
    return Rollup(dataset.name, dataset.key, table)


def _stored(entry: Entry[RollupShape], dataset: Dataset) -> Iterator[StoredColumn]:
    """The columns that it holds: those asked for, the count of the key, and the count beside each sum."""
    found = {StoredColumn(dataset.key, Stored.COUNT): None}
    for name, ways in entry.shape.measures.items():
        key = ("measures", name)
        field = dataset.fields[entry.known(name, dataset.fields, f"field of {dataset.name}", *key)]
        for how in ways:
            if how is Stored.SUM and field.type not in _EXACT:
                raise entry.refuse(
                    f"sums of {name} depend on the order in which they are taken, or say nothing",
                    *key,
                    expected="a column of type integer or money",
                )
            if how in _EXTREMES and field.type not in _ORDERED:
                raise entry.refuse(f"{name} has no order", *key, expected="a number, money or a date")
            if field.type is FieldType.MONEY and dataset.currency not in entry.shape.dimensions:
                raise entry.refuse(
                    f"amounts of {name} in two currencies would be one number",
                    *key,
                    expected=f"{dataset.currency} among the dimensions",
                )
            if how is Stored.SUM:
                found[StoredColumn(name, Stored.COUNT)] = None
            is_whole = how is Stored.SUM and field.type is FieldType.INTEGER
            found[StoredColumn(name, how, is_whole)] = None
    yield from found
