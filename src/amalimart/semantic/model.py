"""The loaded semantic model: datasets, dimensions and metrics that know each other.

Values only. What a name means is answered here, once; how it becomes SQL is the planner's business,
who may ask it is the policies'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from amalimart.access.rules import DataClass
from amalimart.core.calendar import Grain
from amalimart.core.errors import ConfigError, UnknownName
from amalimart.core.fiscal import Calendar
from amalimart.core.names import TableRef, nearest
from amalimart.semantic.formula import Formula, Leaf, Reach, leaves, leaves_in_time
from amalimart.semantic.notes import Note
from amalimart.semantic.shapes import FieldType, Period, Unit

UNKNOWN_KEY = "unknown"
UNKNOWN_LABEL = "Unknown"
UNKNOWN_ENUM = "UNKNOWN"
GRAINS = frozenset(grain.value for grain in Grain)
RESERVED_NAMES = GRAINS | {"partial", "period", "totalled", "others"}


@dataclass(frozen=True, slots=True)
class Label:
    """A friendly name in each language of the product."""

    en: str
    fr: str


@dataclass(frozen=True, slots=True)
class Need:
    """One canonical column, or one value of it, that a source must provide."""

    entity: str
    column: str
    value: str | None = None

    def __str__(self) -> str:
        return f"{self.entity}.{self.column}" + (f" = {self.value}" if self.value is not None else "")


Needs = tuple[tuple[Need, ...], ...]  # all of these, each met by one of its alternatives


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a dataset."""

    name: str
    label: str
    type: FieldType
    data_class: DataClass
    needs: Needs
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relationship:
    """Many rows of the dataset that holds it to one row of `to`, whose key is in `column`."""

    name: str
    to: str
    column: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One gold table.

    currency    the column that names the currency of its money
    time        the column by which it is counted where the question says nothing else
    time_roles  the columns by which a question may ask to count it, under the name of the role
    is_stock    one row for each key on each day of `time`: what is there then, which adds up over no days
    """

    name: str
    table: TableRef
    description: str
    key: str
    time: str | None
    currency: str | None
    needs: Needs
    fields: Mapping[str, Field]
    relationships: Mapping[str, Relationship]
    time_roles: Mapping[str, str]
    is_stock: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where an entity's label is read, and in which (dataset, field) the keys that pickers offer stand."""

    dataset: str
    label: str
    offered: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to group or filter; with a lookup it is an entity: grouped by key, shown by label.

    bucket   where set, its value is the first day of the bucket that holds the date in `sources`
    elapsed  where set, its value is the number of these from the date in `sources` to the day of the fact
    """

    name: str
    label: Label
    description: str
    synonyms: tuple[str, ...]
    type: FieldType
    sources: tuple[tuple[str, str], ...]  # (dataset, field)
    values: tuple[str, ...]
    lookup: Lookup | None
    drill: tuple[str, ...]
    bucket: Grain | None = None
    elapsed: Grain | None = None
    owner: str | None = None
    description_fr: str | None = None


@dataclass(frozen=True, slots=True)
class DimensionUse:
    """A dimension as named in a question: `vendor` is the entity, `vendor_id` its bare key."""

    dimension: Dimension
    asked: str
    key_only: bool

    @property
    def has_label(self) -> bool:
        """Whether a label column stands beside the key."""
        return self.dimension.lookup is not None and not self.key_only


@dataclass(frozen=True, slots=True)
class Grouping:
    """The grouping a name answers with when none is given."""

    by: tuple[str, ...] = ()
    grain: Grain | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a metric leaves out: the metric that counts them, and how the receipt says it."""

    metric: str
    note: Note


@dataclass(frozen=True, slots=True)
class Example:
    """One question with its number in the small shop of the examples: of some days, under some conditions."""

    value: Decimal | date | None
    first: date | None = None
    last: date | None = None
    where: str | None = None
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One definition. `components` are the metrics it is made of.

    version          counts its meanings, as its author declares it
    definition_hash  of everything that decides its value
    """

    name: str
    subject: str
    label: Label
    description: str
    owner: str
    unit: Unit
    kind: str
    period: Period | None
    formula: Formula
    components: frozenset[str]
    aliases: Mapping[str, Grouping]
    default: Grouping
    non_additive: frozenset[str] | None
    hints: Mapping[str, str]
    needs: Needs
    notes: tuple[Note, ...]
    left_out: LeftOut | None
    version: int
    definition_hash: str
    example: Example | None = None
    description_fr: str | None = None

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Each leaf once, in the order of the formula."""
        return tuple(dict.fromkeys(leaves(self.formula)))

    @property
    def has_time(self) -> bool:
        """Whether it counts events, which have a date; a state (products, accounts) has none."""
        return all(leaf.measure.time is not None for leaf in leaves_in_time(self.formula))


MayUse = Callable[[str], bool]


def _anything(_name: str) -> bool:
    return True


class SemanticModel:
    """Every dataset, dimension and metric, by name and by alias."""

    def __init__(
        self,
        datasets: Iterable[Dataset],
        dimensions: Iterable[Dimension],
        metrics: Iterable[Metric],
        subjects: Mapping[str, Label],
        calendar: Calendar,
    ) -> None:
        self.calendar = calendar
        self.datasets = {dataset.name: dataset for dataset in datasets}
        self.dimensions = {dimension.name: dimension for dimension in dimensions}
        self.metrics = {metric.name: metric for metric in metrics}
        self.subjects = dict(subjects)
        self._metric_names = {
            alias: metric for metric in self.metrics.values() for alias in (metric.name, *metric.aliases)
        }
        self._dimension_names: dict[str, DimensionUse] = {}
        for dimension in self.dimensions.values():
            for name in (dimension.name, *dimension.synonyms):
                self._dimension_names[name] = DimensionUse(dimension, name, key_only=False)
                if dimension.lookup is not None:
                    self._dimension_names[f"{name}_id"] = DimensionUse(dimension, f"{name}_id", key_only=True)
        self._reach: dict[tuple[str, str], Reach | None] = {}

    @property
    def metric_names(self) -> frozenset[str]:
        """Every name a metric is asked by, aliases too."""
        return frozenset(self._metric_names)

    @property
    def dimension_names(self) -> frozenset[str]:
        """Every name a dimension is asked by: synonyms, keys of entities and grains of time too."""
        return frozenset(self._dimension_names) | GRAINS

    def noting(self, notes: Mapping[str, Note]) -> SemanticModel:
        """The same model, in which metrics say one thing more in every receipt."""
        metrics = (
            replace(metric, notes=(*metric.notes, notes[metric.name])) if metric.name in notes else metric
            for metric in self.metrics.values()
        )
        return SemanticModel(
            self.datasets.values(), self.dimensions.values(), metrics, self.subjects, self.calendar
        )

    def alias_grouping(self, names: Iterable[str], may_use: MayUse = _anything) -> Grouping:
        """The grouping that a name carries in itself, as daily_gmv does: that of the first such alias."""
        for name in names:
            metric = self.metric(name, may_use)
            grouping = metric.aliases.get(name, metric.default)
            if grouping != metric.default:
                return grouping
        return Grouping()

    def metric(self, name: str, may_use: MayUse = _anything) -> Metric:
        """The metric of a name or alias. Raises UnknownName with the nearest of those that may be used."""
        found = self._metric_names.get(name)
        if found is None:
            raise UnknownName(
                f"no metric is called {name!r}",
                expected="a name that `amalimart metrics list` shows",
                nearest=self._of_column(name, may_use)
                or nearest(
                    name[:100],
                    [known for known, metric in self._metric_names.items() if may_use(metric.name)],
                ),
                next_step="run: amalimart metrics list",
            )
        return found

    def _of_column(self, name: str, may_use: MayUse) -> str | None:
        """The metric that is all of a column of this name: what somebody means who knows the tables."""
        found: list[tuple[bool, int, str]] = []
        for metric in self.metrics.values():
            if isinstance(metric.formula, Leaf) and metric.period is None and may_use(metric.name):
                measure = metric.formula.measure
                if measure.field == name and not measure.where and measure.per is None:
                    found.append((self.datasets[measure.dataset].key != name, len(found), metric.name))
        return min(found)[2] if found else None

    def dimension(self, name: str, may_use: MayUse = _anything) -> DimensionUse:
        """The dimension of a name or synonym, or the key of one.

        Raises UnknownName with the nearest of those that may be used.
        """
        found = self._dimension_names.get(name)
        if found is None:
            usable = [known for known, use in self._dimension_names.items() if may_use(use.dimension.name)]
            raise UnknownName(
                f"no dimension is called {name!r}",
                expected=f"a dimension, or one of {', '.join(Grain)}",
                nearest=nearest(name[:100], [*usable, *sorted(GRAINS)]),
            )
        return found

    def field(self, dataset: str, name: str) -> Field:
        """A column that is known to exist."""
        return self.datasets[dataset].fields[name]

    def date(self, dataset: str, time: str) -> Reach:
        """Where a date stands by which a dataset is counted: its own column, or `relationship.column`."""
        relationship, _, field = time.rpartition(".")
        if not relationship:
            return Reach((), dataset, field)
        return Reach((relationship,), self.datasets[dataset].relationships[relationship].to, field)

    def default_grouping(self, names: Iterable[str], may_use: MayUse = _anything) -> Grouping:
        """The grouping in which these names answer when none is given: that of the first which has one."""
        for name in names:
            metric = self.metric(name, may_use)
            grouping = metric.aliases.get(name, metric.default)
            if grouping.by or grouping.grain:
                return grouping
        return Grouping()

    def reach(self, dataset: str, dimension: Dimension) -> Reach | None:
        """How a dimension is read from a dataset through many-to-one relationships; None where it cannot be.

        The nearest of the dimension's columns wins, then the order in which it lists them. Raises
        ConfigError where two equally short paths lead to the chosen table, because they may disagree.
        """
        key = (dataset, dimension.name)
        if key not in self._reach:
            paths = self._paths(dataset) if self._may_reach(dataset, dimension) else {}
            found = [
                (len(paths[home][0]), position, home, field)
                for position, (home, field) in enumerate(dimension.sources)
                if home in paths
            ]
            if not found:
                self._reach[key] = None
            else:
                _, _, home, field = min(found)
                if len(paths[home]) > 1:
                    ways = " and ".join(".".join(path) for path in paths[home])
                    raise ConfigError(
                        f"{dataset} reaches {home} for the dimension {dimension.name} in two ways: {ways}",
                        expected="one shortest path",
                        next_step="add a direct relationship to the dataset",
                    )
                self._reach[key] = Reach(paths[home][0], home, field)
        return self._reach[key]

    def _may_reach(self, dataset: str, dimension: Dimension) -> bool:
        """What has elapsed is counted to the day of a fact: where there is no fact, there is none."""
        return dimension.elapsed is None or self.datasets[dataset].time is not None

    def reachable(self, metric: Metric) -> tuple[Dimension, ...]:
        """The dimensions that every leaf of the metric reaches."""
        return tuple(
            dimension
            for dimension in self.dimensions.values()
            if all(self.reaches(leaf, dimension) for leaf in metric.leaves)
            and not all(leaf.is_same_for_all(dimension.name) for leaf in metric.leaves)
        )

    def reaches(self, leaf: Leaf, dimension: Dimension) -> bool:
        """Whether a leaf can be grouped by a dimension, or is the same for all its values."""
        if leaf.is_same_for_all(dimension.name):
            return True
        if dimension.elapsed is not None and leaf.measure.time is None:
            return False
        return self.reach(leaf.measure.dataset, dimension) is not None

    def _paths(self, start: str) -> dict[str, list[tuple[str, ...]]]:
        """Every dataset reached from one, with all its shortest paths of relationship names."""
        paths: dict[str, list[tuple[str, ...]]] = {start: [()]}
        frontier = [start]
        while frontier:
            following: dict[str, list[tuple[str, ...]]] = {}
            for name in frontier:
                for relationship in self.datasets[name].relationships.values():
                    if relationship.to not in paths:
                        longer = [(*path, relationship.name) for path in paths[name]]
                        following.setdefault(relationship.to, []).extend(longer)
            paths |= following
            frontier = list(following)
        return paths
