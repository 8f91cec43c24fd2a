"""Payouts as the shop stored them, and the lines of each: which rows are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from amalimart.core.calendar import DayRange
from amalimart.semantic.question import Operator
from amalimart.semantic.row_lists import RowCondition, RowQuestion

MOST_STATEMENTS = 200
MOST_LINES = 20_000
_STATEMENT = (
    "payout_id", "vendor_id", "payout_date", "period_start", "period_end", "status", "gross_earnings",
    "platform_commission", "net_payout", "currency", "earned_amount",
)  # fmt: skip
_LINE = (
    "earning_id", "order_id", "order_item_id", "product_id", "payout_id", "order_date", "earned_date",
    "line_item_amount", "line_commission_amount", "amount", "currency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """One payout. Money is in `currency`; what the source does not tell is None."""

    payout_id: str
    vendor_id: str | None
    payout_date: date | None
    period_start: date | None
    period_end: date | None
    status: str
    gross_earnings: Decimal | None
    platform_commission: Decimal | None
    net_payout: Decimal
    currency: str | None
    earned_amount: Decimal | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Statement:
        """From a row of the list."""
        return cls(**{name: row[name] for name in _STATEMENT})

    @property
    def days(self) -> DayRange | None:
        """The days that it pays for; None where the source does not say."""
        if self.period_start is None or self.period_end is None or self.period_end < self.period_start:
            return None
        return DayRange(self.period_start, self.period_end)


@dataclass(frozen=True, slots=True)
class Line:
    """What one order line earned its vendor, and the payout that settles it."""

    earning_id: str
    order_id: str | None
    order_item_id: str | None
    product_id: str | None
    payout_id: str | None
    order_date: date | None
    earned_date: date | None
    line_item_amount: Decimal | None
    line_commission_amount: Decimal | None
    amount: Decimal
    currency: str | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Line:
        """From a row of the list."""
        return cls(**{name: row[name] for name in _LINE})


def statements_question(vendor_id: str | None) -> RowQuestion:
    """The newest payouts, of one vendor or of all that the reader may see; one more than is shown."""
    where = () if vendor_id is None else (RowCondition("vendor_id", Operator.EQ, (vendor_id,)),)
    return RowQuestion("payouts", _STATEMENT, where, ("-payout_date", "payout_id"), MOST_STATEMENTS + 1)


def statement_question(payout_id: str) -> RowQuestion:
    """One payout."""
    return RowQuestion(
        "payouts", _STATEMENT, (RowCondition("payout_id", Operator.EQ, (payout_id,)),), ("payout_id",), 1
    )


def settled_question(payout_id: str) -> RowQuestion:
    """The lines that a payout settles."""
    return _lines(RowCondition("payout_id", Operator.EQ, (payout_id,)))


def earned_question(vendor_id: str, days: DayRange) -> RowQuestion:
    """What a vendor earned by the orders placed in some days, whichever payout settles it."""
    return _lines(
        RowCondition("vendor_id", Operator.EQ, (vendor_id,)),
        RowCondition("order_date", Operator.GE, (days.first,)),
        RowCondition("order_date", Operator.LE, (days.last,)),
    )


def _lines(*where: RowCondition) -> RowQuestion:
    return RowQuestion("vendor_earnings", _LINE, where, ("order_date", "earning_id"), MOST_LINES + 1)


def products_question(product_ids: tuple[str, ...]) -> RowQuestion:
    """What products are called."""
    where = (RowCondition("product_id", Operator.IN, product_ids),)
    return RowQuestion("products", ("product_id", "product_name"), where, ("product_id",), len(product_ids))
