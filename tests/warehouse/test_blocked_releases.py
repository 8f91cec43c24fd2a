"""A build that is held back leaves the old release as it was, says why, and may be accepted by a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from amalimart.control import acceptances as control_acceptances
from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.core.clock import FixedClock
from amalimart.core.errors import CheckFailed, CompileFailed, ModelFailed, NotFound, RequestError
from amalimart.core.names import TableRef
from amalimart.core.releases import Acceptance, BlockedBuild, ReleaseDetail
from amalimart.lake import Operation
from amalimart.orchestrate.releases.acceptance_ledger import AcceptanceLedger
from amalimart.orchestrate.releases.release_book import ReleaseBook
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.graph import Check, CompiledGraph, ValuesOf, model_id
from amalimart.warehouse.incremental.delta_check import DeltaCheck, Piece
from amalimart.warehouse.incremental.recipe import came
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.project import compiler
from amalimart.warehouse.releases import blocked_builds as blocked_builds_module
from amalimart.warehouse.releases.samples import sampled
from tests.warehouse.tiny_graph import tiny_graph
from tests.warehouse.tiny_shop import NOW, ZONE, Shop

FACT = TableRef("gold", "fact_orders")
AMA = Decider("Ama Serwaa", "ama@example.com")
SMALL = "not_too_large"
# A check of single rows, as the compiler makes them: whole, and over the rows that came.
NOT_TOO_LARGE = Check(
    unique_id=f"test.marketplace.{SMALL}",
    name=SMALL,
    is_error=True,
    sql=f"select total_amount from {FACT.sql} where total_amount > 1000",
    parents=frozenset({model_id("fact_orders")}),
    delta=DeltaCheck(
        (model_id("fact_orders"),),
        (Piece(f"select total_amount from ({came(FACT)}) where total_amount > 1000"),),
    ),
)
BUYERS_HAVE_NUMBERS = Check(
    unique_id="test.marketplace.buyers_have_numbers",
    name="buyers_have_numbers",
    is_error=True,
    sql="select * from staging.\"stg_orders\" where customer_id = 'nobody'",
    parents=frozenset({model_id("stg_orders")}),
)


def order(key: str, total: str = "5", buyer: str = "7") -> tuple[str, ...]:
    return (key, buyer, "2026-03-01", total, "done", "", "sale")


class Desk:
    """The tiny shop with checks of its own, and the book in which its releases are looked up."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        compiled = shop_graph(shop)
        self.graph = compiled
        self.ledger = AcceptanceLedger(shop.folder / "control.db", shop.clock)
        self.book = ReleaseBook(shop.hot_file, self.ledger)
        self.restart()

    def restart(self) -> None:
        self.shop.executor = Executor(
            self.shop.hot_file, self.shop.clock, ZoneInfo(ZONE), acceptances=self.ledger
        )

    def land(self, *orders: tuple[str, ...]) -> None:
        self.shop.land(*orders, operation=Operation.UPSERT)

    def publish(self) -> BuildReport | None:
        state = lake_state(self.shop.lake, {"shop": self.shop.mapping})
        return self.shop.executor.publish(self.graph, state)

    def is_held(self) -> BlockedBuild:
        """Try to publish, be refused, and look up why."""
        with pytest.raises(CheckFailed):
            self.publish()
        return self.book.blocked_build(None)

    def published(self) -> ReleaseDetail:
        report = self.publish()
        assert report is not None
        return self.book.release(report.release.release_id)

    def totals(self) -> list[Decimal]:
        return [total for (total,) in self.shop.query("select total_amount from gold.fact_orders order by 1")]  # type: ignore[misc]


def shop_graph(shop: Shop) -> CompiledGraph:
    shop.land(order("1"))
    compiled = tiny_graph(shop)
    models = tuple(
        replace(each, personal=frozenset({"customer_id"})) if each.table.name == "stg_orders" else each
        for each in compiled.models
    )
    return replace(compiled, models=models, checks=(NOT_TOO_LARGE, BUYERS_HAVE_NUMBERS))


@pytest.fixture
def desk(shop: Shop) -> Iterator[Desk]:
    opened = Desk(shop)
    opened.publish()
    yield opened
    opened.ledger.close()


def contents(shop: Shop) -> dict[str, Counter[tuple[object, ...]]]:
    """Everything the file holds for readers, and what it says of its releases."""
    names = shop.query(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema in ('bronze', 'staging', 'silver', 'gold', 'meta')"
        " and table_name <> 'blocked_builds'"
    )
    return {str(name): Counter(shop.query(f"select * from {name}")) for (name,) in names}


def test_a_build_that_is_held_back_changes_nothing_and_says_why(desk: Desk) -> None:
    before = contents(desk.shop)
    desk.land(order("2", "5000"), order("3", "1001"), order("4", buyer="nobody"))
    build = desk.is_held()
    assert contents(desk.shop) == before
    assert (build.number, build.code, build.attempts, build.serving) == (1, "check_failed", 1, 1)
    assert build.what == "the release is held back: buyers_have_numbers (1 rows), not_too_large (2 rows)"
    assert build.project_hash == desk.graph.project_hash
    assert build.positions == {"shop": 2}
    assert build.attempted_at == build.last_attempted_at == NOW
    [nobody, large] = sorted(build.checks, key=lambda check: check.name)
    assert (large.name, large.failing_rows) == (SMALL, 2)
    # The check asks for the amount alone; the sample shows which orders they are.
    assert large.sample.columns == ("order_id", "total_amount", "status")
    assert sorted(large.sample.rows) == [("2", "5000.00", "COMPLETED"), ("3", "1001.00", "COMPLETED")]
    assert large.sample.masked == ()
    shown = dict(zip(nobody.sample.columns, nobody.sample.rows[0], strict=True))
    assert nobody.sample.masked == ("customer_id",)
    assert (shown["order_id"], shown["customer_id"]) == ("4", None)
    with desk.shop.hot_file.records() as cursor:
        [(kept,)] = cursor.execute("select checks::varchar from meta.blocked_builds").fetchall()
    assert "nobody" not in kept.replace("buyers_have_numbers", "")


def test_of_a_check_that_shows_values_the_rows_that_hold_them_are_kept(desk: Desk) -> None:
    of_states = Check(
        unique_id="test.marketplace.states",
        name="states",
        is_error=True,
        sql=f"select status as value_field, count(*) as n_records from {FACT.sql}"
        " where status <> 'COMPLETED' group by status",
        parents=frozenset({model_id("fact_orders")}),
        values=ValuesOf(model_id("fact_orders"), "status", "value_field"),
    )
    desk.graph = replace(desk.graph, checks=(*desk.graph.checks, of_states))
    desk.land(
        ("2", "7", "2026-03-01", "5", "open", "", "sale"), ("3", "7", "2026-03-01", "5", "", "", "sale")
    )
    [check] = desk.is_held().checks
    assert check.failing_rows == 2  # two values
    assert check.sample.columns == ("order_id", "total_amount", "status")
    assert sorted(check.sample.rows) == [("2", "5.00", "PENDING"), ("3", "5.00", "UNKNOWN")]


def test_no_more_than_a_few_rows_are_kept_of_many(desk: Desk) -> None:
    desk.land(*[order(str(key), "9999") for key in range(10, 60)])
    [check] = desk.is_held().checks
    assert (check.failing_rows, len(check.sample.rows)) == (50, 5)


def test_tries_of_the_same_are_one_build_and_another_reason_or_release_is_another(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.shop.clock = FixedClock(NOW + timedelta(minutes=5))
    desk.restart()
    desk.land(order("3"))  # what is attempted moves on, what is wrong does not
    build = desk.is_held()
    assert (build.number, build.attempts, build.positions) == (1, 2, {"shop": 3})
    assert (build.attempted_at, build.last_attempted_at) == (NOW, NOW + timedelta(minutes=5))
    desk.land(order("4", "6000"))
    assert (desk.is_held().number, len(desk.book.blocked(10))) == (2, 2)
    desk.land(order("2"), order("4"))
    assert desk.published().release.release_id == 2
    desk.land(order("2", "5000"))
    build = desk.is_held()
    assert (build.number, build.serving, build.attempts) == (3, 2, 1)


def test_no_more_blocked_builds_are_kept_than_so_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_builds_module, "MOST_KEPT", 2)
    for number in range(4):
        desk.land(order(str(10 + number), "5000"))
        desk.is_held()
    assert [build.number for build in desk.book.blocked(10)] == [4, 3]
    with pytest.raises(NotFound, match="no blocked build 1") as refused:
        desk.book.blocked_build(1)
    assert (refused.value.expected, refused.value.nearest) == ("3 to 4", "3")


def test_a_model_that_fails_and_a_project_that_does_not_compile_are_kept_too(desk: Desk) -> None:
    broken = tuple(
        replace(each, sql="select nothing from gold.nowhere", recipe=None) if each.table == FACT else each
        for each in desk.graph.models
    )
    whole, desk.graph = desk.graph, replace(desk.graph, models=broken, project_hash="broken")
    with pytest.raises(ModelFailed):
        desk.publish()
    build = desk.book.blocked_build(1)
    assert (build.code, build.checks) == ("model_failed", ())
    assert model_id("fact_orders") in str(build.where)
    assert build.project_hash == "broken"
    with pytest.raises(RequestError, match=r"cannot be accepted: the model gold\.fact_orders failed"):
        desk.book.accept(1, AMA, "it will be all right")
    desk.shop.executor.note_refused(CompileFailed("no", where="mine.sql"))
    build = desk.book.blocked_build(2)
    assert (build.code, build.project_hash, build.positions) == ("compile_failed", None, {})
    desk.graph = whole
    assert desk.publish() is None
    assert desk.totals() == [Decimal("5.00")]


def test_before_the_first_release_a_blocked_build_can_be_seen_and_accepted(shop: Shop) -> None:
    desk = Desk(shop)
    with pytest.raises(NotFound, match="no build has been blocked"):
        desk.book.blocked_build(None)
    desk.land(order("2", "5000"))
    assert desk.is_held().serving is None
    desk.book.accept(1, AMA, "the shop sells cars now")
    assert desk.published().release.release_id == 1
    desk.ledger.close()


@pytest.mark.parametrize(
    ("name", "namespace", "sql", "shown"),
    [
        ("unique", None, "select email as unique_field", "unique_field"),
        ("accepted_values", None, "with all_values as (select 1 as value_field)", "value_field"),
        ("relationships", None, "select email as from_field", "from_field"),
        ("not_null", None, "select email", None),
        ("unique", "another_package", "select email as unique_field", None),
        ("unique", None, "a project's own test of this name", None),
    ],
)
def test_tests_of_dbt_that_show_values_are_known(
    name: str, namespace: str | None, sql: str, shown: str | None
) -> None:
    node = {
        "compiled_code": sql,
        "attached_node": "model.marketplace.people",
        "test_metadata": {"name": name, "namespace": namespace, "kwargs": {"column_name": "email"}},
    }
    found = compiler._values_of(node)
    assert found == (ValuesOf("model.marketplace.people", "email", shown) if shown else None)


# Accepting.


def test_what_is_accepted_is_published_and_says_by_whose_word(desk: Desk) -> None:
    desk.land(order("2", "5000"), order("3", "6000"))
    desk.is_held()
    [word] = desk.book.accept(1, AMA, "  a wholesale order, agreed with the buyer ")
    told = (word.check, word.failing_rows, word.blocked_number, word.accepted_by, word.subject, word.reason)
    assert told == (
        SMALL, 2, 1, "Ama Serwaa", "ama@example.com", "a wholesale order, agreed with the buyer"
    )  # fmt: skip
    release = desk.published()
    assert desk.totals() == [Decimal("5.00"), Decimal("5000.00"), Decimal("6000.00")]
    [failing] = release.failing
    assert (failing.name, failing.is_error, failing.failing_rows) == (SMALL, True, 2)
    assert failing.acceptance == word
    assert desk.book.accepted() == (word,)
    [note] = desk.book.notes()
    assert "Ama" not in note.text
    assert "a wholesale order" in note.detail
    [entry] = entries(desk.ledger._opened()._engine)
    assert (entry.subject, entry.action, entry.happened_at) == ("ama@example.com", "release.accepted", NOW)
    assert entry.details == {
        "blocked": 1,
        "checks": {SMALL: 2},
        "by": "Ama Serwaa",
        "reason": "a wholesale order, agreed with the buyer",
    }
    # It holds for later releases too, and each of them says so.
    desk.land(order("4"))
    assert [check.acceptance for check in desk.published().failing] == [word]


def test_more_rows_than_were_accepted_block_again_although_few_of_them_are_new(desk: Desk) -> None:
    """The changed rows alone would say: one row, and two are accepted."""
    desk.land(order("2", "5000"), order("3", "6000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.land(order("4", "7000"))
    build = desk.is_held()
    assert (build.number, [check.failing_rows for check in build.checks]) == (2, [3])
    desk.book.accept(2, AMA, "agreed as well")
    [failing] = desk.published().failing
    assert failing.acceptance is not None
    assert (failing.failing_rows, failing.acceptance.reason) == (3, "agreed as well")
    desk.land(order("4", "5"), order("3", "5"))  # less than accepted is accepted
    assert [check.failing_rows for check in desk.published().failing] == [1]


def test_another_check_than_the_accepted_one_still_blocks(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.land(order("3", buyer="nobody"))
    build = desk.is_held()
    assert [check.name for check in build.checks] == ["buyers_have_numbers"]


def test_once_the_check_passes_the_word_holds_no_longer(desk: Desk) -> None:
    desk.land(order("2", "5000"), order("3", "6000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.land(order("2"), order("3"))
    assert desk.published().failing == ()
    assert desk.book.accepted() == ()
    assert desk.book.notes() == ()
    desk.land(order("2", "5000"))
    assert desk.is_held().number == 2
    actions = [entry.action for entry in entries(desk.ledger._opened()._engine)]
    assert actions == ["release.accepted", "release.lapsed"]


def test_a_word_that_was_not_needed_lapses_too(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.land(order("2"))
    desk.publish()
    assert desk.book.accepted() == ()


def test_a_word_taken_back_blocks_every_build_until_the_rows_are_right(desk: Desk) -> None:
    """The rows are published: a check of changed rows alone would never meet them again."""
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    [word] = desk.book.revoke(1, Decider("Kofi", "local operator"), "it was a typing error")
    assert word.check == SMALL
    desk.land(order("9"))
    assert desk.is_held().serving == 2
    desk.land(order("2"))
    assert desk.published().failing == ()
    with pytest.raises(NotFound, match="nothing that was accepted of the blocked build 1"):
        desk.book.revoke(1, AMA, None)
    [_, entry] = entries(desk.ledger._opened()._engine)
    assert (entry.action, entry.subject) == ("release.revoked", "local operator")
    assert entry.details == {
        "blocked": 1, "checks": [SMALL], "by": "Kofi", "reason": "it was a typing error"
    }  # fmt: skip


def test_nothing_is_accepted_without_a_reason_and_a_name(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    for reason, name, words in (
        ("", "Ama", "the reason is empty"),
        (" \n ", "Ama", "the reason is empty"),
        ("x" * 2001, "Ama", "the reason is too long"),
        ("agreed", "  ", "the name is empty"),
    ):
        with pytest.raises(RequestError, match=words):
            desk.book.accept(1, Decider(name, "ama@example.com"), reason)
    assert desk.book.accepted() == ()
    desk.is_held()


def test_only_what_holds_publication_back_now_is_accepted_and_once(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    with pytest.raises(NotFound, match="no blocked build 7"):
        desk.book.accept(7, AMA, "agreed")
    desk.book.accept(1, AMA, "agreed")
    with pytest.raises(RequestError, match="accepted already, by Ama Serwaa"):
        desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.book.revoke(1, AMA, None)
    with pytest.raises(RequestError, match="is over: release 2 was published since"):
        desk.book.accept(1, AMA, "agreed")


# Dying between the two databases.


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_after_the_release_and_before_the_word_is_ended_matters_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.land(order("2"))

    def killed(_ids: Collection[str]) -> None:
        raise Killed

    with monkeypatch.context() as during:
        during.setattr(desk.ledger, "lapse", killed)
        with pytest.raises(Killed):
            desk.publish()
    assert desk.book.release(3).failing == ()
    assert len(desk.book.accepted()) == 1  # the control database has not heard of it
    desk.restart()
    desk.land(order("2", "5000"))
    assert desk.is_held().number == 2
    assert desk.book.accepted() == ()


def test_a_word_and_its_entry_in_the_audit_are_there_together_or_not_at_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as during:
        during.setattr(control_acceptances, "add_entry", killed)
        with pytest.raises(Killed):
            desk.book.accept(1, AMA, "agreed")
    assert desk.book.accepted() == ()
    desk.is_held()


def test_a_word_given_while_a_build_is_under_way_counts_from_the_next_one(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    words: list[tuple[Acceptance, ...]] = []

    def in_between(_done: int, _total: int, what: str) -> None:
        if what == "checks":
            words.append(desk.book.accept(1, AMA, "agreed"))

    state = lake_state(desk.shop.lake, {"shop": desk.shop.mapping})
    with pytest.raises(CheckFailed):
        desk.shop.executor.publish(desk.graph, state, in_between)
    assert [check.acceptance for check in desk.published().failing] == list(words[0])


# Sample rows.


def test_what_is_personal_is_read_off_every_form_of_description() -> None:
    columns: dict[str, dict[str, Any]] = {
        "Full_Name": {"config": {"meta": {"class": "personal"}}},
        "email": {"meta": {"class": "personal"}},
        "phone": {"config": {"tags": ["personal"]}},
        "card": {"tags": ["personal"]},
        "role": {"config": {"meta": {"class": "internal"}, "tags": ["internal"]}},
        "city": {},
    }
    node = {
        "resource_type": "model", "language": "sql", "database": "warehouse", "schema": "gold",
        "name": "people", "compiled_code": "select 1", "depends_on": {}, "config": {"materialized": "table"},
        "columns": {name: {"name": name, **told} for name, told in columns.items()},
    }  # fmt: skip
    trimmed = compiler._trimmed({"nodes": {"model.marketplace.people": node}, "sources": {}})
    graph = compiler.read_manifest(trimmed, "hash")
    assert graph.personal == {"full_name", "email", "phone", "card"}


@pytest.fixture
def people() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "create table people as select 'p1' as person_id, 'Ama Serwaa' as full_name,"
            " 'ama@example.com' as email, {'name': 'Ama Serwaa'} as card, 3 as orders"
        )
        yield connection


@pytest.mark.parametrize(
    "sql",
    [
        "select * from people",
        "select full_name from people where orders = 3",
        "select full_name as person_id from people",
        "select upper(full_name) as orders from people",
        "select email as value_field, count(*) as n_records from people group by email",
        "with told as (select full_name as orders from people) select * from told",
        "select orders from (select email as orders from people)",
        "select people as orders from people",
        "select to_json(p)::varchar as orders from people as p",
        "select card as orders from people",
        "select columns('.*name') from people",
        "select * replace (full_name as person_id) from people",
        "from people select full_name as orders",
        "select person_id, (select max(email) from people) as orders from people",
        "select orders from people union all select length(full_name) from people",
        "unpivot (select person_id, full_name from people) on full_name into name a value b",
    ],
)
def test_no_sample_shows_a_personal_value_under_any_name(people: duckdb.DuckDBPyConnection, sql: str) -> None:
    sample = sampled(people, sql, {"full_name", "email"})
    shown = str(sample.rows)
    assert "ama" not in shown.lower()
    assert len(sample.rows) == 1 or "union" in sql
    assert sample.masked


def test_a_sample_shows_what_is_not_personal_and_cuts_what_is_long(
    people: duckdb.DuckDBPyConnection,
) -> None:
    counted = "select person_id as unique_field, count(*) as n_records from people group by all"
    sample = sampled(people, counted, {"full_name"})
    assert (sample.columns, sample.rows, sample.masked) == (("unique_field", "n_records"), (("p1", "1"),), ())
    long: Any = sampled(people, "select repeat('x', 5000) as text, null as nothing", ()).rows[0]
    assert (len(long[0]), long[1]) == (200, None)
