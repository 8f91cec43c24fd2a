"""What one leg reads: its dataset and the parents that it reaches, each through the one scan.

Parents are joined many-to-one only, so no row of the dataset is ever counted twice; a missing parent leaves
the row under the unknown member.
"""

from __future__ import annotations

from amalimart.semantic.formula import Reach
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door, Joined
from amalimart.semantic.sql.expressions import Sql, column, comparison, named, reads
from amalimart.semantic.sql.select import Select

_Path = tuple[str, ...]

BASE = "t0"


class LegSources:
    """Remembers which columns are read; the sources are written when all are known."""

    def __init__(self, model: SemanticModel, door: Door, dataset: str, rollup: Rollup | None) -> None:
        self._model = model
        self._door = door
        self._rollup = rollup
        self._aliases: dict[_Path, str] = {(): BASE}
        self._datasets: dict[_Path, str] = {(): dataset}
        self._columns: dict[_Path, set[str]] = {(): set()}
        self._looked_into: dict[_Path, set[str]] = {(): set()}

    def column(self, reach: Reach, *, is_group: bool = False) -> Sql:
        """A column of the dataset or of a parent; `is_group`: rows are only told apart by it."""
        for length in range(1, len(reach.path) + 1):
            path = reach.path[:length]
            if path not in self._aliases:
                parent = self._datasets[path[:-1]]
                relationship = self._model.datasets[parent].relationships[path[-1]]
                self._columns[path[:-1]].add(relationship.column)
                self._looked_into[path[:-1]].add(relationship.column)
                self._aliases[path] = f"t{len(self._aliases)}"
                self._datasets[path] = relationship.to
                self._columns[path] = {self._model.datasets[relationship.to].key}
                self._looked_into[path] = set(self._columns[path])
        self._columns[reach.path].add(reach.field)
        if not is_group:
            self._looked_into[reach.path].add(reach.field)
        return column(reach.field, self._aliases[reach.path])

    @property
    def lookup_column(self) -> str | None:
        """The column by which all parents are reached, where they are few beside the rows of the dataset.

        What has a date of its own happens as often as what refers to it; all else is looked up by it.
        """
        firsts = {path[0] for path in self._aliases if path}
        if len(firsts) != 1 or self._model.datasets[self._datasets[tuple(firsts)]].time is not None:
            return None
        return self._foreign(tuple(firsts))

    def reads_parents(self, expression: Sql) -> bool:
        """Whether a column of a parent is in it."""
        return any(reads(expression, alias) for path, alias in self._aliases.items() if path)

    @staticmethod
    def reads_dataset(expression: Sql) -> bool:
        """Whether a column of the dataset itself is in it."""
        return reads(expression, BASE)

    def alone(self, select: Select) -> Select:
        """The statement over the rows of the dataset."""
        return select.read(self._source((), None))

    def joined(self, select: Select) -> Select:
        """The statement over the rows of the dataset, each with its parents."""
        return self._with_parents(self.alone(select), BASE)

    def joined_after(self, select: Select, groups: Select, alias: str) -> Select:
        """The statement over groups of rows that have the same `lookup_column`, each with its parents."""
        return self._with_parents(select.read(named(groups.subquery, alias)), alias)

    def _with_parents(self, select: Select, base: str) -> Select:
        for path in list(self._aliases)[1:]:
            parent, foreign = path[:-1], self._foreign(path)
            own = self._aliases[path]
            on = comparison(
                column(foreign, self._aliases[parent] if parent else base),
                "=",
                column(self._model.datasets[self._datasets[path]].key, own),
            )
            joined = Joined(self._datasets[()], foreign) if base == BASE and not parent else None
            select.left_join(self._source(path, joined), on)
        return select

    def _foreign(self, path: _Path) -> str:
        """The column of the one before by which the last of a path is reached."""
        return self._model.datasets[self._datasets[path[:-1]]].relationships[path[-1]].column

    def _source(self, path: _Path, joined: Joined | None) -> Sql:
        rollup = None if path else self._rollup
        if not self._columns[path]:  # rows are only counted
            self._columns[path].add(self._model.datasets[self._datasets[path]].key)
        grouped = self._columns[path] - self._looked_into[path]
        scan = self._door.scan(self._datasets[path], self._columns[path], rollup, joined, grouped=grouped)
        return named(scan, self._aliases[path])
