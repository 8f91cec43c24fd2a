"""The recipe of a model that an analyst wrote, from the `key` and `affected_by` of its description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from amalimart.core.errors import CompileFailed
from amalimart.core.names import TableRef, nearest, quoted
from amalimart.warehouse.incremental.reads import Reads, required_of, substituted
from amalimart.warehouse.incremental.recipe import (
    Part,
    Recipe,
    Route,
    affected_of,
    by_key,
    changes_of,
    looked_up,
    part_of,
)
from amalimart.warehouse.incremental.rules import Hop, Rule, read_rule


@dataclass(frozen=True, slots=True)
class Relation:
    """A model or source as another one sees it.

    key           empty where its description states none
    unique_where  the condition under which a row alone has its key; empty where each row has
    is_computed_by_key  whether it is a table of which all rows of a key are computed and replaced together
    """

    unique_id: str
    table: TableRef
    key: tuple[str, ...]
    unique_where: str = ""
    is_computed_by_key: bool = False

    @property
    def place(self) -> tuple[str, TableRef]:
        """Its unique id, and where it stands."""
        return self.unique_id, self.table

    def is_found_by(self, columns: tuple[str, ...], reads: Reads) -> bool:
        """Whether rows that are read so are alone with their values in these columns."""
        is_alone = not self.unique_where or self.unique_where in reads.conditions
        return bool(columns) and columns == self.key and is_alone


@dataclass(frozen=True, slots=True)
class Declared:
    """A model that says what affects it: parent's name -> rule as written."""

    relation: Relation
    sql: str
    affected_by: Mapping[str, object]

    @property
    def where(self) -> str:
        """How messages name it."""
        return self.relation.unique_id


def declared_recipe(
    model: Declared, parents: Mapping[str, Relation], reads: Mapping[TableRef, Reads]
) -> Recipe:
    """The recipe that the declaration states. Raises CompileFailed where it does not fit the model."""
    return _Reader(model, parents, reads).recipe()


class _Reader:
    def __init__(
        self, model: Declared, parents: Mapping[str, Relation], reads: Mapping[TableRef, Reads]
    ) -> None:
        self._model, self._parents, self._reads = model, parents, reads
        self._own = model.relation
        self._required = required_of(model.sql, model.where)

    def recipe(self) -> Recipe:
        if not self._own.key:
            raise self._wrong("it says what affects it, but not its key", "meta: {key: [...]}")
        # As they are written: what is named first is read first, and may leave nothing to read of the next.
        told = [name for name in self._model.affected_by if name in self._parents]
        rules = {name: self._rule(name) for name in (*told, *sorted(self._parents.keys() - set(told)))}
        for name in self._model.affected_by:
            if name not in self._parents:
                raise self._wrong(
                    f"it is not affected by {name}, which it does not read",
                    f"one of {', '.join(sorted(self._parents))}",
                    nearest(name, self._parents),
                )
        followed = [name for name, rule in rules.items() if not rule.is_all]
        instead = {self._parents[name].table: f"from {self._part_name(name)}" for name in followed}
        return Recipe(
            unit=self._own.key,
            identity=self._own.key,
            routes=tuple(self._routes(rules)),
            sql=substituted(self._model.sql, self._reads, instead),
            parts=tuple(self._parts_in_order(rules)),
            whole_on=tuple(self._parents[name].unique_id for name, rule in rules.items() if rule.is_all),
        )

    def _rule(self, name: str) -> Rule:
        if name not in self._model.affected_by:
            raise self._wrong(
                f"it does not say what a change of {name} affects", f"affected_by: {{{name}: ...}}"
            )
        rule = read_rule(self._model.affected_by[name], self._model.where)
        if rule.columns and len(rule.columns) != len(self._own.key):
            raise self._wrong(
                f"{name} names {len(rule.columns)} columns for a key of {len(self._own.key)}",
                ", ".join(self._own.key),
            )
        for column in rule.columns:
            self._must_read(name, column)
        for way in rule.ways:
            self._must_read(name, self._single_key(self._parents[name]))
            for number, hop in enumerate(way, 1):
                self._must_read(hop.model, hop.column)
                if number < len(way):
                    self._single_key(self._parents[hop.model])
            self._must_lead_on(name, way)
        return rule

    def _must_lead_on(self, name: str, way: tuple[Hop, ...]) -> None:
        """After its first step a way must be one that the stepped-on parent says itself."""
        first, *rest = way
        onward = read_rule(self._model.affected_by[first.model], self._model.where)
        if tuple(rest) not in onward.ways and (rest or not onward.columns):
            raise self._wrong(
                f"the way of {name} over {first.model} is not one that {first.model} itself goes",
                f"after {first.model}.{first.column}, what affected_by says of {first.model}",
            )

    def _single_key(self, relation: Relation) -> str:
        if len(relation.key) != 1:
            raise self._wrong(
                f"{relation.table.name} has no single key column to be followed by", "a key of one column"
            )
        return relation.key[0]

    def _must_read(self, name: str, column: str) -> None:
        """A column that decides what is affected must be read by the model: else a change of it is lost."""
        if name not in self._parents:
            raise self._wrong(
                f"affected_by goes over {name}, which it does not read",
                f"one of {', '.join(sorted(self._parents))}",
                nearest(name, self._parents),
            )
        columns = self._reads[self._parents[name].table].columns
        if columns is not None and column not in columns:
            raise self._wrong(
                f"affected_by goes by {name}.{column}, which it does not read",
                f"one of {', '.join(sorted(columns))}",
                nearest(column, columns),
            )

    def _routes(self, rules: Mapping[str, Rule]) -> Iterator[Route]:
        for name, rule in rules.items():
            parent = self._parents[name]
            if rule.columns:
                named = [
                    f"{quoted(column)} as {quoted(unit)}"
                    for column, unit in zip(rule.columns, self._own.key, strict=True)
                ]
                yield Route((parent.unique_id,), self._changed(parent, named, rule.columns))
            for way in rule.ways:
                yield Route((parent.unique_id,), self._over(parent, way))

    def _part_name(self, name: str) -> str:
        return part_of(self._parents[name].table, self._own.table)

    def _parts_in_order(self, rules: Mapping[str, Rule]) -> Iterator[Part]:
        """The part of each parent, after the parts that it is read by."""
        waiting = {name: rule for name, rule in rules.items() if not rule.is_all}
        done: set[str] = set()
        while waiting:
            ready = [name for name, rule in waiting.items() if all(way[0].model in done for way in rule.ways)]
            if not ready:
                raise self._wrong(
                    f"affected_by goes in a circle over {', '.join(sorted(waiting))}",
                    "ways that end at a parent that holds the key",
                )
            for name in sorted(ready, key=lambda name: self._parents[name].table not in self._required):
                yield self._part(self._parents[name], waiting.pop(name))
                done.add(name)

    def _part(self, parent: Relation, rule: Rule) -> Part:
        name = self._part_name(parent.table.name)
        if rule.columns:
            on = dict(zip(rule.columns, self._own.key, strict=True))
            affected = f"from {affected_of(self._own.table)}"
            return self._read(parent, rule.columns, name, on, affected)
        named = " union ".join(
            f"select {quoted(way[0].column)} as _key from {self._part_name(way[0].model)}"
            for way in rule.ways
        )
        return self._read(parent, parent.key, name, {parent.key[0]: "_key"}, named)

    def _read(
        self,
        parent: Relation,
        columns: tuple[str, ...],
        name: str,
        on: Mapping[str, str],
        keys: str,
    ) -> Part:
        reads = self._reads[parent.table]
        if parent.is_found_by(columns, reads):
            part = by_key(name, parent.place, on, keys, reads.listed("r"), parent.unique_where)
        else:
            part = looked_up(name, parent.place, on, keys, reads.needed)
        return replace(part, is_required=parent.table in self._required)

    def _changed(self, parent: Relation, selected: list[str], told: tuple[str, ...]) -> str:
        """The changed rows of a parent, those left out of which nothing that the model reads has changed."""
        columns = self._reads[parent.table].columns
        listed = ", ".join(selected)
        if columns is None:
            return f"select distinct {listed} from {changes_of(parent.table)}"
        told_apart = ", ".join(map(quoted, sorted({*columns, *told})))
        return f"select {listed} from {changes_of(parent.table)} group by {told_apart} having sum(_sign) <> 0"

    def _over(self, parent: Relation, way: tuple[Hop, ...]) -> str:
        """The units that changed keys of a parent lead to."""
        key = self._single_key(parent)
        step = self._changed(parent, [f"{quoted(key)} as _key"], parent.key)
        for number, hop in enumerate(way, 1):
            relation = self._parents[hop.model]
            if number == len(way):
                reached = ", ".join(f"r.{quoted(column)}" for column in self._own.key)
            else:
                reached = f"r.{quoted(self._single_key(relation))} as _key"
            step = (
                f"select {reached} from {relation.table.sql} as r"
                f" semi join ({step}) as s on r.{quoted(hop.column)} = s._key"
            )
        return step

    def _wrong(self, what: str, expected: str, near: str | None = None) -> CompileFailed:
        return CompileFailed(
            f"the model {self._own.table}: {what}",
            where=self._model.where,
            expected=expected,
            nearest=near,
            next_step="correct meta in the model's description; see docs/models.md",
        )
