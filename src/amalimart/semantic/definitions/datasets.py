"""Datasets: gold tables as questions see them."""

from __future__ import annotations

from collections.abc import Mapping

from amalimart.core.names import TableRef, is_identifier
from amalimart.semantic.defined import Dataset, Field, Mark, Relationship
from amalimart.semantic.definitions.entries import Entry, needs_of
from amalimart.semantic.shapes import DatasetShape, FieldType


def dataset_of(entry: Entry[DatasetShape], others: Mapping[str, Entry[DatasetShape]]) -> Dataset:
    shape = entry.shape
    schema, _, table = shape.table.partition(".")
    if not is_identifier(schema) or not is_identifier(table):
        raise entry.refuse(f"cannot read the table {shape.table!r}", "table", expected="schema.table")
    entry.known(shape.key, shape.fields, "field", "key")
    fields = {}
    for name, field in shape.fields.items():
        if not is_identifier(name):
            raise entry.refuse(f"{name!r} is not a column name", "fields", name)
        label = field.label or name.replace("_", " ").capitalize()
        needs = needs_of(entry, field.needs, "fields", name, "needs")
        fields[name] = Field(name, label, field.type, field.data_class, needs, field.values)
    _check_times(entry, fields)
    _check_roles(entry, fields, others)
    if shape.currency is not None:
        entry.known(shape.currency, fields, "field", "currency")
    elif any(field.type is FieldType.MONEY for field in fields.values()):
        raise entry.refuse("money without a currency", expected="currency: <field> for a dataset with money")
    relationships = {}
    for name, relationship in shape.relationships.items():
        entry.known(relationship.to, others, "dataset", "relationships", name, "to")
        entry.known(relationship.column, fields, "field", "relationships", name, "column")
        relationships[name] = Relationship(name, relationship.to, relationship.column)
    return Dataset(
        entry.name,
        TableRef(schema, table),
        shape.description,
        shape.key,
        shape.time,
        shape.currency,
        needs_of(entry, shape.needs, "needs"),
        fields,
        relationships,
        shape.time_roles,
        shape.stock,
        tuple(_mark(entry, name, fields) for name in shape.marks),
    )


def _mark(entry: Entry[DatasetShape], column: str, fields: Mapping[str, Field]) -> Mark:
    shape = entry.shape.marks[column]
    if fields[entry.known(column, fields, "field", "marks", column)].type is not FieldType.BOOLEAN:
        raise entry.refuse(f"{column} is no mark", "marks", column, expected="a field of type boolean")
    entry.known(shape.field, fields, "field", "marks", column, "field")
    entry.known(shape.within, entry.shape.relationships, "relationship", "marks", column, "within")
    for position, name in enumerate(shape.alike):
        entry.known(name, fields, "field", "marks", column, "alike", position)
    return Mark(column, shape.field, shape.within, frozenset({shape.field, *shape.alike}))


def _check_times(entry: Entry[DatasetShape], fields: Mapping[str, Field]) -> None:
    shape = entry.shape
    for key, time in (("time", shape.time), *(("other_times", other) for other in shape.other_times)):
        if time is not None and fields[entry.known(time, fields, "field", key)].type is not FieldType.DATE:
            raise entry.refuse(f"{time} is not a date", key, expected="a field of type date")
    if shape.stock and shape.time is None:
        raise entry.refuse("a stock is of days", "stock", expected="time: <field>")


def _check_roles(
    entry: Entry[DatasetShape], fields: Mapping[str, Field], others: Mapping[str, Entry[DatasetShape]]
) -> None:
    """A role is played by a date of the dataset, or `relationship.column`, one of a parent."""
    shape = entry.shape
    for role, column in shape.time_roles.items():
        if not is_identifier(role):
            raise entry.refuse(f"{role!r} cannot be a name", "time_roles", role)
        relationship, _, name = column.rpartition(".")
        types = {name: field.type for name, field in fields.items()}
        if relationship:
            entry.known(relationship, shape.relationships, "relationship", "time_roles", role)
            parent = entry.known(shape.relationships[relationship].to, others, "dataset", "relationships")
            types = {name: field.type for name, field in others[parent].shape.fields.items()}
        if types[entry.known(name, types, "field", "time_roles", role)] is not FieldType.DATE:
            raise entry.refuse(f"{column} is not a date", "time_roles", role, expected="a field of type date")
    if shape.time_roles and shape.time is not None and shape.time not in shape.time_roles.values():
        raise entry.refuse("no role is that of the date by which it is counted", "time_roles")
