"""What is shown in place of a masked value, as SQL inside the scan: nothing outside it sees the value."""

from __future__ import annotations

from sqlglot import exp

from amalimart.access.rules import Mask

_DOTS = "•••"
_LONG_ENOUGH = 8  # the last four of a shorter text would tell half of it
_SHOWN_OF_A_HASH = 16


def masked(column: exp.Column, mask: Mask, key: exp.Expr | None) -> exp.Expr:
    """The masked value; of nothing, nothing. `key` is what a hash is made with."""
    match mask:
        case Mask.EMPTY:
            return exp.Cast(this=exp.null(), to=exp.DataType.build("varchar"))
        case Mask.INITIAL:
            first = exp.Left(this=exp.Trim(this=column), expression=exp.Literal.number(1))
            return exp.DPipe(this=first, expression=_text(_DOTS))
        case Mask.LAST4:
            last = exp.Right(this=column.copy(), expression=exp.Literal.number(4))
            is_long = exp.GTE(
                this=exp.Length(this=column.copy()), expression=exp.Literal.number(_LONG_ENOUGH)
            )
            shown = exp.Case(ifs=[exp.If(this=is_long, true=last)], default=_text(""))
            return exp.DPipe(this=_dots_for(column), expression=exp.Paren(this=shown))
        case Mask.HASH:
            if key is None:
                raise AssertionError("the door refuses a hash without a key")
            inner = _sha256(exp.DPipe(this=_as_text(key), expression=column))
            outer = _sha256(exp.DPipe(this=_as_text(key), expression=inner))
            return exp.Left(this=outer, expression=exp.Literal.number(_SHOWN_OF_A_HASH))


def _dots_for(column: exp.Column) -> exp.Expr:
    """Dots for a value, nothing for none."""
    is_there = exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))
    return exp.Case(ifs=[exp.If(this=is_there, true=_text(_DOTS))])


def _sha256(text: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="sha256", expressions=[text])


def _as_text(key: exp.Expr) -> exp.Expr:
    return exp.Cast(this=key.copy(), to=exp.DataType.build("varchar"))


def _text(text: str) -> exp.Literal:
    return exp.Literal.string(text)
