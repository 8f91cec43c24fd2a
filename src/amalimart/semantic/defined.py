"""What the semantic model defines, as values: datasets, dimensions and metrics with all that is said of them.

How they know each other, and what a name means, is the model's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from amalimart.access.rules import DataClass
from amalimart.core.calendar import Grain
from amalimart.core.names import TableRef
from amalimart.semantic.formula import Formula, Leaf, leaves, leaves_in_time
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
class Mark:
    """Of the rows that have one value of `field` and one parent, exactly one has `column` true.

    within  the relationship to the parent; all that are unknown count as one
    alike   the columns that are the same in all rows of one value, itself among them
    """

    column: str
    field: str
    within: str
    alike: frozenset[str]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One gold table.

    currency    the column that names the currency of its money
    time        the column by which it is counted where the question says nothing else
    time_roles  the columns by which a question may ask to count it, under the name of the role
    is_stock    one row for each key on each day of `time`: what is there then, which adds up over no days
    marks       columns by which distinct values may be counted as rows
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
    marks: tuple[Mark, ...] = ()


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
