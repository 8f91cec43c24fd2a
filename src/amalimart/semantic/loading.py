"""Folders of YAML to one SemanticModel, with every cross-reference checked.

Each folder may hold `datasets/`, `dimensions/` and `metrics/`; YAML files in the folder itself are
metrics too, so that a project's own folder of metrics is one. A later folder (the user's project)
replaces a dataset, dimension or metric of an earlier one by name. A mistake is one ConfigError with
file, line and the nearest known name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from amalimart.config.strict_yaml import YamlDocument, read_yaml
from amalimart.core.errors import ConfigError, InvalidFilter
from amalimart.core.names import TableRef, is_identifier, nearest
from amalimart.semantic.formula import (
    Condition,
    Formula,
    Leaf,
    Measure,
    Operation,
    Reach,
    leaves,
    over_period,
    read_formula,
)
from amalimart.semantic.model import (
    GRAINS,
    RESERVED_NAMES,
    Dataset,
    Dimension,
    Field,
    Grouping,
    Label,
    LeftOut,
    Lookup,
    Metric,
    Need,
    Needs,
    Relationship,
    SemanticModel,
)
from amalimart.semantic.question import Operator
from amalimart.semantic.question_text import parse_filters
from amalimart.semantic.shapes import (
    Aggregate,
    DatasetShape,
    DimensionsFile,
    DimensionShape,
    FieldType,
    LabelShape,
    MetricsFile,
    MetricShape,
    Unit,
)
from amalimart.semantic.typed_values import typed_value

S = TypeVar("S")
_SUMMABLE = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.MONEY}
_ORDERED = _SUMMABLE | {FieldType.DATE}


@dataclass(frozen=True, slots=True)
class _Entry(Generic[S]):
    """One definition and where it stands, so that a later check can still name its line."""

    name: str
    shape: S
    document: YamlDocument
    path: tuple[str, ...]
    subject: str = ""

    def refuse(
        self, what: str, *key: str | int, expected: str | None = None, near: str | None = None
    ) -> ConfigError:
        return ConfigError(
            what,
            where=self.document.where(*self.path, *key),
            expected=expected,
            nearest=near,
            next_step="correct the file and run the command again",
        )

    def known(self, name: str, names: Iterable[str], what: str, *key: str | int) -> str:
        listed = list(names)
        if name not in listed:
            raise self.refuse(f"no {what} is called {name!r}", *key, near=nearest(name, listed))
        return name


PACKAGED = Path(__file__).parents[1] / "marketplace" / "semantic"
"""The folder of the packaged datasets, dimensions and metrics."""


def load_model(folders: Sequence[Path]) -> SemanticModel:
    """The model of these folders, later ones over earlier ones. Raises ConfigError."""
    datasets: dict[str, _Entry[DatasetShape]] = {}
    dimensions: dict[str, _Entry[DimensionShape]] = {}
    metrics: dict[str, _Entry[MetricShape]] = {}
    subjects: dict[str, Label] = {}
    for folder in folders:
        datasets |= _unique(_datasets_of(folder))
        dimensions |= _unique(_dimensions_of(folder))
        found, areas = _metrics_of(folder)
        metrics |= _unique(found)
        subjects |= areas
    loaded = {name: _dataset(entry, datasets) for name, entry in datasets.items()}
    known_dimensions = {name: _dimension(entry, loaded, dimensions) for name, entry in dimensions.items()}
    _one_meaning(
        dimensions, lambda shape: _dimension_names(shape.synonyms, shape.lookup is not None), "dimension"
    )
    _one_meaning(metrics, lambda shape: tuple(shape.aliases), "metric")
    builder = _Metrics(metrics, loaded)
    model = SemanticModel(
        loaded.values(), known_dimensions.values(), (builder.metric(name) for name in metrics), subjects
    )
    _check_metrics(model, metrics)
    for dataset in model.datasets:
        for dimension in model.dimensions.values():
            model.reach(dataset, dimension)
    return model


def _datasets_of(folder: Path) -> list[_Entry[DatasetShape]]:
    entries = []
    for path in sorted((folder / "datasets").glob("*.yml")):
        document = read_yaml(path)
        entries.append(_Entry(path.stem, document.parse(DatasetShape), document, ()))
    return entries


def _dimensions_of(folder: Path) -> list[_Entry[DimensionShape]]:
    entries = []
    for path in sorted((folder / "dimensions").glob("*.yml")):
        document = read_yaml(path)
        file = document.parse(DimensionsFile)
        entries += [
            _Entry(name, shape, document, ("dimensions", name)) for name, shape in file.dimensions.items()
        ]
    return entries


def _metrics_of(folder: Path) -> tuple[list[_Entry[MetricShape]], dict[str, Label]]:
    entries, subjects = [], {}
    for path in sorted([*(folder / "metrics").glob("*.yml"), *folder.glob("*.yml")]):
        document = read_yaml(path)
        file = document.parse(MetricsFile)
        subjects[file.subject.name] = _label(file.subject.label)
        entries += [
            _Entry(name, shape, document, ("metrics", name), file.subject.name)
            for name, shape in file.metrics.items()
        ]
    return entries, subjects


def _unique(entries: list[_Entry[S]]) -> dict[str, _Entry[S]]:
    found: dict[str, _Entry[S]] = {}
    for entry in entries:
        if not is_identifier(entry.name) or "__" in entry.name or entry.name in RESERVED_NAMES:
            raise entry.refuse(
                f"{entry.name!r} cannot be a name",
                expected="lower-case letters, digits and single underscores, and not the name of a grain",
            )
        if entry.name in found:
            raise entry.refuse(
                f"{entry.name} is defined twice", expected=f"once: {found[entry.name].document.path}"
            )
        found[entry.name] = entry
    return found


def _dimension_names(synonyms: tuple[str, ...], entity: bool) -> tuple[str, ...]:
    return (*synonyms, *(f"{name}_id" for name in synonyms)) if entity else synonyms


def _one_meaning(entries: Mapping[str, _Entry[S]], others: Callable[[S], tuple[str, ...]], what: str) -> None:
    """A name means one thing: an alias that is also a name or alias elsewhere is refused."""
    owner = dict.fromkeys(entries, "")
    for entry in entries.values():
        for alias in others(entry.shape):
            if not is_identifier(alias) or "__" in alias or alias in RESERVED_NAMES:
                raise entry.refuse(
                    f"{alias!r} cannot be a name", expected="lower-case letters, digits, underscores"
                )
            if alias in owner:
                raise entry.refuse(
                    f"{alias} already names the {what} {owner[alias] or alias}",
                    expected="one meaning for one name",
                )
            owner[alias] = entry.name


def _label(shape: LabelShape) -> Label:
    return Label(shape.en, shape.fr)


def _needs(entry: _Entry[S], texts: Sequence[str], *key: str) -> Needs:
    groups = []
    for text in texts:
        alternatives = []
        for alternative in text.split("|"):
            column, _, value = (part.strip() for part in alternative.partition("="))
            entity, _, name = column.partition(".")
            if not is_identifier(entity) or not is_identifier(name):
                raise entry.refuse(
                    f"cannot read the need {text!r}", *key, expected="entity.column or entity.column=VALUE"
                )
            alternatives.append(Need(entity, name, value or None))
        groups.append(tuple(alternatives))
    return tuple(groups)


def _dataset(entry: _Entry[DatasetShape], others: Mapping[str, _Entry[DatasetShape]]) -> Dataset:
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
        needs = _needs(entry, field.needs, "fields", name, "needs")
        fields[name] = Field(name, label, field.type, field.data_class, needs, field.values)
    for key, time in (("time", shape.time), *(("other_times", other) for other in shape.other_times)):
        if time is not None and fields[entry.known(time, fields, "field", key)].type is not FieldType.DATE:
            raise entry.refuse(f"{time} is not a date", key, expected="a field of type date")
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
        _needs(entry, shape.needs, "needs"),
        fields,
        relationships,
    )


def _dimension(
    entry: _Entry[DimensionShape],
    datasets: Mapping[str, Dataset],
    others: Mapping[str, _Entry[DimensionShape]],
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
    for name in shape.drill:
        entry.known(name, others, "dimension", "drill")
    return Dimension(
        entry.name,
        _label(shape.label),
        shape.description,
        shape.synonyms,
        fields[0].type,
        tuple(sources),
        fields[0].values,
        lookup,
        shape.drill,
    )


def _offered(
    entry: _Entry[DimensionShape], text: str | None, datasets: Mapping[str, Dataset]
) -> tuple[str, str] | None:
    if text is None:
        return None
    home, _, name = text.partition(".")
    entry.known(home, datasets, "dataset", "lookup", "offered")
    entry.known(name, datasets[home].fields, f"field of {home}", "lookup", "offered")
    return home, name


class _Metrics:
    """Builds metrics in the order in which they depend on each other."""

    def __init__(self, entries: Mapping[str, _Entry[MetricShape]], datasets: Mapping[str, Dataset]) -> None:
        self._entries = entries
        self._datasets = datasets
        self._built: dict[str, Metric] = {}
        self._building: list[str] = []

    def metric(self, name: str) -> Metric:
        if name not in self._built:
            entry = self._entries[name]
            if name in self._building:
                circle = " -> ".join((*self._building[self._building.index(name) :], name))
                raise entry.refuse(f"the metric is defined by itself: {circle}", expected="no circle")
            self._building.append(name)
            self._built[name] = self._metric(entry)
            self._building.pop()
        return self._built[name]

    def _metric(self, entry: _Entry[MetricShape]) -> Metric:
        shape = entry.shape
        used: list[str] = []

        def component(name: str) -> Formula:
            key = {"ratio": "numerator" if name == shape.numerator else "denominator"}.get(
                shape.kind, "formula"
            )
            used.append(entry.known(name, self._entries, "metric", key))
            return self.metric(name).formula

        if shape.kind == "ratio" and shape.numerator and shape.denominator:
            formula: Formula = Operation("/", component(shape.numerator), component(shape.denominator))
        elif shape.kind == "derived" and shape.formula:
            try:
                formula = read_formula(shape.formula, component)
            except ValueError as error:
                raise entry.refuse(str(error), "formula") from error
        else:
            formula = self._simple(entry)
        if shape.period is not None:
            formula = over_period(formula, shape.period)
        components = frozenset(used).union(*(self.metric(name).components for name in used))
        needs = _needs(entry, shape.needs, "needs") + tuple(
            need for name in dict.fromkeys(used) for need in self.metric(name).needs
        )
        left_out = LeftOut(shape.left_out.metric, shape.left_out.note) if shape.left_out else None
        default = Grouping(shape.default_by, shape.default_grain)
        aliases = {
            alias: default
            if grouping is None
            else Grouping(default.by if grouping.by is None else grouping.by, grouping.grain or default.grain)
            for alias, grouping in shape.aliases.items()
        }
        return Metric(
            entry.name,
            entry.subject,
            _label(shape.label),
            " ".join(shape.description.split()),
            shape.owner,
            shape.unit,
            shape.kind,
            shape.period,
            formula,
            components,
            aliases,
            default,
            None if shape.non_additive == "all" else frozenset(shape.non_additive),
            shape.hints,
            tuple(dict.fromkeys(needs)),
            tuple(" ".join(note.split()) for note in shape.notes),
            left_out,
            self._version(formula, shape.unit),
        )

    def _version(self, formula: Formula, unit: Unit) -> str:
        tables = sorted({str(self._datasets[leaf.measure.dataset].table) for leaf in leaves(formula)})
        return hashlib.sha256(repr((formula, unit.value, tables)).encode()).hexdigest()[:12]

    def _simple(self, entry: _Entry[MetricShape]) -> Formula:
        shape = entry.shape
        name = entry.known(shape.dataset or "", self._datasets, "dataset", "dataset")
        dataset = self._datasets[name]
        field = dataset.fields[entry.known(shape.field or "", dataset.fields, f"field of {name}", "field")]
        aggregate = shape.aggregate or Aggregate.COUNT
        if aggregate in {Aggregate.SUM, Aggregate.AVG} and field.type not in _SUMMABLE:
            raise entry.refuse(
                f"{field.name} holds no numbers to add up", "field", expected="a number or money"
            )
        if (shape.unit is Unit.MONEY) != (
            field.type is FieldType.MONEY and aggregate in {Aggregate.SUM, Aggregate.AVG}
        ):
            raise entry.refuse(
                "the unit does not fit the field", "unit", expected="money for an amount, and only then"
            )
        time = dataset.time
        if shape.time is not None:
            time = (
                None
                if shape.time == "none"
                else entry.known(shape.time, dataset.fields, f"field of {name}", "time")
            )
            if time is not None and dataset.fields[time].type is not FieldType.DATE:
                raise entry.refuse(f"{time} is not a date", "time", expected="a field of type date, or none")
        where = tuple(
            self._condition(entry, dataset, text, position) for position, text in enumerate(shape.where)
        )

        def leaf(how: Aggregate) -> Leaf:
            return Leaf(Measure(name, how, field.name, where, time), None)

        if aggregate is Aggregate.AVG:
            return Operation("/", leaf(Aggregate.SUM), leaf(Aggregate.COUNT))
        return leaf(aggregate)

    def _condition(self, entry: _Entry[MetricShape], dataset: Dataset, text: str, position: int) -> Condition:
        try:
            parsed = parse_filters(text)
        except InvalidFilter as error:
            raise entry.refuse(f"cannot read the condition: {error.what}", "where", position) from error
        if len(parsed) != 1:
            raise entry.refuse("one condition an entry", "where", position)
        (condition,) = parsed
        path: tuple[str, ...] = ()
        name = condition.dimension
        if "." in name:
            relationship, _, name = name.partition(".")
            entry.known(
                relationship, dataset.relationships, f"relationship of {dataset.name}", "where", position
            )
            path = (relationship,)
            dataset = self._datasets[dataset.relationships[relationship].to]
        field = dataset.fields[
            entry.known(name, dataset.fields, f"field of {dataset.name}", "where", position)
        ]
        if condition.operator not in {Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN} and (
            field.type not in _ORDERED
        ):
            raise entry.refuse(
                f"{field.name} has no order", "where", position, expected="=, !=, in or not in"
            )
        try:
            values = tuple(typed_value(value, field.type, field.values) for value in condition.values)
        except ValueError as error:
            raise entry.refuse(
                f"the condition's value does not fit {field.name}", "where", position, expected=str(error)
            ) from error
        return Condition(Reach(path, dataset.name, field.name), condition.operator, values)


def _check_metrics(model: SemanticModel, entries: Mapping[str, _Entry[MetricShape]]) -> None:
    """What can be checked only when every metric and dimension is known."""
    dimension_names = [*model.dimensions, *GRAINS]
    for metric in model.metrics.values():
        entry = entries[metric.name]
        for grouping in (metric.default, *metric.aliases.values()):
            for name in grouping.by:
                entry.known(name, model.dimensions, "dimension", "default_by")
                if model.dimensions[name] not in model.reachable(metric):
                    raise entry.refuse(f"{metric.name} cannot be grouped by {name}", "default_by")
        for name, other in metric.hints.items():
            entry.known(name, model.dimensions, "dimension", "hints", name)
            entry.known(other, model.metric_names, "metric", "hints", name)
        for name in metric.non_additive or ():
            entry.known(name, dimension_names, "dimension", "non_additive")
        if metric.left_out is not None:
            counted = entry.known(metric.left_out.metric, entries, "metric", "left_out", "metric")
            if not isinstance(model.metrics[counted].formula, Leaf) or "{count}" not in metric.left_out.note:
                raise entry.refuse("the note holds {count}, and a simple metric counts", "left_out")
