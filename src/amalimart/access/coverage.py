"""Whether one reader sees at least what another sees: decides who may know of what somebody else wrote.

It compares policies and ids and reads no data. Where it cannot tell, the answer is no.
"""

from __future__ import annotations

from amalimart.access.policies import Policies, Policy
from amalimart.access.principal import Principal
from amalimart.access.rules import AllRows, OwnRows, RowsThrough, ScanRule
from amalimart.core.errors import Denied


def covers(policies: Policies, reader: Principal, other: Principal) -> bool:
    """Whether everything that `other` may ask and see may be asked and seen by `reader`, too."""
    try:
        wide, narrow = policies.policy(reader.role), policies.policy(other.role)
    except Denied:
        return False
    return (
        _holds(wide.metrics, narrow.metrics)
        and _holds(wide.dimensions, narrow.dimensions)
        and wide.classes >= narrow.classes
        and _shows_plain(wide, narrow)
        and (wide.rules is None or _every_rule(wide, narrow, reader, other))
    )


def _holds(wide: frozenset[str] | None, narrow: frozenset[str] | None) -> bool:
    """None stands for all."""
    return wide is None or (narrow is not None and wide >= narrow)


def _shows_plain(wide: Policy, narrow: Policy) -> bool:
    """Whether every column that the one masks is masked to the other as well."""
    return all(set(columns) <= set(narrow.masks.get(name, ())) for name, columns in wide.masks.items())


def _every_rule(wide: Policy, narrow: Policy, reader: Principal, other: Principal) -> bool:
    if narrow.rules is None:
        return False
    return all(_rule(wide, narrow, rule, reader, other) for rule in narrow.rules.values())


def _rule(wide: Policy, narrow: Policy, rule: ScanRule, reader: Principal, other: Principal) -> bool:
    mine = wide.scan_rule(rule.dataset)
    if mine is None or not _holds(mine.columns, rule.columns):
        return False
    match mine.rows, rule.rows:
        case AllRows(), _:
            return True
        case OwnRows(column, ids), OwnRows() as theirs if theirs.column == column and theirs.ids == ids:
            return ids.holds(reader, other)
        case RowsThrough() as through, RowsThrough() as theirs if through == theirs:
            behind = narrow.scan_rule(through.dataset)
            return behind is not None and _rule(wide, narrow, behind, reader, other)
        case _:
            return False
