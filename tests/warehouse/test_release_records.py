"""What a release says it did is what it did: held against the tables as they stood before and after."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings

from amalimart.core.clock import FixedClock
from amalimart.core.errors import CompileFailed, NotFound
from amalimart.core.names import TableRef
from amalimart.core.releases import ModelChange, ModelFate, ReleaseDetail, ReleaseDifference
from amalimart.lake import Operation
from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.building import Building, Built
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import Check, CompiledGraph, Model, model_id
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.project.model_log import record_reason
from amalimart.warehouse.releases import release_records
from amalimart.warehouse.releases.blocked_builds import Attempt, blocked_builds
from amalimart.warehouse.releases.release_reading import release_detail, release_difference, releases
from tests.warehouse import bazaar as bazaars
from tests.warehouse.relations import Contents, contents
from tests.warehouse.tiny_graph import tiny_graph
from tests.warehouse.tiny_shop import NOW, ZONE, Shop

Row = tuple[str | None, ...]
FIRST: Row = ("1", "7", "2026-03-01 23:30:00", "10.10", "done", "False", "sale")


def detail(hot_file: HotFile, release_id: int) -> ReleaseDetail:
    with hot_file.records() as cursor:
        return release_detail(cursor, release_id)


def difference(hot_file: HotFile, one: int, other: int) -> ReleaseDifference:
    with hot_file.records() as cursor:
        return release_difference(cursor, one, other)


def publish(shop: Shop) -> None:
    shop.executor.publish(tiny_graph(shop), lake_state(shop.lake, {"shop": shop.mapping}))


def kept(hot_file: HotFile) -> list[int]:
    with hot_file.records() as cursor:
        return [release.release_id for release in releases(cursor, 1000)]


def check_against_tables(told: tuple[ModelChange, ...], before: Contents, after: Contents) -> None:
    """Every change is told, and nothing else; rows are exact wherever they are told."""
    of_tables = {change.model: change for change in told if change.rows is not None}
    for name in before.keys() | after.keys():
        old, new = before.get(name, Counter()), after.get(name, Counter())
        change = of_tables.get(name)
        if change is None:
            assert old == new, name
            continue
        assert change.rows == new.total(), name
        if change.came is None:
            assert change.fate is ModelFate.REBUILT, name
        else:
            assert (change.came, change.went) == ((new - old).total(), (old - new).total()), name


def random_row(dice: random.Random) -> Row:
    return (
        dice.choice(["1", "2", "3", "4", "5", None]),
        dice.choice(["7", "8"]),
        dice.choice(["2026-03-01 08:00:00", "2026-03-02", "not a day"]),
        dice.choice(["1", "2.50", "ten", None]),
        dice.choice(["done", "open", "odd"]),
        dice.choice(["true", "False", ""]),
        dice.choice(["sale", "sale", "gift"]),
    )


def test_what_each_release_says_is_the_difference_of_its_tables(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew = Building.anew

    def whole_if_large(self: Building, model: Model, **given: Any) -> Built:
        return self.whole(model) if self._rows(model) > 3 else anew(self, model, **given)

    monkeypatch.setattr(Building, "anew", whole_if_large)  # as with many more rows
    dice = random.Random(20260310)  # noqa: S311 - rows, not secrets
    shop.land(FIRST)
    publish(shop)
    states: list[Contents] = [{}, contents(shop.hot_file, with_views=False)]
    graph = tiny_graph(shop)
    while len(states) < 16:
        operation = dice.choice([Operation.UPSERT, Operation.UPSERT, Operation.DELETE, Operation.SNAPSHOT])
        shop.land(*[random_row(dice) for _ in range(dice.randint(1, 5))], operation=operation)
        if dice.random() < 0.3:  # after a restart nothing is in memory
            shop.executor = Executor(shop.hot_file, shop.clock, ZoneInfo(ZONE))
        if shop.executor.publish(graph, lake_state(shop.lake, {"shop": shop.mapping})) is not None:
            states.append(contents(shop.hot_file, with_views=False))
    for number in range(1, len(states)):
        check_against_tables(detail(shop.hot_file, number).models, states[number - 1], states[number])
    told = [detail(shop.hot_file, number) for number in range(1, len(states))]
    for first, last in ((1, 2), (3, 9), (1, len(states) - 1)):
        found = difference(shop.hot_file, last, first)  # the order in which they are named does not matter
        assert (found.before.release_id, found.after.release_id) == (first, last)
        for model in found.models:
            between = [c for each in told[first:last] for c in each.models if c.model == model.model]
            assert model.releases == len(between)
            if all(change.came is not None for change in between):
                assert model.came == sum(change.came or 0 for change in between)
                assert model.went == sum(change.went or 0 for change in between)
            else:
                assert (model.came, model.went) == (None, None)
            if model.after is not None:
                assert model.before == states[first][model.model].total()
                assert model.after == states[last][model.model].total()
        [moved] = found.sources
        assert (moved.source, moved.before, moved.after) == (
            "shop",
            told[first - 1].release.positions["shop"],
            told[last - 1].release.positions["shop"],
        )
        assert not found.project_changed
        assert found.unrecorded == 0
    assert any(change.came is None for each in told for change in each.models)
    assert any(change.went for each in told for change in each.models)


def test_no_table_is_counted_in_a_micro_batch(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.land(FIRST)
    publish(shop)
    shop.executor = Executor(shop.hot_file, shop.clock, ZoneInfo(ZONE))
    whole = release_records._rows_now
    asked = []

    def known(_cursor: Any, model: Any, built: Any, before: int | None) -> int:
        assert before is not None
        asked.append(model.table.name)
        return whole(None, model, built, before)  # type: ignore[arg-type]

    monkeypatch.setattr(release_records, "_rows_now", known)
    shop.land(("2", *FIRST[1:]), operation=Operation.UPSERT)
    publish(shop)
    assert "fact_orders" in asked
    [fact] = [each for each in detail(shop.hot_file, 2).models if each.model == "gold.fact_orders"]
    assert fact == ModelChange("gold.fact_orders", ModelFate.CHANGED, came=1, went=0, rows=2)


def test_a_model_that_the_project_drops_is_said_and_is_new_when_it_comes_again(shop: Shop) -> None:
    shop.land(FIRST, ("2", *FIRST[1:]))
    publish(shop)
    graph = tiny_graph(shop)
    state = lake_state(shop.lake, {"shop": shop.mapping})
    fact = TableRef("gold", "fact_orders")
    without = replace(
        graph,
        project_hash="another",
        models=tuple(each for each in graph.models if each.table != fact),
        checks=(),
    )
    shop.executor.publish(without, state)
    shop.executor.publish(graph, state)
    found = {number: {each.model: each for each in detail(shop.hot_file, number).models} for number in (2, 3)}
    assert found[2]["gold.fact_orders"] == ModelChange(str(fact), ModelFate.DROPPED, 0, 2, 0)
    assert found[3]["gold.fact_orders"] == ModelChange(str(fact), ModelFate.REBUILT, 2, 0, 2)
    told = difference(shop.hot_file, 1, 2)
    assert told.project_changed
    [dropped] = [each for each in told.models if each.model == str(fact)]
    assert (dropped.came, dropped.went, dropped.before, dropped.after) == (0, 2, 2, 0)
    # The checks of the first project are not there at the second release, and again at the third.
    assert {(check.before is None, check.after) for check in told.checks} == {(False, None)}
    assert difference(shop.hot_file, 1, 3).checks == ()


WARNING = Check(
    unique_id="test.marketplace.few_orders",
    name="few_orders",
    is_error=False,
    sql="select * from gold.fact_orders where total_amount > 100",
    parents=frozenset({model_id("fact_orders")}),
)


def with_warning(graph: CompiledGraph) -> CompiledGraph:
    return replace(graph, checks=(*graph.checks, WARNING))


def test_a_warning_is_told_of_every_release_it_holds_at_and_of_no_other(shop: Shop) -> None:
    totals = ["5", "500", "500", "501", "6"]  # of order 1, release after release
    shop.land(FIRST)
    graph = with_warning(tiny_graph(shop))
    for number, total in enumerate(totals, start=1):
        shop.land(("1", "7", "2026-03-01", total, "done", "", "sale"), operation=Operation.UPSERT)
        if total == totals[number - 2] and number > 1:
            shop.land(("2", *FIRST[1:]), operation=Operation.UPSERT)  # something else
        shop.executor.publish(graph, lake_state(shop.lake, {"shop": shop.mapping}))
    failing = [[c.name for c in detail(shop.hot_file, n).failing] for n in range(1, 6)]
    assert failing == [[], ["few_orders"], ["few_orders"], ["few_orders"], []]
    [change] = difference(shop.hot_file, 1, 4).checks
    assert change.name == "few_orders"
    assert change.before is not None
    assert change.before.passes
    assert change.after is not None
    assert (change.after.failing_rows, change.after.is_error) == (1, False)
    assert difference(shop.hot_file, 2, 4).checks == ()
    assert difference(shop.hot_file, 1, 5).checks == ()


def test_a_release_that_is_not_kept_is_refused_with_those_that_are(shop: Shop) -> None:
    with pytest.raises(NotFound, match="no release 1") as none:
        detail(shop.hot_file, 1)
    assert none.value.expected == "a release; none has been published yet"
    shop.land(FIRST)
    publish(shop)
    for number, nearest in ((7, "1"), (0, "1")):
        with pytest.raises(NotFound, match=f"no release {number}") as refused:
            detail(shop.hot_file, number)
        assert (refused.value.expected, refused.value.nearest) == ("1 to 1", nearest)
    with pytest.raises(NotFound, match="no release 2"):
        difference(shop.hot_file, 1, 2)


@contextmanager
def trimmed_at_once(rows: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release_records, "_TRIMMED_AT_ONCE", rows)
        yield


def publish_on(shop: Shop, graph: CompiledGraph, day: float, order: str) -> None:
    """One release on a day, in which one order comes. The executor stays, its clock moves."""
    clock = FixedClock(NOW + timedelta(days=day))
    shop.executor._clock = clock
    shop.land((order, *FIRST[1:]), operation=Operation.UPSERT)
    shop.executor.publish(graph, lake_state(shop.lake, {"shop": shop.mapping}))


def test_old_releases_are_trimmed_a_few_at_a_time_and_what_holds_now_stays_known(shop: Shop) -> None:
    shop.land(FIRST)
    graph = with_warning(tiny_graph(shop))
    shop.land(("9", "7", "2026-03-01", "500", "done", "", "sale"), operation=Operation.UPSERT)
    shop.executor = Executor(shop.hot_file, shop.clock, ZoneInfo(ZONE), keep_days=2)
    for number in range(6):
        publish_on(shop, graph, 0.01 * number, str(10 + number))
    with trimmed_at_once(4):
        publish_on(shop, graph, 3, "30")
        assert kept(shop.hot_file) == [7, 6, 5]
        publish_on(shop, graph, 3.01, "31")  # the rest, in the next build
        assert kept(shop.hot_file) == [8, 7]
        publish_on(shop, graph, 3.02, "32")
    older = "select model from meta.release_models where release_id <= 7"
    assert shop.query(f"select count(*) - count(distinct model) from ({older})") == [(0,)]
    assert [check.name for check in detail(shop.hot_file, 7).failing] == ["few_orders"]
    [fact] = [e for e in difference(shop.hot_file, 7, 9).models if e.model == "gold.fact_orders"]
    assert (fact.came, fact.went, fact.before, fact.after) == (2, 0, 9, 11)
    with shop.hot_file.write() as cursor:
        record_reason(cursor, 9, "Ama asked for it")
        for number in (1, 2):
            Attempt(None, {}).record(cursor, NOW, CompileFailed(f"number {number}"))
    assert detail(shop.hot_file, 9).reason == "Ama asked for it"
    assert detail(shop.hot_file, 8).reason is None
    # A project that has rested for long still has its newest release, and its rows are still known.
    shop.executor = Executor(shop.hot_file, shop.clock, ZoneInfo(ZONE), keep_days=2)
    publish_on(shop, graph, 400, "33")
    assert kept(shop.hot_file) == [10]
    [newest] = [e for e in detail(shop.hot_file, 10).models if e.model == "gold.fact_orders"]
    assert (newest.came, newest.went, newest.rows) == (1, 0, 12)
    assert shop.query("select count(*) from meta.release_reasons") == [(0,)]
    assert shop.query("select what from meta.blocked_builds") == [("number 2",)]


def test_no_more_releases_are_kept_than_so_many(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.land(FIRST)
    graph = tiny_graph(shop)
    monkeypatch.setattr(release_records, "MOST_RELEASES", 3)
    for number in range(6):
        publish_on(shop, graph, number, str(10 + number))
    assert kept(shop.hot_file) == [6, 5, 4]


EARLIER_VERSION = """
create schema meta;
create table meta.run_context (business_day date, business_now timestamp);
create table meta.releases (
    release_id bigint primary key, published_at timestamp not null, fresh_as_of timestamp,
    project_hash varchar not null, positions varchar not null, models_built integer not null,
    rows_built bigint not null
);
create table meta.check_results (
    check_name varchar primary key, release_id bigint not null, is_error boolean not null,
    failing_rows bigint not null
);
create table meta.blocked_builds (
    attempted_at timestamp not null, code varchar not null, what varchar not null, detail varchar
);
insert into meta.releases values (4, '2026-03-09', null, 'older', '{}', 1, 1);
insert into meta.blocked_builds values
    ('2026-03-08', 'model_failed', 'second', 'model.x'), ('2026-03-07', 'check_failed', 'first', null);
"""


def test_a_file_of_an_earlier_version_gets_what_it_lacks_and_says_what_it_does_not_know(
    shop: Shop,
) -> None:
    shop.hot_file.close()
    path = shop.folder / "earlier" / "warehouse.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as earlier:
        earlier.execute(EARLIER_VERSION)
    for _ in range(2):  # opening it again changes nothing more
        shop.hot_file = HotFile(path, readable_folders=[shop.lake.root])
        with shop.hot_file.records() as cursor:
            builds = [(b.number, b.what, b.attempts, b.checks) for b in blocked_builds(cursor, 10)]
        assert builds == [(2, "second", 1, ()), (1, "first", 1, ())]
        shop.hot_file.close()
    shop.hot_file = HotFile(path, readable_folders=[shop.lake.root])
    shop.executor = Executor(shop.hot_file, shop.clock, ZoneInfo(ZONE))
    older = detail(shop.hot_file, 4)
    assert (older.release.is_recorded, older.models) == (False, ())
    shop.land(FIRST)
    publish(shop)
    shop.land(("2", *FIRST[1:]), operation=Operation.UPSERT)
    publish(shop)
    assert difference(shop.hot_file, 5, 6).unrecorded == 0
    told = {each.model: each for each in difference(shop.hot_file, 4, 6).models}["gold.fact_orders"]
    assert (told.came, told.before, told.after) == (None, None, 2)


def test_releases_of_a_file_made_anew_become_one_that_knows_what_the_last_one_knew(shop: Shop) -> None:
    shop.land(FIRST)
    graph = with_warning(tiny_graph(shop))
    for order in ("2", "3"):
        shop.land((order, "7", "2026-03-01", "500", "done", "", "sale"), operation=Operation.UPSERT)
        shop.executor.publish(graph, lake_state(shop.lake, {"shop": shop.mapping}))
    with shop.hot_file.write() as cursor:
        release_records.as_built_anew(cursor, "warehouse", 1)
    told = detail(shop.hot_file, 1)
    tables = contents(shop.hot_file, with_views=False)
    assert {each.model: each.rows for each in told.models} == {n: tables[n].total() for n in tables}
    assert {(each.fate, each.came, each.went) for each in told.models} == {(ModelFate.REBUILT, None, None)}
    assert [(check.name, check.failing_rows) for check in told.failing] == [("few_orders", 2)]
    assert detail(shop.hot_file, 2).models == ()
    shop.executor = Executor(shop.hot_file, shop.clock, ZoneInfo(ZONE))
    publish_on(shop, graph, 0, "4")
    [fact] = [each for each in detail(shop.hot_file, 3).models if each.model == "gold.fact_orders"]
    assert (fact.came, fact.rows) == (1, 4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(
    max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "6")),
    suppress_health_check=bazaars.PLAIN,
)
@given(everything=bazaars.EVERYTHING, steps=bazaars.STEPS)
def test_of_the_whole_model_too_every_release_says_what_it_did(
    everything: dict[str, list[bazaars.Row]], steps: list[tuple[str, Any]]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bazaar-"))
    (folder / "bazaar.yml").write_text(bazaars.MAPPING)
    bazaar = bazaars.Bazaar(folder, load_mapping(folder / "bazaar.yml"))
    try:
        bazaar.start(everything)
        before: Contents = {}
        for operation, given_rows in [("publish", None), *steps, ("publish", None)]:
            if operation != "publish":
                bazaar.step(operation, given_rows)
                continue
            report = bazaar.publish()
            after = contents(bazaar.hot_file, with_views=False)
            if report is not None:
                told = detail(bazaar.hot_file, report.release.release_id)
                check_against_tables(told.models, before, after)
            before = after
    finally:
        bazaar.hot_file.close()
        shutil.rmtree(folder)
