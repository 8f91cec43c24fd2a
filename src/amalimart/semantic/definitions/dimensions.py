"""Dimensions: what is grouped and filtered by."""

from __future__ import annotations

from collections.abc import Mapping

from amalimart.semantic.defined import Dataset, Dimension, Lookup
from amalimart.semantic.definitions.entries import Entry, label_of
from amalimart.semantic.shapes import DimensionShape, FieldType


def dimension_names_of(synonyms: tuple[str, ...], entity: bool) -> tuple[str, ...]:
    return (*synonyms, *(f"{name}_id" for name in synonyms)) if entity else synonyms


def dimension_of(
    entry: Entry[DimensionShape],
    datasets: Mapping[str, Dataset],
    others: Mapping[str, Entry[DimensionShape]],
) -> Dimension:
    shape = entry.shape
    sources, fields = [], []
    for position, text in enumerate(shape.fields):
        home, _, name = text.partition(".")
        entry.known(home, datasets, "dataset", "fields", position)
        entry.known(name, datasets[home].fields, f"field of {home}", "fields", position)
        sources.append((home, name))
        fields.append(datasets[home].fields[name])
    if len({field.type for field in fields}) > 1:
        raise entry.refuse("the fields have different types", "fields", expected="one type")
    lookup = None
    if shape.lookup is not None:
        home = entry.known(shape.lookup.dataset, datasets, "dataset", "lookup", "dataset")
        label = entry.known(shape.lookup.label, datasets[home].fields, f"field of {home}", "lookup", "label")
        lookup = Lookup(home, label, _offered(entry, shape.lookup.offered, datasets))
    if (lookup is None) == (fields[0].type is FieldType.ID):
        raise entry.refuse(
            "an entity has an id and a lookup for its label, and nothing else has either", "fields"
        )
    for key, grain in (("bucket", shape.bucket), ("elapsed", shape.elapsed)):
        if grain is not None and fields[0].type is not FieldType.DATE:
            raise entry.refuse(f"{key} is of a date", key, expected="fields of type date")
    if shape.elapsed is not None and shape.elapsed.is_fiscal:
        raise entry.refuse(
            "what elapsed is counted in units of the calendar", "elapsed", expected="quarter or year"
        )
    if shape.bucket is not None and shape.elapsed is not None:
        raise entry.refuse("a bucket of a date, or what elapsed since it", "elapsed", expected="one of them")
    for name in shape.drill:
        entry.known(name, others, "dimension", "drill")
    return Dimension(
        entry.name,
        label_of(shape.label),
        shape.description,
        shape.synonyms,
        fields[0].type if shape.elapsed is None else FieldType.INTEGER,
        tuple(sources),
        fields[0].values,
        lookup,
        shape.drill,
        shape.bucket,
        shape.elapsed,
        shape.owner,
        shape.description_fr,
    )


def _offered(
    entry: Entry[DimensionShape], text: str | None, datasets: Mapping[str, Dataset]
) -> tuple[str, str] | None:
    if text is None:
        return None
    home, _, name = text.partition(".")
    entry.known(home, datasets, "dataset", "lookup", "offered")
    entry.known(name, datasets[home].fields, f"field of {home}", "lookup", "offered")
    return home, name
