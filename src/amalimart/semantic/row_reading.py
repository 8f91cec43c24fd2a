"""Lists of single rows, read for a principal: all of one call from one release, each refused by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.access.rules import OwnIds
from amalimart.core.errors import AccessError, AmalimartError, NotAvailable
from amalimart.observe.metrics import POLICY_DENIALS
from amalimart.semantic.availability import Availability
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import bind
from amalimart.semantic.question import Question
from amalimart.semantic.row_lists import RowList, RowQuestion, plan_rows
from amalimart.semantic.running import rows_of
from amalimart.semantic.scan import Scope
from amalimart.warehouse.file.reading import Reader, ReadTransaction

_NOTHING = Question(metrics=(), today=date(2000, 1, 1))


@dataclass(frozen=True, slots=True)
class RowReading:
    """What lists are read by; the policies are given with each call, since they may change meanwhile."""

    model: SemanticModel
    reader: Reader
    availability: Availability

    def read(
        self, questions: Sequence[RowQuestion], principal: Principal, policies: Policies
    ) -> list[RowList | AmalimartError]:
        """Rows or a typed error for each list, all from one release. Raises what the reader raises."""
        found: list[RowList | AmalimartError] = []
        with self.reader.read() as transaction:
            for question in questions:
                try:
                    found.append(self._list(question, principal, policies, transaction))
                except AmalimartError as error:
                    if isinstance(error, AccessError):
                        POLICY_DENIALS.add(reason=error.code)
                    found.append(error)
        return found

    def _list(
        self, question: RowQuestion, principal: Principal, policies: Policies, transaction: ReadTransaction
    ) -> RowList:
        scope = Scope.of(principal)
        sql, slots = plan_rows(self.model, policies, self.availability, scope, question)
        rows = rows_of(transaction, sql, bind(slots, _NOTHING, principal, self.model.calendar)).rows
        release = transaction.release
        return RowList(question.columns, rows, release.release_id, release.published_at, release.fresh_as_of)

    def lists_own_vendors(
        self, questions: Sequence[RowQuestion], principal: Principal, policies: Policies
    ) -> bool:
        """Whether the principal is bound to vendors, and would be given rows of theirs alone in these lists.

        Nothing is read. What the source lacks is no question of access, and refuses nobody here.
        """
        if not principal.vendor_ids and not principal.business_ids:
            return False
        scope = Scope.of(principal)
        for question in questions:
            if not policies.reads_own(principal.role, question.dataset, OwnIds.VENDOR):
                return False
            try:
                plan_rows(self.model, policies, self.availability, scope, question)
            except AccessError:
                return False
            except NotAvailable:
                continue
        return True
