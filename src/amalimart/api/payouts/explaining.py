"""One payout explained: its statement, its lines, and the way to it from the sales of its period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from amalimart.access.principal import Principal
from amalimart.api.known_values import label_of
from amalimart.api.payouts.bridge import Sales, Step, bridge
from amalimart.api.payouts.statements import (
    MOST_LINES,
    Line,
    Statement,
    earned_question,
    products_question,
    settled_question,
    statement_question,
)
from amalimart.core.calendar import DayRange
from amalimart.core.errors import AmalimartError, NotFound
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Filter, Operator, Question
from amalimart.semantic.row_lists import RowList, RowQuestion

if TYPE_CHECKING:
    from amalimart.api.ports.asking import SemanticPort

Json = dict[str, Any]

SALES_METRICS = ("total_revenue", "lost_revenue", "kept_commission", "kept_refunds")
MOST_SHOWN = 500
_DELIVERED = Filter("order_status", Operator.EQ, ("COMPLETED",))


def explained_payout(payout_id: str, principal: Principal, semantic: SemanticPort, today: date) -> Json:
    """A payout with its lines and steps. Raises NotFound, also where it is another vendor's."""
    found = _rows(semantic, [statement_question(payout_id)], principal)[0]
    if not found.rows:
        raise NotFound(
            f"There is no payout {payout_id[:80]!r} for you.", next_step="open one from the list of payouts"
        )
    statement = Statement.of(found.as_dicts()[0])
    days, vendor_id = statement.days, statement.vendor_id
    asked = [settled_question(payout_id)]
    if days is not None and vendor_id is not None:
        asked.append(earned_question(vendor_id, days))
    lists = _rows(semantic, asked, principal)
    settled, *others = [[Line.of(row) for row in each.as_dicts()] for each in lists]
    is_whole = all(len(each.rows) <= MOST_LINES for each in lists)
    steps: tuple[Step, ...] = ()
    if is_whole and days is not None and vendor_id is not None:
        placed, delivered = _sales(statement, days, vendor_id, principal, semantic, today)
        earned = [line for line in others[0] if line.currency == statement.currency]
        own = [line for line in settled if line.currency == statement.currency]
        steps = bridge(statement, own, placed, delivered, earned)
    elif is_whole:
        steps = bridge(statement, settled)
    names = _names(settled, principal, semantic)
    return {
        "release_id": found.release_id,
        "payout": told_statement(statement) | {"vendor": vendor_label(vendor_id, principal, semantic)},
        "steps": [
            asdict(each) | {"amount": wire_value(each.amount), "is_total": each.is_total} for each in steps
        ],
        "lines": [_told_line(each, statement, names) for each in islice(settled, MOST_SHOWN)],
        "line_count": len(settled),
        "has_more": len(settled) > MOST_SHOWN,
        "is_whole": is_whole,
    }


def told_statement(statement: Statement) -> Json:
    """A statement as it is sent, with what it takes off beside the commission."""
    gross, commission = statement.gross_earnings, statement.platform_commission
    fees = None if gross is None or commission is None else gross - commission - statement.net_payout
    unexplained = None if statement.earned_amount is None else statement.net_payout - statement.earned_amount
    shown = {key: wire_value(value) for key, value in asdict(statement).items()}
    return shown | {"fees": wire_value(fees), "unexplained": wire_value(unexplained)}


def vendor_label(vendor_id: str | None, principal: Principal, semantic: SemanticPort) -> str | None:
    """What a vendor is called; the id where the reader sees no such vendor."""
    if vendor_id is None:
        return None
    try:
        return label_of("vendor", vendor_id, principal, semantic) or vendor_id
    except AmalimartError:
        return vendor_id


def _sales(
    statement: Statement,
    days: DayRange,
    vendor_id: str,
    principal: Principal,
    semantic: SemanticPort,
    today: date,
) -> tuple[Sales, Sales]:
    """The sales of the orders placed in the days: all, and those delivered."""
    filters = [Filter("vendor", Operator.EQ, (vendor_id,))]
    if statement.currency is not None:
        filters.append(Filter("currency", Operator.EQ, (statement.currency,)))
    every = [
        Question(metrics=(metric,), today=today, days=days, filters=tuple(filters))
        for metric in SALES_METRICS
    ]
    delivered = [replace(each, filters=(*each.filters, _DELIVERED)) for each in every]
    values = [_value(each) for each in semantic.ask_all([*every, *delivered], principal)]
    half = len(SALES_METRICS)
    return Sales(*values[:half]), Sales(*values[half:])


def _value(answer: Answer | AmalimartError) -> Decimal | None:
    """The one number of an answer: nothing was sold is 0, and what cannot be told is None."""
    if isinstance(answer, AmalimartError):
        return None
    value = answer.rows[0][0] if answer.rows else None
    return Decimal(0) if value is None else Decimal(str(value))


def _rows(semantic: SemanticPort, questions: Sequence[RowQuestion], principal: Principal) -> list[RowList]:
    lists: list[RowList] = []
    for each in semantic.rows(questions, principal):
        if isinstance(each, AmalimartError):
            raise each
        lists.append(each)
    return lists


def _names(lines: Sequence[Line], principal: Principal, semantic: SemanticPort) -> dict[str, str]:
    ids = tuple(dict.fromkeys(each.product_id for each in lines[:MOST_SHOWN] if each.product_id is not None))
    if not ids:
        return {}
    (found,) = semantic.rows([products_question(ids)], principal)
    return dict(found.rows) if isinstance(found, RowList) else {}


def _told_line(line: Line, statement: Statement, names: dict[str, str]) -> Json:
    days = statement.days
    is_carried = days is not None and (
        line.order_date is None or not days.first <= line.order_date <= days.last
    )
    shown = {key: wire_value(value) for key, value in asdict(line).items()}
    return shown | {"product": names.get(line.product_id or "", line.product_id), "is_carried": is_carried}
