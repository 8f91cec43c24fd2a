"""From the columns of the sources to the dashboards: what everything is made of, and what it is used by.

Two things travel apart: values, from column to column, and rows, which a filter or a join decides whatever
is in them. A metric stands on columns and on the rows of their tables.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from amalimart.core.errors import NotFound
from amalimart.core.names import nearest


class Kind(StrEnum):
    """What stands at one place of the lineage, in the order in which values flow."""

    SOURCE = "source column"
    COLUMN = "column"
    ROWS = "rows"
    METRIC = "metric"
    DIMENSION = "dimension"
    DASHBOARD = "dashboard"
    SCORECARD = "scorecard"

    @property
    def is_page(self) -> bool:
        """Whether people look at it, and nothing is made of it."""
        return self in {Kind.DASHBOARD, Kind.SCORECARD}


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """`source.table.column`, `schema.table.column`, `schema.table` for its rows, or a plain name.

    A page is called `dashboard NAME` or `scorecard NAME`: it may have the name of a metric.
    """

    kind: Kind
    name: str

    @property
    def id(self) -> str:
        """What tells it from every other place, in one text."""
        return f"{self.kind.name.lower()}:{self.name}"

    @classmethod
    def page(cls, kind: Kind, name: str) -> Node:
        """The place of a page."""
        return cls(kind, f"{kind} {name}")

    @property
    def plain(self) -> str:
        """The name without the kind of a page."""
        return self.name.removeprefix(f"{self.kind} ")

    @property
    def table(self) -> str:
        """The table of a column; of everything else the name."""
        return self.name.rpartition(".")[0] if self.kind in {Kind.SOURCE, Kind.COLUMN} else self.name


@dataclass(frozen=True, slots=True)
class Reached:
    """A place that was reached, the length of the shortest way, and its neighbours on all ways."""

    node: Node
    steps: int
    by: tuple[Node, ...]


class Lineage:
    """What each place is made of, and the other way round.

    untraced  relations of which nothing is told column by column: all of it is said to depend on all it reads
    aliases   other names of places
    """

    def __init__(
        self,
        made_of: Mapping[Node, frozenset[Node]],
        untraced: frozenset[str] = frozenset(),
        aliases: Mapping[str, Node] | None = None,
    ) -> None:
        self.untraced = untraced
        self._aliases = dict(aliases or {})
        self._made_of = made_of
        self._used_by: dict[Node, set[Node]] = {}
        for node, parts in made_of.items():
            for part in parts:
                self._used_by.setdefault(part, set()).add(node)

    def find(self, name: str) -> Node:
        """The place of that name; a table's name alone means its rows. Raises NotFound."""
        known = self._aliases | {node.name: node for node in self._nodes()}
        if name in known:
            return known[name]
        raise NotFound(
            f"nothing is called {name!r}",
            expected="a column (schema.table.column), a table, a metric, a dimension, dashboard NAME or "
            "scorecard NAME",
            nearest=nearest(name, known),
            next_step="amalimart model list shows the tables, amalimart metrics list the metrics",
        )

    def made_of(self, node: Node, *, with_rows: bool = False) -> tuple[Reached, ...]:
        """Everything whose values a place is made of; `with_rows`: also what decides which rows there are."""
        return self._walk(node, self._made_of, with_rows=with_rows)

    def used_by(self, node: Node, *, with_rows: bool = False) -> tuple[Reached, ...]:
        """Everything that a place's values go into; `with_rows`: also all whose rows it decides."""
        return self._walk(node, self._used_by, with_rows=with_rows)

    def parts(self, node: Node) -> tuple[Node, ...]:
        """What a place is made of directly, rows aside."""
        return tuple(sorted(each for each in self._made_of.get(node, ()) if each.kind is not Kind.ROWS))

    def _nodes(self) -> Iterable[Node]:
        """The kinds backwards: of two of one name the first kind is found, a metric before a dimension."""
        order = list(Kind)
        return sorted({*self._made_of, *self._used_by}, key=lambda node: -order.index(node.kind))

    @staticmethod
    def _walk(start: Node, ways: Mapping[Node, Iterable[Node]], *, with_rows: bool) -> tuple[Reached, ...]:
        steps = {start: 0}
        by: dict[Node, set[Node]] = {}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            for each in sorted(ways.get(node, ())):
                if each.kind is Kind.ROWS and not with_rows:
                    continue
                by.setdefault(each, set()).add(node)
                if each not in steps:
                    steps[each] = steps[node] + 1
                    waiting.append(each)
        return tuple(
            Reached(node, count, tuple(sorted(by[node])))
            for node, count in sorted(steps.items(), key=lambda item: (item[1], item[0]))
            if node != start
        )
