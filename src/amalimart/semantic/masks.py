"""What is shown in place of a masked value, as SQL inside the scan: nothing outside it sees the value."""

from __future__ import annotations

from amalimart.access.rules import Mask
from amalimart.semantic.sql.expressions import (
    NULL,
    Sql,
    call,
    cast,
    comparison,
    concatenated,
    is_missing,
    negated,
    parenthesised,
    text,
    when,
)

_DOTS = text("•••")
_LONG_ENOUGH = Sql("8")  # the last four of a shorter text would tell half of it
_SHOWN_OF_A_HASH = Sql("16")


def masked(column: Sql, mask: Mask, key: Sql | None) -> Sql:
    """The masked value; of nothing, nothing. `key` is what a hash is made with."""
    match mask:
        case Mask.EMPTY:
            return cast(NULL, "TEXT")
        case Mask.INITIAL:
            return concatenated(call("LEFT", call("TRIM", column), Sql("1")), _DOTS)
        case Mask.LAST4:
            is_long = comparison(call("LENGTH", column), ">=", _LONG_ENOUGH)
            shown = when(is_long, call("RIGHT", column, Sql("4")), text(""))
            dots_for_a_value = when(negated(is_missing(column)), _DOTS)
            return concatenated(dots_for_a_value, parenthesised(shown))
        case Mask.HASH:
            if key is None:
                raise AssertionError("the door refuses a hash without a key")
            secret = cast(key, "TEXT")
            inner = call("SHA256", concatenated(secret, column))
            outer = call("SHA256", concatenated(secret, inner))
            return call("LEFT", outer, _SHOWN_OF_A_HASH)
