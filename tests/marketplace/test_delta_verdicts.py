"""What a check says of changed rows is what it says of all: over batches, and over tables that went wrong.

The models of this project pass their own error-level checks, so tables are tampered with as a model that
follows wrongly would: rows are lost, doubled, altered and given the keys of others. Whenever the whole form
finds rows that it did not find before, the form over changes must fail, too; and however the whole forms are
asked together, each says what its own SQL finds.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from amalimart.mapping.entities import load_entities
from amalimart.warehouse.building import Building, Fate
from amalimart.warehouse.checking import run_checks
from amalimart.warehouse.incremental.change_sets import filled, keep_changes
from amalimart.warehouse.incremental.recipe import PLACE, after_of, before_of
from tests.marketplace import test_following as following

if TYPE_CHECKING:
    from amalimart.warehouse.graph import Check, CompiledGraph, Model
    from tests.marketplace.conftest import CompiledProject

WAYS = ("lose", "double", "blank", "borrow", "alter", "copy", "swap")
KINDS = {"not_null", "accepted_values", "unique", "unique_combination", "relationships", "compared_by"}
Failing = Counter[tuple[Any, ...]]


graph, connection = following.graph, following.connection


class Checked(following.Shop):
    """A shop that keeps what the checks of changed rows said of a batch, where they were asked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, graph: CompiledGraph, seed: int) -> None:
        super().__init__(connection, graph, seed)
        self.told: list[dict[str, int]] = []

    def _see_checks_pass(self, cursor: duckdb.DuckDBPyConnection, building: Building) -> None:
        results = run_checks(cursor, building, self._graph.checks)
        self.told.append({each.name: each.failing_rows for each in results})


def failing(connection: duckdb.DuckDBPyConnection, check: Check) -> Failing:
    """The rows that the whole form finds."""
    return Counter(connection.execute(check.sql).fetchall())


def kind_of(check: Check, compiled: CompiledProject) -> str:
    """A name for how a check is made; `compared_by` for tests of their own that say what belongs together."""
    node = compiled.nodes[check.unique_id]
    return str((node.get("test_metadata") or {}).get("name") or "compared_by")


def key_of(model: Model, compiled: CompiledProject) -> tuple[str, ...]:
    if model.table.schema == "staging":
        return load_entities()[model.table.name.partition("_")[2]].key
    return tuple((compiled.nodes[model.unique_id]["config"].get("meta") or {}).get("key", ()))


def columns_tested_by(checks: list[Check], compiled: CompiledProject) -> list[str]:
    return [str(compiled.nodes[check.unique_id].get("column_name")) for check in checks]


def test_over_batches_a_check_of_changed_rows_says_what_the_whole_one_says(
    connection: duckdb.DuckDBPyConnection, graph: CompiledGraph
) -> None:
    rng = random.Random(7)  # noqa: S311 - repeatable on purpose
    shop = Checked(connection, graph, 7)
    followed = {check.name: check for check in graph.checks if check.delta}
    before = {name: failing(connection, check) for name, check in followed.items()}
    began_to_fail = 0
    while len(shop.told) < 2:
        asked = len(shop.told)
        shop.change(set(rng.sample(sorted(load_entities()), 9)))
        after = {name: failing(connection, check) for name, check in followed.items()}
        for told in shop.told[asked:]:
            for name, found in after.items():
                new = found - before[name]
                began_to_fail += bool(new)
                assert told.get(name) or not new, f"{name} does not see {new}"
                assert found or not told.get(name), f"{name} fails in changes alone"
        before = after
    assert began_to_fail > 1, "batches that break nothing say nothing"


@dataclass(frozen=True)
class Tampering:
    """One relation put wrong, and the checks over it that began to fail: as a whole, and over changes."""

    what: str
    has_wrong_key: bool
    broken: dict[str, Failing]
    told: dict[str, int]


class Workshop:
    """A built shop whose tables are put wrong one at a time; each time all is undone."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, graph: CompiledGraph, seed: int) -> None:
        following.Shop(connection, graph, seed)
        self._connection, self._graph = connection, graph
        self._rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        for model in graph.models:
            if model.is_view and model.table.schema != "staging":
                self._pin(model)
        self._before = {check.name: failing(connection, check) for check in graph.checks}

    def _pin(self, model: Model) -> None:
        """A view as a table, so that its rows can be put wrong."""
        table = model.table.sql
        self._connection.execute(f"create temp table pinned as select * from {table}; drop view {table}")
        self._connection.execute(f"create table {table} as select * from pinned; drop table pinned")

    def tamper(
        self, model: Model, way: str, checks: list[Check], key: tuple[str, ...], tested: list[str]
    ) -> Tampering | None:
        """Put one row of a table wrong; None where that changed nothing."""
        cursor = self._connection.cursor().execute("use warehouse; begin")
        try:
            filled(cursor, before_of(model.table), f"select null as {PLACE}, * from {model.table.sql}")
            what = self._spoil(cursor, model.table.sql, way, tested)
            filled(cursor, after_of(model.table), f"select * from {model.table.sql}")
            if not keep_changes(cursor, model.table):
                return None
            building = Building(cursor, self._graph, {model.unique_id: Fate.CHANGED}, lambda _source: None)
            told = run_checks(cursor, building, checks)
            found = {check.name: failing(cursor, check) for check in checks}
            whole = run_checks(cursor, building, checks, {check.unique_id for check in checks})
            assert {each.name: each.failing_rows for each in whole} == {
                name: rows.total() for name, rows in found.items()
            }
            broken = {name: rows - self._before[name] for name, rows in found.items()}
            return Tampering(
                f"{model.table}: {what}",
                self._has_wrong_key(cursor, model, key),
                {name: found for name, found in broken.items() if found},
                {each.name: each.failing_rows for each in told if each.failing_rows},
            )
        finally:
            cursor.execute("rollback")
            cursor.close()

    def was_failing(self, name: str) -> bool:
        return bool(self._before[name])

    @staticmethod
    def _has_wrong_key(cursor: duckdb.DuckDBPyConnection, model: Model, key: tuple[str, ...]) -> bool:
        """Whether a key stands twice, or is missing."""
        if not key:
            return False
        missing = " or ".join(f"{column} is null" for column in key)
        found = cursor.execute(
            f"select 1 from {model.table.sql} group by {', '.join(key)}"
            f" having count(*) > 1 or {missing} limit 1"
        ).fetchone()
        return found is not None

    def _spoil(self, cursor: duckdb.DuckDBPyConnection, table: str, way: str, tested: list[str]) -> str:
        columns = [(name, kind) for name, kind, *_ in cursor.execute(f"describe {table}").fetchall()]
        places = [place for (place,) in cursor.execute(f"select rowid from {table}").fetchall()]
        if not places:
            return "nothing"
        one, other = self._rng.choice(places), self._rng.choice(places)
        # The first column is the key. What a check names goes wrong more often than what none does.
        likely = [column for column in columns if column[0] in tested] or columns
        name, kind = self._rng.choice(
            (columns[0], *self._rng.choices(likely, k=2), self._rng.choice(columns))
        )
        if way == "copy":
            name, kind = columns[0]
        altered = {
            "VARCHAR": f"{name} || '!'",
            "BOOLEAN": f"not {name}",
            "DATE": f"{name} + 1",
            "TIMESTAMP": f"{name} + interval 1 day",
        }.get(kind, f"{name} + 1")
        spoiling = {
            "lose": f"delete from {table} where rowid = {one}",
            "double": f"insert into {table} select * from {table} where rowid = {one}",
            "blank": f"update {table} set {name} = null where rowid = {one}",
            "borrow": f"update {table} set {name} = (select {name} from {table} where rowid = {other})"
            f" where rowid = {one}",
            "alter": f"update {table} set {name} = {altered} where rowid = {one}",
            "copy": f"insert into {table} select * replace ({altered} as {name}) from {table}"
            f" where rowid = {one}",
            "swap": f"update {table} set {name} = spoilt.{name} from (select a.rowid as place, b.{name}"
            f" from {table} as a join {table} as b"
            f" on (a.rowid, b.rowid) in (({one}, {other}), ({other}, {one}))) as spoilt"
            f" where {table}.rowid = spoilt.place",
        }[way]
        cursor.execute(spoiling)
        return f"{way} {name}"


def hold(
    connection: duckdb.DuckDBPyConnection,
    graph: CompiledGraph,
    compiled: CompiledProject,
    *,
    rounds: int,
    never: int,
) -> None:
    """`never` is how many kinds of check need not be broken in so few rounds."""
    workshop = Workshop(connection, graph, 5)
    checks = {check.name: check for check in graph.checks}
    over: dict[str, list[Check]] = defaultdict(list)
    for check in graph.checks:
        for parent in check.parents if check.delta else ():
            over[parent].append(check)
    models = [model for model in graph.ordered if model.unique_id in over]
    seen: Counter[str] = Counter()
    for number in range(rounds):
        for place, model in enumerate(models):
            way = WAYS[(place + number) % len(WAYS)]
            tested = columns_tested_by(over[model.unique_id], compiled)
            done = workshop.tamper(model, way, over[model.unique_id], key_of(model, compiled), tested)
            if done is None:
                continue
            for name, found in done.broken.items():
                kind = kind_of(checks[name], compiled)
                seen[kind] += 1
                delta = checks[name].delta
                if name not in done.told and delta and model.unique_id not in delta.parents:
                    continue  # a relation that the check only looks things up in
                if name not in done.told and kind == "compared_by" and done.has_wrong_key:
                    # It compares what the values of a key name, one row each; the key itself is for others.
                    guards = {kind_of(checks[each], compiled) for each in done.told}
                    is_guarded = guards & {"unique", "unique_combination", "not_null"}
                    assert is_guarded or model.table.schema == "staging", f"{done.what}: nobody sees the key"
                    continue
                assert name in done.told, f"{done.what}: {name} does not see {found}"
            for name in done.told.keys() - done.broken.keys():
                # Rows that belong together are compared closer than sums over all of them.
                stricter = kind_of(checks[name], compiled) == "compared_by"
                assert stricter or workshop.was_failing(name), f"{done.what}: {name} fails in changes alone"
    assert len(KINDS - set(seen)) <= never, f"kinds that were hardly broken: {seen}"


def test_no_kind_of_check_misses_what_went_wrong(
    connection: duckdb.DuckDBPyConnection, graph: CompiledGraph, compiled: CompiledProject
) -> None:
    hold(connection, graph, compiled, rounds=1, never=2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_kind_of_check_misses_anything_in_many_ways(
    connection: duckdb.DuckDBPyConnection, graph: CompiledGraph, compiled: CompiledProject
) -> None:
    hold(connection, graph, compiled, rounds=14, never=0)
