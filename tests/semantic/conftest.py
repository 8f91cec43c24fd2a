"""A small shop in an in-memory DuckDB with every trap in it, and the semantic service over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import amalimart
from amalimart.access.policies import load_policies
from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.names import TableRef
from amalimart.semantic.answer import Answer
from amalimart.semantic.loading import load_model
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Question
from amalimart.semantic.question_text import parse_filters, parse_having
from amalimart.semantic.service import SemanticService
from amalimart.warehouse.file.only_values import only_code, statistics_sql
from amalimart.warehouse.file.reading import Release, Rows

MARKETPLACE = Path(amalimart.__file__).parent / "marketplace"
TODAY = date(2024, 3, 20)

TABLES = (Path(__file__).parent / "shop.sql").read_text(encoding="utf-8")

RELEASE = Release(7, datetime(2024, 3, 20, 8, tzinfo=UTC), datetime(2024, 3, 20, 7, 59, tzinfo=UTC), "abc")
ADMIN = Principal("admin", Role.ADMIN)
ANALYST = Principal("analyst", Role.ANALYST)
SUPPORT = Principal("support", Role.SUPPORT)
VENDOR_A = Principal("ama", Role.VENDOR, vendor_ids=frozenset({"vA"}))
VENDOR_B = Principal("kofi", Role.VENDOR, vendor_ids=frozenset({"vB"}))
VENDOR_NOBODY = Principal("nobody", Role.VENDOR)
RIDER = Principal("swift", Role.DELIVERY, delivery_partner_ids=frozenset({"d1"}))


class FakeTransaction:
    """One release over an open DuckDB connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, log: list[str], release: Release = RELEASE
    ) -> None:
        self.release = release
        self._connection = connection
        self._log = log

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        self._log.append(sql)
        result = self._connection.execute(sql, list(parameters))
        names = tuple(column[0] for column in result.description or ())
        return Rows(names, tuple(result.fetchall()))

    def batches(self, sql: str, parameters: Sequence[Any], most_rows: int) -> Iterator[pa.RecordBatch]:
        self._log.append(sql)
        yield from self._connection.execute(sql, list(parameters)).to_arrow_table().to_batches(most_rows)

    def only_code(self, table: TableRef, column: str) -> str | None:
        told = self._connection.execute(statistics_sql(table, column)).fetchall()
        return only_code(str(told[0][0])) if told else None


class FakeReader:
    """Counts how many transactions were opened and keeps what was run."""

    transaction = FakeTransaction
    release = RELEASE

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.opened = 0
        self.log: list[str] = []

    @contextmanager
    def read(self) -> Iterator[FakeTransaction]:
        self.opened += 1
        yield self.transaction(self._connection, self.log, self.release)


@dataclass
class Source:
    """A source that has everything but what is listed."""

    lacks: frozenset[str] = frozenset()
    source: str = "amalimart"

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        named = {entity, f"{entity}.{column}", f"{entity}.{column}={value}"}
        return not named & self.lacks


@dataclass
class Shop:
    """The fixture: the tables, the service over them, and short ways to ask both."""

    connection: duckdb.DuckDBPyConnection
    model: SemanticModel
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        self.reader = FakeReader(self.connection)
        self.policies = load_policies([MARKETPLACE / "policies"])
        self.service = SemanticService(self.model, self.policies, self.reader, self.source)

    def ask(
        self,
        *metrics: str,
        by: str = "",
        where: str = "",
        days: tuple[str, str] | None = None,
        grain: Grain | None = None,
        order_by: str | None = None,
        limit: int | None = None,
        compare: bool = False,
        fill: bool = False,
        having: tuple[str, ...] = (),
        today: date = TODAY,
        principal: Principal = ADMIN,
        **more: Any,
    ) -> Answer:
        question = Question(
            metrics,
            today,
            tuple(name for name in by.split(",") if name),
            grain,
            DayRange(date.fromisoformat(days[0]), date.fromisoformat(days[1])) if days else None,
            parse_filters(where) if where else (),
            order_by,
            limit,
            compare,
            fill,
            having=tuple(map(parse_having, having)),
            **more,
        )
        return self.service.ask(question, principal)

    def one(self, metric: str, **how: Any) -> Any:
        """The single number of a metric."""
        (row,) = self.ask(metric, **how).rows
        return row[0]

    def sql(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Hand-written SQL, the oracle."""
        return self.connection.execute(text, list(parameters)).fetchall()


def build_shop(model: SemanticModel, source: Source | None = None) -> Shop:
    connection = duckdb.connect(":memory:")
    connection.execute(TABLES)
    return Shop(connection, model, source or Source())


@pytest.fixture(scope="session")
def model() -> SemanticModel:
    return load_model([MARKETPLACE / "semantic"])


@pytest.fixture
def shop(model: SemanticModel) -> Iterator[Shop]:
    made = build_shop(model)
    yield made
    made.connection.close()


@pytest.fixture(scope="session")
def read_only_shop(model: SemanticModel) -> Iterator[Shop]:
    """For tests that change nothing, hypothesis ones among them."""
    made = build_shop(model)
    yield made
    made.connection.close()


@pytest.fixture
def shop_without(model: SemanticModel) -> Iterator[Callable[..., Shop]]:
    """A shop whose source lacks some canonical columns."""
    made: list[Shop] = []

    def build(*lacks: str) -> Shop:
        made.append(build_shop(model, Source(frozenset(lacks))))
        return made[-1]

    yield build
    for each in made:
        each.connection.close()


@pytest.fixture(scope="session")
def principals() -> dict[str, Principal]:
    named = {
        "admin": ADMIN,
        "analyst": ANALYST,
        "support": SUPPORT,
        "vendor_a": VENDOR_A,
        "vendor_b": VENDOR_B,
        "vendor_nobody": VENDOR_NOBODY,
        "rider": RIDER,
    }
    return {**named, "executive": Principal("boss", Role.EXECUTIVE)}


@pytest.fixture(scope="session")
def model_day() -> date:
    return TODAY
