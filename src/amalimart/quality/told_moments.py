"""How late something may have happened of which a source tells only a coarse moment. Compares nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

_FINEST = timedelta(microseconds=1)


def latest_of(told: datetime) -> datetime:
    """The last instant that may be told by this moment, to the microsecond.

    A column of whole seconds tells 12:00:05 of all that happened up to 12:00:05.999999, one of milliseconds
    or of whole days likewise. How fine a column is cannot be seen from one value, so a moment that ends in
    zeros is taken for a coarse one: at the worst, what is certain is known a little later.
    """
    if told.microsecond % 1_000:
        return told
    if told.microsecond:
        return told + timedelta(milliseconds=1) - _FINEST
    if told.hour or told.minute or told.second:
        return told + timedelta(seconds=1) - _FINEST
    return told + timedelta(days=1) - _FINEST
