"""The tree of errors is documented, and every leaf has a code and statuses of its own."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import pytest

from amalimart.core import errors
from amalimart.core.names import is_identifier, nearest, quoted
from amalimart.core.wire import dumps


def _tree(root: type[errors.AmalimartError]) -> list[type[errors.AmalimartError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


OURS = f"{errors.__name__}."
EVERY = [error for error in _tree(errors.AmalimartError) if error.__module__.startswith(OURS)]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)
def test_each_error_is_in_the_documented_tree(error: type[errors.AmalimartError]) -> None:
    assert error.__name__ in (errors.__doc__ or "")
    assert error.__doc__


def test_each_error_is_imported_from_the_package() -> None:
    """Where in the package it stands is nobody's concern."""
    errors_of_all = {name for name in errors.__all__ if name not in {"rebuilt", "told"}}
    assert errors_of_all == {error.__name__ for error in EVERY}
    assert len(EVERY) > 50


def test_codes_are_unique() -> None:
    codes = [error.code for error in EVERY]
    assert len(codes) == len(set(codes))


def test_an_error_tells_everything_it_knows() -> None:
    error = errors.UnknownName(
        "no metric 'gmw'", where="the question", expected="a metric", nearest="gmv", next_step="ask for gmv"
    )
    assert str(error).splitlines() == [
        "no metric 'gmw'",
        "  where: the question",
        "  expected: a metric",
        "  nearest: gmv",
        "  next: ask for gmv",
    ]
    assert error.as_dict()["retryable"] is False


def test_money_leaves_as_text_and_what_is_not_a_number_as_null() -> None:
    assert dumps([Decimal("0.10"), date(2026, 1, 2)]) == '["0.10", "2026-01-02"]'
    with pytest.raises(ValueError, match="Out of range"):
        dumps(math.nan)


def test_names() -> None:
    assert is_identifier("orders_2")
    assert not is_identifier('orders"; drop table x --')
    assert not is_identifier("Orders")
    assert quoted('a"b') == '"a""b"'
    assert nearest("totl_revenue", ["total_revenue", "gmv"]) == "total_revenue"
    assert nearest("zzz", ["total_revenue", "gmv"]) is None
