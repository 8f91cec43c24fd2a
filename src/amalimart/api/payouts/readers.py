"""Who may look at payouts: admins, vendors, and those to whom a role of a project's own gives their own.

Of a role of a project's own the policy decides, and by default it is no: the reader must be bound to
vendors, and find nothing but rows of theirs in every list that a payout is explained by.
"""

from __future__ import annotations

from amalimart.access.principal import Principal, Role
from amalimart.api.payouts.statements import settled_question, statements_question
from amalimart.api.ports.asking import SemanticPort

_OF_THE_PRODUCT = frozenset({Role.ADMIN, Role.VENDOR})
_LISTS = (statements_question(None), settled_question(""))


def may_read_payouts(principal: Principal, semantic: SemanticPort) -> bool:
    """Whether the pages and routes of payouts are there for this reader."""
    if principal.role.is_packaged:
        return principal.role in _OF_THE_PRODUCT
    return semantic.lists_own_vendors(_LISTS, principal)
