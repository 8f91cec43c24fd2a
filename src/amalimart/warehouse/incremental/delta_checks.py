"""The form of a check that looks at changed rows only, and gives the verdict of the whole one.

    not_null, accepted_values and other checks of single rows    over the rows that came
    unique, unique_combination                                   over the units that changed where the model
                                                                 is computed by them, else over the values
                                                                 that more rows have than before
    relationships                                                over the keys that more rows name than
                                                                 before, and the rows that name one that went
    a test with `compared_by: {relation: column}`                over the changed values of those columns

Given that the last release passed, the verdict is the same: rows that did not change cannot begin to
fail. A check of any other kind is run whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalimart.core.errors import CompileFailed
from amalimart.core.names import TableRef, nearest, quoted
from amalimart.warehouse.incremental.declared import Relation
from amalimart.warehouse.incremental.delta_check import ChangedValues, DeltaCheck, Piece
from amalimart.warehouse.incremental.reads import Reads, reads_of, substituted
from amalimart.warehouse.incremental.recipe import Part, after_of, by_key, came, changes_of, looked_up

_OF_SINGLE_ROWS = frozenset({"not_null", "accepted_values"})

Node = Mapping[str, Any]


def delta_of(unique_id: str, node: Node, known: Mapping[str, Relation]) -> DeltaCheck | None:
    """The delta form of a test; None where it has none. Raises CompileFailed."""
    test = _Test(unique_id, node, known)
    found = None
    match test.tested:
        case Relation() as tested if test.is_within_units(tested):
            found = test.of_units(tested)
        case _ if "compared_by" in test.meta:
            found = test.compared()
        case Relation() as tested if test.name in _OF_SINGLE_ROWS or test.meta.get("of_single_rows"):
            found = test.of_single_rows(tested)
        case Relation() as tested if test.name == "unique" and test.column:
            found = test.unique(tested)
        case Relation() as tested if test.name == "relationships" and test.column and len(test.others) == 1:
            found = test.relationships(tested)
    return found


class _Test:
    """One compiled test, and the relations that it reads."""

    def __init__(self, unique_id: str, node: Node, known: Mapping[str, Relation]) -> None:
        told = node.get("test_metadata") or {}
        self._unique_id, self._node = unique_id, node
        self._arguments: Mapping[str, Any] = told.get("kwargs") or {}
        self._reads: Mapping[TableRef, Reads] | None = None
        self.meta: Mapping[str, Any] = node["config"].get("meta") or {}
        self.name: str | None = told.get("name")
        self.column: str | None = self._arguments.get("column_name")
        self.tested = known.get(node.get("attached_node") or "")
        self.read = [known[parent] for parent in node["depends_on"]["nodes"] if parent in known]
        self.others = [relation for relation in self.read if relation != self.tested]

    def is_within_units(self, tested: Relation) -> bool:
        """Whether rows that may break it together always belong to one unit of the tested model."""
        columns = {"unique": [self.column], "unique_combination": self._arguments.get("columns")}
        named = columns.get(self.name or "")
        return bool(named) and tested.is_computed_by_key and set(tested.key) <= set(named or ())

    def of_units(self, tested: Relation) -> DeltaCheck:
        rows = f"from {after_of(tested.table)}"
        return DeltaCheck((tested.unique_id,), (Piece(self._over({tested.table: rows})),))

    def of_single_rows(self, tested: Relation) -> DeltaCheck:
        rows, sql = came(tested.table), self._over({tested.table: came(tested.table)})
        counted = self._counted()
        if not counted:
            return DeltaCheck((tested.unique_id,), (Piece(sql),))
        piece = Piece(sql, rows=rows, counted=counted)
        return DeltaCheck((tested.unique_id,), (piece,), all_rows=f"from {tested.table.sql}")

    def _counted(self) -> str:
        """The aggregate that counts what the test selects; empty where that is not known."""
        if self.column is None or self._node["config"].get("where"):
            return ""
        if self.name == "not_null":
            return f"count(*) filter (where {self.column} is null)"
        if self.name == "accepted_values":
            values = [str(value) for value in self._arguments["values"]]
            if self._arguments.get("quote", True):
                values = ["'" + value.replace("'", "''") + "'" for value in values]
            unknown = f"{self.column} not in ({', '.join(values)})"
            return f"count(distinct {self.column}) filter (where {unknown})"
        return ""

    def unique(self, tested: Relation) -> DeltaCheck:
        column = quoted(str(self.column))
        values = self._begun(tested, column, column)
        rows = f"from {tested.table.sql} semi join ({values}) as came using ({column})"
        return DeltaCheck((tested.unique_id,), (Piece(self._over({tested.table: rows})),))

    def relationships(self, tested: Relation) -> DeltaCheck:
        """Keys that came to be named are looked up, and rows that name a key that went; no other rows."""
        (named,) = self.others
        column, field = quoted(str(self.column)), quoted(str(self._arguments["field"]))
        gone = f"select {field} as _key from {changes_of(named.table)} group by {field} having sum(_sign) < 0"
        asked = self._begun(tested, column, f"{column} as _key")
        naming = (
            f"select r.* from ({came(tested.table)}) as r semi join ({asked}) as a on r.{column} = a._key"
        )

        def found(keys: str) -> str:
            return f"select n.* from {named.table.sql} as n semi join ({keys}) as k on n.{field} = k._key"

        naming_gone = (
            f"select r.* from {tested.table.sql} as r semi join ({gone}) as g on r.{column} = g._key"
        )
        return DeltaCheck(
            (tested.unique_id, named.unique_id),
            (
                Piece(
                    self._over({tested.table: naming, named.table: found(asked)}),
                    tested.unique_id,
                ),
                Piece(
                    self._over({tested.table: naming_gone, named.table: found(gone)}),
                    named.unique_id,
                    keys=gone,
                ),
            ),
        )

    def _begun(self, tested: Relation, column: str, selected: str) -> str:
        """The values of a column of which the test may begin to fail: those that more rows have than before.

        A condition of the test may take in a row that kept its value.
        """
        changes = changes_of(tested.table)
        if self._node["config"].get("where"):
            return f"select distinct {selected} from {changes} where _sign = 1"
        return f"select {selected} from {changes} group by {column} having sum(_sign) > 0"

    def compared(self) -> DeltaCheck:
        compared_by: Mapping[str, str] = self.meta["compared_by"]
        parents = {relation.table.name: relation for relation in self.read}
        for name in compared_by:
            if name not in parents:
                raise CompileFailed(
                    f"compared_by names {name}, which the test does not read",
                    where=self._unique_id,
                    expected=f"one of {', '.join(sorted(parents))}",
                    nearest=nearest(name, parents),
                )
        test = str(self._node["name"])
        values = ChangedValues(
            f"temp.{quoted('values of ' + test)}",
            {
                parents[name].unique_id: (
                    f"select {quoted(column)} as _value from {changes_of(parents[name].table)}"
                )
                for name, column in compared_by.items()
            },
        )
        parts = [
            self._part(parents[name], column, f"temp.{quoted(f'{name} of ' + test)}", f"from {values.name}")
            for name, column in compared_by.items()
        ]
        rows = {
            parents[name].table: f"from {part.name}" for name, part in zip(compared_by, parts, strict=True)
        }
        read = tuple(parents[name].unique_id for name in compared_by)
        return DeltaCheck(read, (Piece(self._over(rows)),), values, tuple(parts))

    def _part(self, parent: Relation, column: str, place: str, values: str) -> Part:
        read = self._read_of(parent.table)
        on = {column: "_value"}
        if parent.is_found_by((column,), read):
            return by_key(place, parent.place, on, values, read.listed("r"), parent.unique_where)
        return looked_up(place, parent.place, on, values, read.needed)

    def _read_of(self, table: TableRef) -> Reads:
        if self._reads is None:
            self._reads = reads_of(self._node["compiled_code"], self._unique_id)
        return self._reads[table]

    def _over(self, rows: Mapping[TableRef, str]) -> str:
        """The test over these rows instead of whole relations."""
        if self._reads is None:
            self._reads = reads_of(self._node["compiled_code"], self._unique_id)
        return substituted(self._node["compiled_code"], self._reads, rows)
