"""How the shape of a source differs from what is known: additive, widening, breaking, or not to be told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.quality import Severity, Verdict
from amalimart.mapping.entities import load_entities
from amalimart.quality.type_changes import TypeChange, type_change
from tests.quality.checked_shop import Shape, Shapes, Tampered, packaged
from tests.warehouse.whole_shop import SOURCE

DRIFT = packaged("sources_keep_their_shape")
SHAPE: Mapping[str, dict[str, str]] = {
    name: dict.fromkeys(entity.columns, "text") for name, entity in load_entities().items()
}


def changed(table: str, **columns: str | None) -> Shape:
    """The shape with columns of one table retyped, added, or (None) gone."""
    kept = {**SHAPE[table], **columns}
    return {**SHAPE, table: {name: kind for name, kind in kept.items() if kind is not None}}


def test_a_source_that_cannot_be_reached_cannot_be_told(shop: Tampered) -> None:
    result = shop.one(DRIFT)
    assert (result.verdict, result.subject) == (Verdict.CANNOT_TELL, SOURCE)
    assert "does not answer" in result.message


@pytest.mark.parametrize("known", [None, SHAPE])
def test_the_shape_that_the_mapping_reads_passes(shop: Tampered, known: Shape | None) -> None:
    shapes = Shapes(SHAPE, known)
    result = shop.one(DRIFT, shapes=shapes, known_shapes=shapes)
    assert result.verdict is Verdict.PASSED
    assert result.actual == f"{len(SHAPE)} tables"


@pytest.mark.parametrize(
    ("now", "known", "words", "severity"),
    [
        (changed("orders", gift_note="text"), SHAPE, "additive: the column gift_note is not in the mapping",
         Severity.WARNING),
        (changed("orders", total_amount="numeric(12,2)"), changed("orders", total_amount="numeric(10,2)"),
         "widening: total_amount was numeric(10,2) and is numeric(12,2)", Severity.WARNING),
        (changed("orders", total_amount="numeric(10,2)"), changed("orders", total_amount="numeric(12,2)"),
         "breaking: total_amount was numeric(12,2) and is numeric(10,2) (narrowed)", Severity.ERROR),
        (changed("orders", order_date="date"), changed("orders", order_date="timestamp"),
         "breaking: order_date was timestamp and is date (retyped)", Severity.ERROR),
        (changed("orders", channel=None), SHAPE, "breaking: the column channel is gone", Severity.ERROR),
        (changed("orders", channel=None, origin="text"), SHAPE,
         "breaking: the column channel is gone; is it origin now?; the column origin is not in the mapping",
         Severity.ERROR),
        (changed("orders", order_date="jsonb"), None,
         "breaking: orders.order_date is jsonb, which does not fit orders.order_date", Severity.ERROR),
    ],
)  # fmt: skip
def test_a_difference_is_told_of_its_table(
    shop: Tampered, now: Shape, known: Shape | None, words: str, severity: Severity
) -> None:
    shapes = Shapes(now, known)
    result = shop.one(DRIFT, shapes=shapes, known_shapes=shapes)
    assert (result.subject, result.verdict) == (f"{SOURCE}.orders", Verdict.FAILED)
    assert result.actual == words
    assert result.severity is severity


def test_tables_that_are_new_and_that_are_gone(shop: Tampered) -> None:
    now = {name: columns for name, columns in SHAPE.items() if name != "returns"} | {"gifts": {"id": "text"}}
    shapes = Shapes(now, SHAPE)
    found = {result.subject: result for result in shop.check(DRIFT, shapes=shapes, known_shapes=shapes)}
    assert set(found) == {f"{SOURCE}.gifts", f"{SOURCE}.returns"}
    assert found[f"{SOURCE}.gifts"].severity is Severity.WARNING
    assert "the table is gone" in found[f"{SOURCE}.returns"].message


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("integer", "bigint", TypeChange.WIDENED),
        ("bigint", "integer", TypeChange.NARROWED),
        ("int(11)", "int(10)", TypeChange.SAME),
        ("int unsigned", "bigint", TypeChange.WIDENED),
        ("int", "int unsigned", TypeChange.RETYPED),
        ("int", "bigint unsigned", TypeChange.RETYPED),
        ("character varying(20)", "character varying(50)", TypeChange.WIDENED),
        ("character varying(20)", "text", TypeChange.WIDENED),
        ("text", "varchar(50)", TypeChange.NARROWED),
        ("varchar", "character varying", TypeChange.SAME),
        ("text", "longtext", TypeChange.WIDENED),
        ("integer", "numeric(10,0)", TypeChange.WIDENED),
        ("integer", "numeric(9,0)", TypeChange.RETYPED),
        ("bigint", "numeric", TypeChange.WIDENED),
        ("numeric(10,2)", "numeric(10,4)", TypeChange.RETYPED),
        ("numeric(10,2)", "numeric(12,4)", TypeChange.WIDENED),
        ("real", "double precision", TypeChange.WIDENED),
        ("double precision", "numeric", TypeChange.RETYPED),
        ("enum('a','b')", "enum('b','a','c')", TypeChange.WIDENED),
        ("enum('a','b')", "enum('a')", TypeChange.NARROWED),
        ("enum('a','b')", "set('a','b')", TypeChange.RETYPED),
        ("timestamp without time zone", "timestamp with time zone", TypeChange.RETYPED),
        ("date", "timestamp", TypeChange.RETYPED),
        ("BIGINT", "bigint", TypeChange.SAME),
        ("", "text", TypeChange.RETYPED),
        ("datetime(3)", "datetime(6)", TypeChange.WIDENED),
        ("timestamp(6) without time zone", "timestamp(3) without time zone", TypeChange.NARROWED),
    ],
)  # fmt: skip
def test_what_became_of_a_type(before: str, after: str, change: TypeChange) -> None:
    assert type_change(before, after) is change


_KINDS = st.sampled_from(
    ["int", "bigint", "smallint", "int unsigned", "numeric(8,2)", "numeric", "text", "varchar(9)",
     "varchar(99)", "char(3)", "real", "double", "date", "jsonb", "enum('a')", "enum('a','b')", "longtext"]
)  # fmt: skip
_TURNED = {TypeChange.WIDENED: TypeChange.NARROWED, TypeChange.NARROWED: TypeChange.WIDENED}


@given(_KINDS, _KINDS)
def test_what_widens_narrows_the_other_way(one: str, other: str) -> None:
    change = type_change(one, other)
    assert type_change(other, one) is _TURNED.get(change, change)
