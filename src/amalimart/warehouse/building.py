"""Brings the models of one release up to date, each by the least that is right.

same      nothing it reads has changed
changed   its change set is known: those that read it can follow
rebuilt   it was built anew and what changed is not known: those that read it are built anew
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import duckdb

from amalimart.core.errors import ModelFailed
from amalimart.core.models import Column
from amalimart.core.names import TableRef, quoted
from amalimart.warehouse.file.engine_words import in_words, nearest_meant
from amalimart.warehouse.graph import BRONZE, CompiledGraph, Model
from amalimart.warehouse.incremental.change_sets import (
    filled,
    keep_changes,
    nothing_changed,
)
from amalimart.warehouse.incremental.recipe import (
    PLACE,
    Recipe,
    affected_of,
    after_of,
    before_of,
    changes_of,
)
from amalimart.warehouse.incremental.shared_rows import Parts
from amalimart.warehouse.project.model_log import stored_type

NOT_THE_MODELS_FAULT = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.InterruptException,
    duckdb.FatalException,
)
"""Disk, memory, a stop, or an engine that gave up: no model is to be blamed, and no file to be corrected."""
COMPARED_ROWS = 100_000
"""A table of more rows is not compared with itself when it is built anew: that costs more than it saves."""
_MOST_AFFECTED = 0.2
"""With a larger share of a model's rows affected, building it anew is cheaper."""


class Fate(Enum):
    """What became of a relation in this build."""

    SAME = "same"
    CHANGED = "changed"
    REBUILT = "rebuilt"


@dataclass(frozen=True, slots=True)
class Built:
    """What became of a model, and how many rows were written.

    came, went  the rows of its change set; None where that is not known
    """

    fate: Fate
    rows: int = 0
    came: int | None = None
    went: int | None = None


def _compared(rows: int, differing: int, gained: int) -> Built:
    """A changed model, from the size of its change set and by how much the rows became more."""
    return Built(Fate.CHANGED, rows, came=(differing + gained) // 2, went=(differing - gained) // 2)


class Building:
    """One build in one transaction. `fates` starts with those of the sources and grows by every model.

    sorts_apart  whether a table that is built anew is made first and sorted then, which takes up to twice
                 as long, but joins and the sort of what they give do not hold memory at the same time
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        graph: CompiledGraph,
        fates: dict[str, Fate],
        read_bronze: Callable[[str], None],
    ) -> None:
        self.fates = fates
        self.sorts_apart = False
        self.parts = Parts(cursor)
        self._cursor = cursor
        self._tables = {model.unique_id: model.table for model in graph.models}
        self._landed = _landed(graph)
        self._followed = graph.followed
        self._read_bronze = read_bronze
        self._stood_in: set[str] = set()

    def whole(self, model: Model) -> Built:
        """Build a model anew whatever changed."""
        for parent in model.parents - self._tables.keys():
            self._read_bronze(parent)
        return self._told(model, Built(Fate.REBUILT, self._create(model)))

    def follow(self, model: Model) -> Built:
        """Bring a model up to date. Raises ModelFailed."""
        fates = {parent: self.fates.get(parent, Fate.SAME) for parent in model.parents}
        changed = {parent for parent, fate in fates.items() if fate is Fate.CHANGED}
        rebuilt = Fate.REBUILT in fates.values()
        if not changed and not rebuilt:
            return self._told(model, Built(Fate.SAME))
        if model.is_view:
            return self._told(model, Built(Fate.REBUILT) if rebuilt else self._seen_through(model))
        recipe = model.recipe
        if recipe is None or rebuilt or changed & set(recipe.whole_on) or self._lacks_changes(recipe):
            return self.anew(model)
        return self._applied(model, recipe)

    def columns_of(self, model: Model) -> tuple[Column, ...]:
        """The columns that a model's query gives, its parents being as they are now. Raises ModelFailed."""
        with _blamed_on(model):
            described = self._cursor.execute(f"describe {model.sql}").fetchall()
        return tuple(Column(name, stored_type(kind)) for name, kind, *_ in described)

    def _told(self, model: Model, built: Built) -> Built:
        self.fates[model.unique_id] = built.fate
        return built

    def _applied(self, model: Model, recipe: Recipe, asked: str = "") -> Built:
        """Replace the affected units, and those that a query selects, by what they are now."""
        table = model.table
        if recipe.unit:
            affected = self._affected(model, recipe, asked)
            if not affected and not recipe.is_exact:  # an exact one may also hold rows without a key
                return self._told(model, Built(Fate.SAME))
            if affected > 1000 and affected > _MOST_AFFECTED * self._rows(model):
                return self.anew(model)
            unit = f"semi join {affected_of(table)} using ({_listed(recipe.unit)})"
            self._filled(model, before_of(table), f"select rowid as {PLACE}, * from {table.sql} {unit}")
            now = recipe.sql if recipe.is_exact else f"select * from ({recipe.sql}) as units {unit}"
            if recipe.shortcut and not asked and not self._run(model, recipe.shortcut.unless):
                now = recipe.shortcut.sql
            if not self._has_parts(model, recipe, is_told=not asked):
                now = f"select * from {table.sql} limit 0"
        else:
            self._stand_ins(recipe.read_changes)
            self._filled(model, before_of(table), f"select rowid as {PLACE}, * from {table.sql}")
            now = recipe.sql
        self._filled(model, after_of(table), now)
        differing = keep_changes(self._cursor, table)
        if not differing:
            return self._told(model, Built(Fate.SAME))
        same = f"semi join {changes_of(table)} using ({_listed(recipe.identity)})" if recipe.identity else ""
        gone = self._run(
            model, f"delete from {table.sql} where rowid in (select {PLACE} from {before_of(table)} {same})"
        )
        rows = self._run(model, f"insert into {table.sql} select * from {after_of(table)} {same}")
        return self._told(model, _compared(rows, differing, rows - gone))

    def _has_parts(self, model: Model, recipe: Recipe, *, is_told: bool) -> bool:
        """Keep what the affected units are made of; False as soon as they turn out to have no rows.

        `is_told`: whether no other units are affected than change sets name.
        """
        for part in recipe.parts:
            with _blamed_on(model):
                rows = self.parts.keep(part, is_told=is_told and self.has_changed(part.parent))
            if part.is_required and not rows:
                return False
        return True

    def _affected(self, model: Model, recipe: Recipe, asked: str) -> int:
        if asked:
            self._stand_ins(recipe.read_changes)
        routes = [route for route in recipe.routes if any(map(self.has_changed, route.parents))]
        for route in routes:
            self._stand_ins(route.parents)
        taken = [route.sql for route in routes] + ([asked] if asked else [])
        if not taken:
            return 0
        together = " union all ".join(f"select * from ({sql})" for sql in taken)
        return self._filled(model, affected_of(model.table), f"select distinct * from ({together})")

    def has_changed(self, unique_id: str) -> bool:
        """Whether the change set of a relation is known, and is not empty."""
        return self.fates.get(unique_id) is Fate.CHANGED

    def _lacks_changes(self, recipe: Recipe) -> bool:
        """Whether a change set that the recipe reads is not known; it may read others than its query does."""
        return any(self.fates.get(parent) is Fate.REBUILT for parent in recipe.read_changes)

    def _stand_ins(self, relations: Iterable[str]) -> None:
        """See that relations have a change set: an empty one where they did not change."""
        for unique_id in relations:
            if not self.has_changed(unique_id) and unique_id not in self._stood_in:
                self._stood_in.add(unique_id)
                table = self._tables.get(unique_id)
                place, like = (table, table) if table else self._landed[unique_id]
                nothing_changed(self._cursor, place, like)

    def _seen_through(self, model: Model) -> Built:
        """The change set of a view: what it makes of its parents' rows that went, and of those that came."""
        if model.on_changes is None or model.unique_id not in self._followed:
            return Built(Fate.REBUILT)
        self._stand_ins(model.parents)
        through = model.on_changes
        with _blamed_on(model):
            differing = keep_changes(self._cursor, model.table, through.went, through.came)
        if not differing:
            return Built(Fate.SAME)
        gained = self._run(model, f"select cast(sum(_sign) as bigint) from {changes_of(model.table)}")
        return _compared(0, differing, gained)

    def units(self, model: Model, asked: str) -> Built:
        """Bring a model up to date, and compute the units that a query selects anew, whatever changed."""
        if model.recipe is None or any(self.fates.get(each) is Fate.REBUILT for each in model.parents):
            return self.anew(model)
        if self._lacks_changes(model.recipe) or model.recipe.of_changes:
            return self.anew(model)
        return self._applied(model, model.recipe, asked)

    def anew(self, model: Model, *, is_compared: bool = False) -> Built:
        """Build a table anew, and tell what changed where it is small enough to compare, or is to be."""
        table = model.table
        if not is_compared and self._rows(model) > COMPARED_ROWS:
            return self.whole(model)
        for parent in model.parents - self._tables.keys():
            self._read_bronze(parent)
        self._filled(model, before_of(table), f"select null as {PLACE}, * from {table.sql}")
        rows = self._filled(model, after_of(table), model.sql)
        differing = keep_changes(self._cursor, table)
        if not differing:
            return self._told(model, Built(Fate.SAME))
        gone = self._run(model, f"delete from {table.sql}")
        self._run(model, f"insert into {table.sql} select * from {after_of(table)}")
        return self._told(model, _compared(rows, differing, rows - gone))

    def _rows(self, model: Model) -> int:
        found = self._cursor.execute(f"select count(*) from {model.table.sql}").fetchone()
        return int(found[0]) if found else 0

    def _create(self, model: Model) -> int:
        if model.is_view:
            self._run(model, f"create or replace view {model.table.sql} as (\n{model.sql}\n)")
            return 0
        table = f"create or replace table {model.table.sql} as"
        order = f"order by {_listed(model.row_order)}" if model.row_order else ""
        if not order or not self.sorts_apart:
            return self._run(model, f"{table} (\n{model.sql}\n) {order}")
        self._run(model, f"{table} (\n{model.sql}\n)")
        return self._run(model, f"{table} (select * from {model.table.sql}) {order}")

    def _filled(self, model: Model, name: str, sql: str) -> int:
        with _blamed_on(model):
            return filled(self._cursor, name, sql)

    def _run(self, model: Model, sql: str) -> int:
        with _blamed_on(model):
            found = self._cursor.execute(sql).fetchone()
        return int(found[0]) if found and isinstance(found[0], int) else 0


@contextmanager
def _blamed_on(model: Model) -> Iterator[None]:
    """Errors of the block as those of a model, unless it is not to be blamed for them."""
    try:
        yield
    except NOT_THE_MODELS_FAULT:
        raise  # the hot file names it
    except duckdb.Error as error:
        raise ModelFailed(
            f"the model {model.table} failed: {in_words(error)}",
            where=f"{model.unique_id} in {model.file}" if model.file else model.unique_id,
            nearest=nearest_meant(error),
            next_step="correct the model; the published release is untouched",
        ) from error


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, columns))


def _landed(graph: CompiledGraph) -> dict[str, tuple[TableRef, TableRef]]:
    """Bronze view -> its place, and the model of its current rows, which has its columns."""
    found = {}
    for model in graph.models:
        if not model.table.name.startswith("rows_"):
            continue  # the versions of rows come from the same news, but hold other columns
        for route in model.recipe.routes if model.recipe else ():
            (first, *others) = route.parents
            if first.startswith(BRONZE) and not others:
                found[first] = (TableRef("bronze", first.removeprefix(BRONZE)), model.table)
    return found
