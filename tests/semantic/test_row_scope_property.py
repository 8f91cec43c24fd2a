"""Whatever a vendor or a delivery partner asks, nothing of anybody else is in the answer or moves it.

Two markets are asked the same: in the second, everything that is not the reader's own is of another random
shop and marked by a canary in every id, name and text; amounts and states are others, rows go and come.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import duckdb
import pytest

from amalimart.access.policies import load_policies
from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import DayRange
from amalimart.core.errors import AmalimartError
from amalimart.semantic.answer import Answer
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Filter, Operator, Question
from amalimart.semantic.service import SemanticService
from tests.semantic.conftest import MARKETPLACE, RIDER, TODAY, VENDOR_A, FakeReader, Source
from tests.semantic.independent_oracle import vendors_of
from tests.semantic.metric_meanings import LABELS
from tests.semantic.oracle_names import Tables
from tests.semantic.random_questions import Questioner, described
from tests.semantic.random_shops import RandomShop, stored

CANARY = "canary"
BOTH = Principal("both", Role.VENDOR, vendor_ids=frozenset({"vA", "vC"}))
CHAIN = Principal("chain", Role.VENDOR, business_ids=frozenset({"b2"}))
MIXED = Principal("mixed", Role.VENDOR, vendor_ids=frozenset({"vB"}), business_ids=frozenset({"b1", "b404"}))
# What a vendor may see of an order that holds a line of its own.
SHARED = {
    "order_id", "order_date", "status", "payment_kind", "payment_method", "shipping_city", "shipping_region",
    "shipping_country", "is_completed", "is_cancelled", "is_rejected", "is_fulfilled",
}  # fmt: skip
# What tells no marketplace its own: codes, days and flags repeat everywhere.
PLAIN = {
    "status", "method", "payment_method", "payment_kind", "currency", "role", "gender", "customer_kind",
    "vendor_id", "delivery_partner_id",
}  # fmt: skip


def others_changed(tables: Tables, other: Tables, reader: Principal) -> Tables:
    """The tables with every row that is not the reader's taken from another shop, and marked."""
    marked = {name: [_marked(row) for row in rows] for name, rows in other.items()}
    if reader.role is Role.DELIVERY:
        ids, column, owned = reader.delivery_partner_ids, "delivery_partner_id", {"shipments", "partners"}
    else:
        ids, column, owned = vendors_of(tables, reader), "vendor_id", {
            "items", "returns", "reviews", "products", "vendors", "inventory", "wishes", "payouts",
            "earnings",
        }  # fmt: skip
    changed = {
        name: [row for row in tables[name] if row[column] in ids]
        + [row for row in marked[name] if row[column] not in ids]
        for name in owned
    }
    changed |= {name: rows for name, rows in marked.items() if name not in owned}
    if reader.role is Role.VENDOR:
        changed["categories"] = tables["categories"]
        changed["businesses"] = [
            row
            for rows, is_own in ((tables["businesses"], True), (marked["businesses"], False))
            for row in rows
            if (row["business_id"] in reader.business_ids) is is_own
        ]
        seen = {row["order_id"] for row in changed["items"] if row["vendor_id"] in ids}
        shared = [row for row in tables["orders"] if row["order_id"] in seen]
        changed["orders"] = [_hidden_changed(row) for row in shared] + marked["orders"]
        # The others have lines in the reader's orders too.
        foreign = [row for row in changed["items"] if row["vendor_id"] not in ids]
        for row, order in zip(foreign, shared, strict=False):
            row["order_id"] = order["order_id"]
    return changed


def _marked(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{CANARY}-{value}" if isinstance(value, str) and name not in PLAIN
        else Decimal("7777.77") if isinstance(value, Decimal) else value
        for name, value in row.items()
    }  # fmt: skip


def _hidden_changed(order: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in order.items() if name in SHARED}
    money = dict.fromkeys(
        ("total_amount", "discount_amount", "delivery_fee", "tax_amount"), Decimal("7777.77")
    )
    return {
        **kept,
        **money,
        "customer_id": f"{CANARY}-c1",
        "channel": CANARY,
        "currency": "USD",
        "is_failed": True,
    }


class Between(FakeReader):
    """Reads one of two databases, so that one service with its plans stands before both."""

    def __init__(self, here: duckdb.DuckDBPyConnection, there: duckdb.DuckDBPyConnection) -> None:
        super().__init__(here)
        self._both = (here, there)

    def turn(self, to: int) -> None:
        self._connection = self._both[to]


class Markets:
    """The same reader before both markets."""

    def __init__(self, model: SemanticModel, seed: int, reader: Principal) -> None:
        tables = RandomShop(seed).tables()
        other = RandomShop(seed + 1_000, other_currency=0.5).tables()
        self._reader = reader
        self._between = Between(stored(tables), stored(others_changed(tables, other, reader)))
        policies = load_policies([MARKETPLACE / "policies"])
        self.service = SemanticService(model, policies, self._between, Source())
        self._asks = Questioner(seed, tables, policies.policy(reader.role))
        self._foreign = sorted({
            str(value) for rows in (tables["products"], tables["vendors"], tables["customers"])
            for row in rows for name, value in row.items() if name.endswith(("_id", "_name")) and value
        })  # fmt: skip

    def both(self, ask: Callable[[], object], told: object) -> object:
        """What is answered, the same in both markets and without a canary."""
        answers = []
        for market in (0, 1):
            self._between.turn(market)
            try:
                answers.append(ask())
            except AmalimartError as error:
                answers.append(f"{type(error)} {error}")
        here, there = map(repr, answers)
        assert here == there, told
        assert CANARY not in there, told
        assert "7777.77" not in there, told
        return answers[0]

    def play(self, questions: int) -> int:
        """How many questions had rows in their answer. Raises AssertionError at the first that tells."""
        return sum(self.rows(self._question(number)) > 0 for number in range(questions))

    def rows(self, question: Question) -> int:
        """How many rows the answer of a question has in both markets."""
        found = self.both(lambda: self.service.ask(question, self._reader), described(question))
        assert not isinstance(found, Answer) or found.receipt.sql is None
        return len(found.rows) if isinstance(found, Answer) else 0

    def _question(self, number: int) -> Question:
        question = self._asks.question()
        return self._pointed(question, number) if number % 3 == 0 else question

    def _pointed(self, question: Question, number: int) -> Question:
        """The same question, with a filter that names what belongs to somebody else."""
        names = [name for name in LABELS if name in {*question.by, "product", "vendor"}]
        name, operator = names[number % len(names)], tuple(Operator)[number % 4]
        value = self._foreign[number % len(self._foreign)]
        wanted = Filter(name if number % 2 else f"{name}_id", operator, (value,))
        return replace(question, filters=(*question.filters, wanted))


READERS = [pytest.param(reader, id=reader.subject) for reader in (VENDOR_A, BOTH, CHAIN, MIXED, RIDER)]


@pytest.mark.parametrize("reader", READERS)
def test_no_answer_holds_or_depends_on_anything_of_others(model: SemanticModel, reader: Principal) -> None:
    assert Markets(model, 7, reader).play(50) > 15


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("seed", [21, 22, 23])
def test_no_answer_of_many_holds_or_depends_on_anything_of_others(
    model: SemanticModel, seed: int, reader: Principal
) -> None:
    questions = int(os.environ.get("AMALIMART_EXAMPLES", "200"))
    assert Markets(model, seed, reader).play(questions) > questions * 3 // 10


@pytest.mark.parametrize("reader", [VENDOR_A, RIDER])
def test_no_picker_and_no_listing_holds_or_depends_on_anything_of_others(
    model: SemanticModel, reader: Principal
) -> None:
    markets = Markets(model, 8, reader)
    markets.both(lambda: (markets.service.metrics(reader), markets.service.dimensions(reader)), "listing")
    listed = 0
    for name in (*model.dimensions, *(f"{name}_id" for name in LABELS)):
        for search in (None, "cana", "vB"):
            found = markets.both(partial(markets.service.values, name, reader, search), (name, search))
            listed += len(found) if isinstance(found, tuple) else 0
    assert listed > 10


@pytest.mark.parametrize("reader", [VENDOR_A, RIDER])
def test_every_metric_by_every_dimension_tells_nothing_of_orders_that_are_shared(
    model: SemanticModel, reader: Principal
) -> None:
    """A header's total, or another's line in the same order, would show as a difference."""
    markets = Markets(model, 9, reader)
    infos = markets.service.metrics(reader)
    days = DayRange(date(2023, 9, 1), date(2024, 6, 1))
    asked: set[tuple[str, str | None]] = set()
    for name in (None, *(info.name for info in markets.service.dimensions(reader))):
        metrics = [info.name for info in infos if name is None or name in info.dimensions]
        for start in range(0, len(metrics), 15):
            some = tuple(metrics[start : start + 15])
            rows = markets.rows(Question(some, TODAY, by=() if name is None else (name,), days=days))
            asked |= {(metric, name) for metric in some if rows}
    assert {metric for metric, _ in asked} == {info.name for info in infos}
