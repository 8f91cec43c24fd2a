"""Where a vendor stands among those that sell the same: the last whole month of a page's days.

Only what `semantic/peers` tells of many is told, and only of metrics that the policy's rule `peers` names.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, timedelta

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.core.calendar import DayRange
from amalimart.core.clock import Clock
from amalimart.core.errors import Denied, QueryError
from amalimart.core.recent import Recent
from amalimart.semantic.audited import AuditedSemantic
from amalimart.semantic.peers import PeerFigure, PeerQuestion

_KEPT = 1_000
_SECONDS_KEPT = 600


@dataclass(frozen=True, slots=True)
class Standing:
    """The quarter of a vendor in one group, 1 for the lowest figures, and the month that it is of."""

    quarter: int
    within: str
    month: date


class PeerStandings:
    """Asks in the reader's name, under the policies in force; the same is told for some minutes."""

    def __init__(self, semantic: AuditedSemantic, policies: Callable[[], Policies], clock: Clock) -> None:
        self._semantic = semantic
        self._policies = policies
        self._clock = clock
        self._told: Recent[Hashable, tuple[PeerFigure, ...]] = Recent(_KEPT)

    def standings(
        self, metric: str, vendor_id: str, days: DayRange, today: date, principal: Principal
    ) -> tuple[Standing, ...]:
        """One for each group in which it is told; none for metrics that are not compared."""
        if not self._is_compared(metric, principal):
            return ()
        month = last_whole_month(days, today)
        return tuple(
            Standing(each.spread.quarter, each.within.label, month)
            for each in self._figures(PeerQuestion(metric, month, today), principal)
            if each.of.key == vendor_id and each.spread is not None
        )

    def _figures(self, asked: PeerQuestion, principal: Principal) -> tuple[PeerFigure, ...]:
        """A month that is over hardly changes, and each asking is recorded: an open page need not go on."""
        moment = int(self._clock.now().timestamp() // _SECONDS_KEPT)
        known = (principal.subject, self._semantic.fingerprint(principal), asked, moment)
        found = self._told.get(known)
        if found is None:
            try:
                found = self._semantic.peers(asked, principal).figures
            except (Denied, QueryError):  # a source without the metric, or a month before its first row
                found = ()
            self._told.put(known, found)
        return found

    def _is_compared(self, metric: str, principal: Principal) -> bool:
        try:
            rule = self._policies().policy(principal.role).peers
        except Denied:
            return False
        return rule is not None and metric in rule.metrics


def last_whole_month(days: DayRange, today: date) -> date:
    """The first day of the newest month that is over, and ends within the days or before them."""
    after = min(days.last + timedelta(days=1), today)
    return (after.replace(day=1) - timedelta(days=1)).replace(day=1)
