"""What a policy says about one table and one role: values only, no SQL and no engine.

The semantic layer's scan turns a rule into a row predicate; this module must not know how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from amalimart.access.principal import Principal


class DataClass(StrEnum):
    """How sensitive a column is. Secrets are never landed, so no rule names them."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"


class Mask(StrEnum):
    """What is shown in place of a value. Only by a hash can two values be told apart."""

    INITIAL = "initial"  # the first letter, then dots
    LAST4 = "last4"  # dots, then the last four characters of a text of eight and more
    HASH = "hash"  # the same text for the same value, made with a secret of the project
    EMPTY = "empty"  # nothing


class OwnIds(StrEnum):
    """Which ids of the principal a row must carry; among those of vendors are those of its businesses."""

    VENDOR = "vendor_ids"
    DELIVERY_PARTNER = "delivery_partner_ids"
    BUSINESS = "business_ids"

    def of(self, principal: Principal) -> tuple[str, ...]:
        """The principal's ids of this kind, sorted so that the same principal asks the same SQL."""
        match self:
            case OwnIds.VENDOR:
                return tuple(sorted(principal.vendor_ids))
            case OwnIds.DELIVERY_PARTNER:
                return tuple(sorted(principal.delivery_partner_ids))
            case OwnIds.BUSINESS:
                return tuple(sorted(principal.business_ids))

    @property
    def found_by(self) -> OwnIds | None:
        """The ids of the principal by which further ids of this kind are found in the release."""
        return OwnIds.BUSINESS if self is OwnIds.VENDOR else None

    def holds(self, principal: Principal, other: Principal) -> bool:
        """Whether the one has every id of this kind that the other has, those that are found included."""
        found_by = self.found_by
        return set(self.of(principal)) >= set(self.of(other)) and (
            found_by is None or found_by.holds(principal, other)
        )


@dataclass(frozen=True, slots=True)
class AllRows:
    """Every row."""


@dataclass(frozen=True, slots=True)
class OwnRows:
    """Rows whose `column` holds one of the principal's ids; none where it has no id."""

    column: str
    ids: OwnIds


@dataclass(frozen=True, slots=True)
class RowsThrough:
    """Rows whose `column` occurs in the column of the same name of `dataset`, as the principal sees it."""

    dataset: str
    column: str


RowRule = AllRows | OwnRows | RowsThrough


@dataclass(frozen=True, slots=True)
class ScanRule:
    """Which rows and columns of one dataset a role reads; `columns` None: every column of its classes.

    A column of `masks` is shown masked, and never read as it is, whatever else is said of it.
    """

    dataset: str
    rows: RowRule
    columns: frozenset[str] | None
    classes: frozenset[DataClass]
    masks: Mapping[str, Mask] = field(default_factory=dict)

    def allows(self, column: str, data_class: DataClass) -> bool:
        """Whether the column may be read as it is: listed (where there is a list), of a class, unmasked."""
        if column in self.masks or data_class not in self.classes:
            return False
        return self.columns is None or column in self.columns


@dataclass(frozen=True, slots=True)
class PeerRule:
    """Of which figures a role may be told how those of its like are spread, never whose is which.

    of       the dimension whose members are compared; the own ids are keys of it
    within   the dimension that says who is alike
    metrics  whose figures are compared
    """

    of: str
    within: str
    metrics: frozenset[str]
