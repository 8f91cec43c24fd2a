"""What a policy says about one table and one role: values only, no SQL and no engine.

The semantic layer's scan turns a rule into a row predicate; this module must not know how.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from amalimart.access.principal import Principal


class DataClass(StrEnum):
    """How sensitive a column is. Secrets are never landed, so no rule names them."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"


class OwnIds(StrEnum):
    """Which ids of the principal a row must carry."""

    VENDOR = "vendor_ids"
    DELIVERY_PARTNER = "delivery_partner_ids"

    def of(self, principal: Principal) -> tuple[str, ...]:
        """The principal's ids of this kind, sorted so that the same principal asks the same SQL."""
        match self:
            case OwnIds.VENDOR:
                return tuple(sorted(principal.vendor_ids))
            case OwnIds.DELIVERY_PARTNER:
                return tuple(sorted(principal.delivery_partner_ids))


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
    """Which rows and columns of one dataset a role reads; `columns` None: every column of its classes."""

    dataset: str
    rows: RowRule
    columns: frozenset[str] | None
    classes: frozenset[DataClass]

    def allows(self, column: str, data_class: DataClass) -> bool:
        """Whether the column may be read: listed (where there is a list) and of a permitted class."""
        return data_class in self.classes and (self.columns is None or column in self.columns)
