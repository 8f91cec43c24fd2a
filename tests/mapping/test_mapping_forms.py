"""What the richer forms of a mapping land, provide and mean to a source that has only some of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError, SourceMismatch
from amalimart.mapping.catalog_check import check_catalog, family
from amalimart.mapping.entities import load_entities
from amalimart.mapping.enum_values import unknown_spellings
from amalimart.mapping.scalar_sql import scalar_sql
from amalimart.mapping.shape import ColumnMapping
from amalimart.mapping.source_mapping import SourceMapping, load_mapping

TEXT = """\
mapping: shop
description: a shop
time_zone: Africa/Accra
namespace: gh
tables:
  sales: {key: [shop, number], ignored: {note: unused}}
  shops: {also: [store, outlet], key: [id], ignored: {phone: unused}}
  refunds: {optional: true, key: [id]}
  owners: {optional: true, key: [id]}
entities:
  order_items:
    table: sales
    where: "state <> 'void' and count > 0"
    lookup:
      shop: {table: shops, match: {shop: id}, deduplicate: {keep: latest, by: opened}}
      owner: {table: owners, match: {shop: id}}
    columns:
      order_item_id: {join: [shop, number]}
      vendor_id: shop.owner
      product_id: owner.product
      quantity: count
      unit_price: {sql: "coalesce(price, list_price)", optional: true}
      currency: {constant: GHS}
      status: {from: state, optional: true, default: PENDING}
  stores:
    table: shops
    columns: {store_id: id, store_name: {from: name, optional: true}}
  returns:
    table: refunds
    columns: {return_id: id, request_at: at}
"""
SALES = dict.fromkeys(["shop", "number", "state", "count", "price", "list_price", "note"], "text")
SHOPS = dict.fromkeys(["id", "owner", "opened", "name", "phone"], "text")
CATALOG = {"sales": SALES, "store": SHOPS, "refunds": {"id": "text", "at": "text"}}


@pytest.fixture
def mapping(tmp_path: Path) -> SourceMapping:
    path = tmp_path / "shop.yml"
    path.write_text(TEXT)
    return load_mapping(path)


def test_every_column_that_is_read_is_landed_and_the_row_key_always(mapping: SourceMapping) -> None:
    assert mapping.landed == {
        "owners": ("product", "id"),
        "refunds": ("id", "at"),
        "sales": ("shop", "number", "count", "price", "list_price", "state"),
        "shops": ("owner", "id", "opened", "name"),
    }
    assert mapping.key_columns("sales") == ("shop", "number")
    assert mapping.optional_tables == {"refunds", "owners"}
    assert mapping.optional == {("sales", "price"), ("sales", "list_price"), ("shops", "name")}


def test_a_column_that_a_filter_reads_is_not_optional(mapping: SourceMapping) -> None:
    assert ("sales", "state") not in mapping.optional


def test_a_source_is_read_under_its_own_names(mapping: SourceMapping) -> None:
    there = mapping.fitted(CATALOG)
    assert set(there.landed) == {"sales", "store", "refunds"}
    assert there.entities["stores"].table == "store"
    assert there.entities["order_items"].parts[0].lookups["shop"].table == "store"
    assert there.key_columns("store") == ("id",)
    assert there.fitted(CATALOG) == there


def test_of_several_names_the_first_that_is_there_is_read(mapping: SourceMapping) -> None:
    both = {**CATALOG, "shops": SHOPS, "outlet": SHOPS}
    there = mapping.fitted(both)
    assert {"shops", "store", "outlet"} & set(there.landed) == {"shops"}
    assert str(there.tables["store"].unmapped).startswith("shops is there too")
    report = check_catalog(mapping, both)
    assert report.shadowed_tables == ("store", "outlet")
    assert report.unlisted_tables == ()


def test_what_a_source_lacks_is_not_provided(mapping: SourceMapping) -> None:
    poor = {"sales": {k: v for k, v in SALES.items() if k != "price"}, "shops": {**SHOPS}}
    there = mapping.fitted(poor)
    assert mapping.provides("returns", "return_id")
    assert not there.provides("returns", "return_id")
    assert mapping.provides("order_items", "unit_price")
    assert not there.provides("order_items", "unit_price")  # the formula reads a column that is not there
    assert mapping.provides("order_items", "product_id")
    assert not there.provides("order_items", "product_id")  # its table is not there
    assert there.provides("order_items", "vendor_id")
    report = check_catalog(mapping, poor)
    assert report.absent_tables == ("owners", "refunds")
    assert report.absent_optional == ("sales.price",)
    assert "returns" in report.missing_entities
    assert "order_items" not in report.missing_entities


def test_a_table_that_is_needed_and_absent_is_named_with_all_its_names(mapping: SourceMapping) -> None:
    with pytest.raises(SourceMismatch, match="no table 'shops' or 'store' or 'outlet'"):
        check_catalog(mapping, {"sales": SALES})


def test_a_namespace_stands_before_ids_and_what_refers_to_them(mapping: SourceMapping) -> None:
    (part,) = mapping.entities["order_items"].parts
    assert part.namespaces == {"order_item_id": "gh", "vendor_id": "gh", "product_id": "gh"}


def test_a_reference_follows_the_entity_it_refers_to(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(
        "mapping: shop\ndescription: a shop\ntime_zone: UTC\nnamespace: gh\n"
        "tables: {people: {key: [id]}, baskets: {key: [id]}}\n"
        "entities:\n"
        "  users: {table: people, namespace: none, columns: {user_id: id}}\n"
        "  carts: {table: baskets, columns: {cart_id: id, customer_id: owner}}\n"
    )
    mapping = load_mapping(path)
    assert mapping.entities["users"].parts[0].namespaces == {}
    assert mapping.entities["carts"].parts[0].namespaces == {"cart_id": "gh"}


def test_values_nobody_mapped_are_told_whatever_their_spelling() -> None:
    origin = ColumnMapping.model_validate({"from": "s", "values": {"Sent out": "DISPATCHED"}})
    spec = load_entities()["orders"].columns["status"]
    seen = ["sent-out", "SENT OUT", "Dispatched", "lost", " ", "lost"]
    assert unknown_spellings(origin, spec, seen) == ("lost",)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("tinyint(1)", "number"),
        ("bit(1)", "boolean"),
        ("enum('UPDATED','point')", "text"),
        ("bigint unsigned", "number"),
        ("datetime(6)", "time"),
        ("decimal(10,2)", "number"),
        ("mediumblob", "structure"),
        ("varchar(255)", "text"),
    ],
)
def test_the_types_of_mysql_are_told_apart(kind: str, expected: str) -> None:
    assert family(kind) == expected


@pytest.mark.parametrize(
    ("formula", "columns", "rendered"),
    [
        ("coalesce(a, b) * 100", ("a", "b"), 'COALESCE("from a", "from b") * 100'),
        ("\"My col\" || 'it''s'", ("My col",), "\"from My col\" || 'it''s'"),
        ("a::int + cast(b as date)", ("a", "b"), 'TRY_CAST("from a" AS INT) + TRY_CAST("from b" AS DATE)'),
        ("a in (1, b) and not c", ("a", "b", "c"), '"from a" IN (1, "from b") AND NOT "from c"'),
        ("case when a > 1 then 'x' end -- why", ("a",), "CASE WHEN \"from a\" > 1 THEN 'x' END"),
    ],
)
def test_a_formula_is_read_and_its_casts_become_attempts(
    formula: str, columns: tuple[str, ...], rendered: str
) -> None:
    read = scalar_sql(formula)
    assert read.columns == columns
    assert read.rendered(lambda name: f"from {name}") == rendered


@pytest.mark.parametrize(
    ("formula", "part"),
    [
        ("(select 1)", "(SELECT 1)"),
        ("a from b", "FROM"),
        ("a where b", "WHERE"),
        ("a union select 1", "it is not one formula"),
        ("a; drop table b", "it is not one formula"),
        ("a, b", "it is not one formula"),
        ("", "it is not one formula"),
        ("a as b", "a AS b"),
        ("*", "*"),
        ("t.a", "t.a, which is no column"),
        ("count(*)", "COUNT(*)"),
        ("sum(a) over ()", "OVER"),
        ("now()", "NOW()"),
        ("current_date", "CURRENT_DATE"),
        ("random()", "RANDOM()"),
        ("read_csv('/etc/passwd')", "READ_CSV"),
        ("getenv('HOME')", "GETENV"),
        ("current_setting('x')", "CURRENT_SETTING"),
        ("columns('x')", "COLUMNS"),
        ("a in (select 1)", "IN over something other than a list"),
        ("exists (select 1)", "EXISTS"),
        ("a[1]", "a[1]"),
        ("{'x': a}", "{'x': a}"),
        ("a::int[]", "the type INT[]"),
        ("a::timestamptz", "the type TIMESTAMPTZ"),
        ("a like 'x' escape 'y'", "ESCAPE"),
        ("$1", "$1"),
        ("lpad(a, 1000000000, 'x')", "LPAD"),
        ("(" * 60 + "a" + ")" * 60, "nested"),
        ("(" * 900 + "a" + ")" * 900, "nested"),
        ("+".join("a" * 900), "nested deeper"),
        ("a" * 3000, "longer than 2,000 characters"),
        ("a +", "cannot be read"),
    ],
)
def test_a_formula_holds_nothing_but_columns_and_plain_arithmetic(formula: str, part: str) -> None:
    with pytest.raises(ConfigError) as caught:
        scalar_sql(formula)
    assert part in caught.value.what
    assert "coalesce" in str(caught.value.expected)
