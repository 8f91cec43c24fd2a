"""The best members of a dimension as one CTE, and how a leg tells them from all others.

A member is found null-safe, so that an empty one may be among the best, too.
"""

from __future__ import annotations

from amalimart.semantic.sql.ctes import Ctes
from amalimart.semantic.sql.expressions import TRUE, Sql, column, comparison, is_missing, named

BEST = "best"
_KEY, _IS_BEST = "key", "is_best"


def chosen(key: Sql) -> list[Sql]:
    """The columns of the CTE: the member, and a mark that is empty where no member was found."""
    return [named(key, _KEY), named(TRUE, _IS_BEST)]


def best_members() -> Sql:
    """The CTE as a source."""
    return Ctes.table(BEST, BEST)


def is_best(member: Sql) -> Sql:
    """Whether a member of a row is the one of the CTE."""
    return comparison(best_member(), "IS NOT DISTINCT FROM", member)


def best_member() -> Sql:
    """The member, or nothing for all others."""
    return column(_KEY, BEST)


def is_of_others() -> Sql:
    """Whether a row belongs to all others."""
    return is_missing(column(_IS_BEST, BEST))
