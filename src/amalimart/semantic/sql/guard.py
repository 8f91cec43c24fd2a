"""The second look at a finished statement, before it may run.

It reads the very text that will run, by a grammar of its own that is all there is: one SELECT of listed parts
and functions, whose tables all stand in scans that the door issued or are its own CTEs under a reserved
prefix, and whose text literals come from a closed set. Everything else is a Denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from amalimart.core.errors import Denied
from amalimart.semantic.sql.grammar import NotInGrammarError, StatementReader


def check_text(
    sql: str, issued: frozenset[str], joined: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> None:
    """Refuse a statement that was not to be planned.

    A scan is what the door says it is, so where an issued one stands word for word it is not read again.
    Each of those that `joined` names may only stand joined to one of those it names with it. Raises Denied.
    """
    if "{" in sql or "}" in sql:
        raise _refused("it holds a sign that is reserved for this check")
    # The longest first: a scan may hold another. In a name or a literal none can stand, as neither holds {.
    numbers = {
        scan: number for number, scan in enumerate(sorted(issued, key=lambda scan: (-len(scan), scan)))
    }
    for scan, number in numbers.items():
        sql = sql.replace(f"({scan})", f"{{{number}}}")
    permitted = {
        numbers[scan]: frozenset(numbers[other] for other in others) for scan, others in joined.items()
    }
    try:
        StatementReader(sql, len(numbers), permitted).read()
    except NotInGrammarError as error:
        raise _refused(str(error)) from error


def _refused(why: str) -> Denied:
    return Denied(
        f"the planned statement was stopped before it ran: {why}",
        expected="only scans of the policy, listed functions and bound parameters",
        next_step="report this as a defect",
    )
