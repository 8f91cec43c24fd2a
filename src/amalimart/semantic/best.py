"""The best members of a dimension as one CTE, and how a leg tells them from all others.

A member is found null-safe, so that an empty one may be among the best, too.
"""

from __future__ import annotations

from sqlglot import exp

from amalimart.semantic import nodes
from amalimart.semantic.ctes import Ctes
from amalimart.semantic.nodes import named

BEST = "best"
_KEY, _IS_BEST = "key", "is_best"


def chosen(key: exp.Expr) -> list[exp.Expr]:
    """The columns of the CTE: the member, and a mark that is empty where no member was found."""
    return [
        named(key, _KEY),
        named(exp.true(), _IS_BEST),
    ]


def best_members() -> exp.Table:
    """The CTE as a source."""
    return Ctes.table(BEST, BEST)


def is_best(member: exp.Expr) -> exp.Expr:
    """Whether a member of a row is the one of the CTE."""
    return exp.NullSafeEQ(this=_column(_KEY), expression=member)


def best_member() -> exp.Expr:
    """The member, or nothing for all others."""
    return _column(_KEY)


def is_of_others() -> exp.Expr:
    """Whether a row belongs to all others."""
    return exp.Is(this=_column(_IS_BEST), expression=exp.null())


def _column(name: str) -> exp.Column:
    return nodes.column(name, BEST)
