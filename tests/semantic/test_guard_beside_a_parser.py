"""The guard's grammar beside two parsers that it shares nothing with: a library's, and the engine's own."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from amalimart.core.errors import AmalimartError, Denied
from amalimart.semantic import planner
from amalimart.semantic.loading import PACKAGED
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.planner import Plan
from amalimart.semantic.rollups.declared import load_rollups
from amalimart.semantic.service import SemanticService
from amalimart.semantic.sql.guard import check_text
from tests.semantic.conftest import Shop, Source
from tests.semantic.guard_by_sqlglot import Refused, Unreadable, check_by_tree
from tests.semantic.random_questions import Questioner
from tests.semantic.random_shops import RandomShop
from tests.semantic.test_fuzz import PRINCIPALS

SEED = 20
QUESTIONS = 90
# What somebody would try: other tables, functions of the engine, comments, a second statement, texts.
HOSTILE = (
    '"gold"."fact_orders"', "'lake/*.parquet'", "READ_TEXT", "GETENV('HOME')", "--", "/*", "*/", ";", "$1",
    "OVER", "UNION", "WITH", "SELECT", "FROM", "RECURSIVE", "(", ")", ",", "||", "E'x'", "'of a reader'", "*",
    "1e9", "0x1F", "?1", "::BLOB", "COLLATE", "LATERAL", "CROSS JOIN", "\n", "\t", '"a""b"', "{0}", "[1]",
    "$$x$$",
)  # fmt: skip
_PIECES = re.compile(r'"[^"]*"|\w+|\s+|.', re.DOTALL)


@dataclass(frozen=True)
class Checked:
    """A planned statement with what the guard was told of it."""

    plan: Plan
    issued: frozenset[str]
    joined: dict[str, frozenset[str]]


@pytest.fixture(scope="module")
def planned(model: SemanticModel) -> Iterator[list[Checked]]:
    """The statements of random questions of every kind of reader, with rollups and without."""
    told: list[tuple[str, frozenset[str], dict[str, frozenset[str]]]] = []

    def noted(sql: str, issued: frozenset[str], joined: Any) -> None:
        told.append((sql, issued, dict(joined)))
        check_text(sql, issued, joined)

    tables = RandomShop(SEED, 0.0).tables()
    shop = Shop(duckdb.connect(":memory:"), model)
    rolled = SemanticService(
        model, shop.policies, shop.reader, Source(), None, load_rollups([PACKAGED], model), lambda _: True
    )
    found = []
    with pytest.MonkeyPatch.context() as patch, shop.reader.read() as transaction:
        patch.setattr(transaction, "only_code", lambda *_: None)
        patch.setattr(planner, "check_text", noted)
        for number in range(QUESTIONS):
            reader = PRINCIPALS[number % len(PRINCIPALS)]
            question = Questioner(SEED + number, tables, shop.policies.policy(reader.role)).question()
            for service in (shop.service, rolled):
                told.clear()
                try:
                    plan = service.plan(question, reader, transaction)
                except AmalimartError:
                    continue
                found += [Checked(plan, issued, joined) for sql, issued, joined in told if sql == plan.sql]
    yield found
    shop.connection.close()


def test_whatever_is_planned_passes_the_other_parser_too(planned: list[Checked]) -> None:
    assert len(planned) > QUESTIONS / 2
    assert any(each.joined for each in planned)
    assert any(each.plan.rollups for each in planned)
    for each in planned:
        check_by_tree(each.plan.sql, each.issued, each.joined)


def test_the_engine_reads_no_other_tables_than_the_receipt_names(planned: list[Checked]) -> None:
    with duckdb.connect(":memory:") as engine:
        for each in planned:
            assert _tables(engine, each.plan.sql) == each.plan.tables


@pytest.mark.parametrize("changes", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_a_statement_changed_by_chance_passes_only_where_the_other_parsers_let_it_pass(
    planned: list[Checked], changes: int
) -> None:
    dice = random.Random(SEED)  # noqa: S311 - changes, not secrets
    outcomes: Counter[str] = Counter()
    with duckdb.connect(":memory:") as engine:
        for each in planned:
            for _ in range(changes):
                outcomes[_outcome(_changed(each.plan.sql, dice), each, engine)] += 1
    asked = len(planned) * changes
    assert outcomes["refused"] > asked / 2
    assert outcomes["passed"] > asked / 50  # else nothing was held against the others


def _outcome(changed: str, of: Checked, engine: duckdb.DuckDBPyConnection) -> str:
    try:
        check_text(changed, of.issued, of.joined)
    except Denied:
        return "refused"
    try:
        tables = _tables(engine, changed)
    except duckdb.Error:
        return "could not run"
    assert tables <= of.plan.tables, changed
    try:
        check_by_tree(changed, of.issued, of.joined)
    except Unreadable:
        return "unknown to the library"
    except Refused as error:
        pytest.fail(f"{error}\n{changed}\npasses, and was made of\n{of.plan.sql}")
    return "passed"


def _tables(engine: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """The tables that the engine's own parser finds, which knows CTEs from tables."""
    return engine.get_table_names(sql.replace("?", "NULL"), qualified=True)


def _changed(sql: str, dice: random.Random) -> str:
    """The statement with a piece left out, doubled or moved, or with a hostile one in it."""
    pieces = _PIECES.findall(sql)
    at, other = dice.randrange(len(pieces)), dice.randrange(len(pieces))
    match dice.randrange(5):
        case 0:
            del pieces[at]
        case 1:
            pieces.insert(other, pieces[at])
        case 2:
            pieces[at], pieces[other] = pieces[other], pieces[at]
        case 3:
            pieces[at] = dice.choice(HOSTILE)
        case _:
            pieces.insert(at, f" {dice.choice(HOSTILE)} ")
    return "".join(pieces)
