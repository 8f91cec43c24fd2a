"""The one door to the warehouse's tables.

`Door.scan` is the only code that names a table. It returns a subquery with the rows and columns the
principal's policy permits; no policy, no subquery. A column that the policy masks leaves the door masked, and
only for who says that it is merely shown or grouped by. The guard compares every table of a finished
tree with what the door issued, so a second door would be found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal, Role
from amalimart.access.rules import AllRows, Mask, OwnIds, OwnRows, RowRule, RowsThrough, ScanRule
from amalimart.core.errors import Denied, Masked
from amalimart.core.names import TableRef
from amalimart.semantic.masks import masked
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import OwnIdSlot, ParameterBook
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.sql.expressions import FALSE, Sql, any_of, column, is_in, named, parenthesised
from amalimart.semantic.sql.select import Select

# Where the vendors of a business are found; a model without it finds none, and so no row.
_VENDOR_BUSINESSES, _VENDOR, _BUSINESS = "vendor_businesses", "vendor_id", "business_id"


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a principal shapes its SQL: the role, and how many ids it has; never which ids."""

    role: Role
    id_counts: tuple[tuple[OwnIds, int], ...]

    @classmethod
    def of(cls, principal: Principal) -> Scope:
        return cls(principal.role, tuple((kind, len(kind.of(principal))) for kind in OwnIds))


@dataclass(frozen=True, slots=True)
class Joined:
    """That a scan is joined by its key, and only so, to rows of a dataset that hold it in a column."""

    dataset: str
    column: str


class Door:
    """Issues scans for one plan and remembers them for the guard."""

    def __init__(self, model: SemanticModel, policies: Policies, scope: Scope, book: ParameterBook) -> None:
        self._model = model
        self._policies = policies
        self._scope = scope
        self._book = book
        self._issued: dict[Sql, str] = {}
        self._joined: dict[Sql, Joined] = {}
        self._tables: set[str] = set()

    @property
    def issued(self) -> frozenset[str]:
        """The SELECT of every scan given out so far, as in a statement's text: `?` for each placeholder."""
        return frozenset(self._book.positional(scan)[0] for scan in self._issued)

    @property
    def joined(self) -> Mapping[str, frozenset[str]]:
        """Scans of issued ones that say whose rows they are only by what they are joined to, and to what."""
        return {
            self._book.positional(scan)[0]: frozenset(
                self._book.positional(other)[0]
                for other, dataset in self._issued.items()
                if dataset == joined.dataset and other not in self._joined
            )
            for scan, joined in self._joined.items()
        }

    @property
    def tables(self) -> frozenset[str]:
        """Every table that the scans given out so far read, with its schema."""
        return frozenset(self._tables)

    def scan(
        self,
        dataset: str,
        columns: Iterable[str],
        rollup: Rollup | None = None,
        joined: Joined | None = None,
        *,
        shown: Collection[str] = (),
        grouped: Collection[str] = (),
    ) -> Sql:
        """The permitted rows of a dataset, or of a rollup of it, with these columns.

        A scan that is `joined` to the very rows by which its own are permitted need not look for them again.
        `shown` are columns for which nothing but a reader's eyes is meant, `grouped` those by which rows are
        told apart and no more: only such may be masked. Raises Denied, Masked.
        """
        asked = sorted(set(columns))
        table = rollup.table if rollup is not None else self._model.datasets[dataset].table
        origins = {name: rollup.read_from(name) if rollup is not None else name for name in asked}
        rule = self._policies.scan_rule(self._scope.role, dataset)
        masks = {name: rule.masks[origin] for name, origin in origins.items() if origin in rule.masks}
        for name, mask in masks.items():
            if name not in shown and not (mask is Mask.HASH and name in grouped):
                raise _is_masked(self._scope.role, dataset, origins[name])
        rows = self._rows(dataset, [origin for name, origin in origins.items() if name not in masks])
        if rollup is not None and _column_of(rows) not in {None, *rollup.exact}:
            raise Denied(f"whose rows they are cannot be told in the rollup {rollup.name} of {dataset}")
        key = self._model.datasets[dataset].key
        is_told = joined is not None and rows == RowsThrough(joined.dataset, joined.column)
        if joined is not None and is_told and key == joined.column:
            self._rows(joined.dataset, [joined.column])
            select = self._select(table, asked, AllRows(), masks)
            self._joined[select] = joined
        else:
            select = self._select(table, asked, rows, masks)
        self._issued[select] = dataset
        return Sql(f"({select})")

    def row_rule(self, dataset: str) -> RowRule:
        """Which rows of a dataset are given. Raises Denied where none are."""
        return self._policies.scan_rule(self._scope.role, dataset).rows

    def may_show(self, dataset: str, column: str) -> bool:
        """Whether the column would be given to be shown: as it is, or masked."""
        return self._mask(dataset, column) is not None or self.may_read(dataset, column)

    def may_group(self, dataset: str, column: str) -> bool:
        """Whether the column would be given to tell rows apart by it."""
        return self._mask(dataset, column) is Mask.HASH or self.may_read(dataset, column)

    def _mask(self, dataset: str, column: str) -> Mask | None:
        try:
            return self._policies.scan_rule(self._scope.role, dataset).masks.get(column)
        except Denied:
            return None

    def may_read(self, dataset: str, column: str) -> bool:
        """Whether a scan with this column, as it is, would be given."""
        try:
            self._rows(dataset, [column])
        except Denied:
            return False
        return True

    def _rows(self, dataset: str, columns: Iterable[str]) -> RowRule:
        rule: ScanRule = self._policies.scan_rule(self._scope.role, dataset)
        for name in columns:
            if not rule.allows(name, self._model.field(dataset, name).data_class):
                raise Denied(
                    f"the role {self._scope.role.value} may not read {name} of {dataset}",
                    next_step="leave out what needs it, or ask an admin",
                )
        return rule.rows

    def _select(
        self, table: TableRef, columns: list[str], rows: RowRule, masks: Mapping[str, Mask] | None = None
    ) -> Sql:
        self._tables.add(f"{table.schema}.{table.name}")
        shown = [self._shown(name, (masks or {}).get(name)) for name in columns]
        return Select(shown).read(Sql(table.sql)).where(*self._conditions(rows)).sql

    def _shown(self, name: str, mask: Mask | None) -> Sql:
        if mask is None:
            return column(name)
        key = None
        if mask is Mask.HASH:
            if self._policies.mask_key is None:
                raise Denied(f"{name} is masked by a hash, for which the project has no secret")
            key = self._book.constant(self._policies.mask_key)
        return named(masked(column(name), mask, key), name)

    def _own(self, name: str, ids: OwnIds) -> list[Sql]:
        """That the column holds one of the ids; nothing where there are none."""
        count = dict(self._scope.id_counts)[ids]
        own = [self._book.placeholder(OwnIdSlot(ids, position)) for position in range(count)]
        return [is_in(column(name), own)] if own else []

    def _found(self, name: str, ids: OwnIds) -> list[Sql]:
        """That it holds one of those that are found by other ids; nothing where there is nothing to find."""
        found_by = ids.found_by
        dataset = self._model.datasets.get(_VENDOR_BUSINESSES)
        if found_by is None or dataset is None or not {_VENDOR, _BUSINESS} <= dataset.fields.keys():
            return []
        own = self._own(_BUSINESS, found_by)
        if not own:
            return []
        table = dataset.table
        self._tables.add(f"{table.schema}.{table.name}")
        vendors = Select([column(_VENDOR)]).read(Sql(table.sql)).where(*own).sql
        return [is_in(column(name), [vendors])]

    def _conditions(self, rows: RowRule) -> list[Sql]:
        """What holds of the permitted rows, of all of them nothing."""
        match rows:
            case AllRows():
                return []
            case OwnRows(name, ids):
                own = [*self._own(name, ids), *self._found(name, ids)]
                if len(own) > 1:
                    return [parenthesised(any_of(own))]
                return own or [FALSE]
            case RowsThrough(dataset, name):
                table, through = self._model.datasets[dataset].table, self._rows(dataset, [name])
                return [is_in(column(name), [self._select(table, [name], through)])]


def _is_masked(role: Role, dataset: str, column: str) -> Masked:
    return Masked(
        f"{column} of {dataset} is shown to the role {role.value} masked, and nothing is filtered, "
        "grouped or counted by what is under a mask",
        next_step="leave out what needs it, or use the id",
    )


def _column_of(rows: RowRule) -> str | None:
    """The column by which a rule tells rows apart."""
    return None if isinstance(rows, AllRows) else rows.column
