"""Every way a mapping can be wrong or ambiguous is refused, with the line and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError
from amalimart.mapping.source_mapping import load_mapping

BASE = """\
mapping: shop
description: a shop
time_zone: Africa/Accra
tables:
  sales: {key: [number], secret: [pin], ignored: {note: unused}}
  shops: {also: [store], key: [id], optional: true, secret: [safe]}
  people: {key: [id]}
  moved: {unmapped: gone}
entities:
  order_items:
    table: sales
    where: {state: {not: [void]}, count: {above: 0}}
    lookup:
      shop: {table: shops, match: {shop: id}}
    columns:
      order_item_id: number
      vendor_id: shop.owner
      quantity: count
      unit_price: {sql: "cast(price as decimal(18, 2)) * 2"}
      currency: {constant: GHS}
  tags:
    - table: sales
      precedence: 1
      columns: {tag_id: number}
    - table: people
      precedence: 2
      columns: {tag_id: id}
"""
ITEM_ID, PRICE, LOOKUP, WHERE = 16, 19, 14, 12
ID = "order_item_id: number"
FORMULA = '"cast(price as decimal(18, 2)) * 2"'
CONDITIONS = "{state: {not: [void]}, count: {above: 0}}"
TABLE, RULE = "    table: sales\n    where", "    table: sales\n    deduplicate: "
PIN, SAFE = "sales.pin is secret", "shops.safe is secret"
ORIGIN = "one of `from`, `join`, `sql`"


def refused(tmp_path: Path, text: str) -> ConfigError:
    path = tmp_path / "shop.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_mapping(path)
    assert str(caught.value.where).startswith(str(path)), caught.value.where
    return caught.value


def test_the_base_is_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(BASE)
    assert load_mapping(path).key_columns("sales") == ("number",)


@pytest.mark.parametrize(
    ("written", "instead", "line", "what"),
    [
        # tables
        ("also: [store]", "also: [people]", 7, "the table name 'people' is listed twice"),
        ("also: [store]", "also: [store, store]", 6, "the table name 'store' is listed twice"),
        ("also: [store]", 'also: ["sto\'re"]', 6, "a table name holds"),
        ("{unmapped: gone}", "{unmapped: gone, optional: true}", 8, "is left alone"),
        ("{unmapped: gone}", "{unmapped: gone, key: [id]}", 8, "is left alone"),
        ("people: {key: [id]}", "people: {key: []}", 7, "at least 1 item"),
        ("people: {key: [id]}", "people: {key: [pin]}", 7, "people.pin is secret or ignored, or is named"),
        ("people: {key: [id]}", 'people: {key: ["{{id"]}', 7, "a column name holds"),
        ("people: {key: [id]}", "people: {keys: [id]}", 7, "unknown key 'keys'"),
        # row keys
        ("{key: [number]", "{key: [shop, number]", 10, "several rows of 'sales' can be one row"),
        (ID, "order_item_id: shop.owner", 10, "is made of no column"),
        # one origin
        (ID, "order_item_id: {from: number, sql: number}", ITEM_ID, ORIGIN),
        (ID, "order_item_id: {}", ITEM_ID, ORIGIN),
        # composite ids
        (ID, "order_item_id: {join: [number]}", ITEM_ID, "at least 2 items"),
        (ID, 'order_item_id: {join: [number, shop], with: "\\\\"}', ITEM_ID, "cannot be a backslash"),
        (ID, 'order_item_id: {join: [number, shop], with: "::"}', ITEM_ID, "at most 1 character"),
        (ID, 'order_item_id: {from: number, with: ":"}', ITEM_ID, "`with` goes with `join`"),
        (ID, "order_item_id: {join: [number, pin]}", ITEM_ID, PIN),
        ("quantity: count", "quantity: {join: [count, shop]}", 18, "not an id, so it takes no join"),
        ("quantity: count", 'quantity: {from: count, format: "%d"}', 18, "it takes no format"),
        # lookups
        ("vendor_id: shop.owner", "vendor_id: {from: owner, lookup: shp}", 17, "reads the lookup 'shp'"),
        ("vendor_id: shop.owner", "vendor_id: {lookup: shop, constant: x}", 17, "goes with `from`"),
        ("vendor_id: shop.owner", "vendor_id: shop.safe", 17, SAFE),
        ("shop: {table", "Shop 1: {table", LOOKUP, "'Shop 1' is not a plain name"),
        ("table: shops, match", "table: store, match", LOOKUP, "does not list as mapped"),
        ("match: {shop: id}", "match: {}", LOOKUP, "at least 1 item"),
        ("match: {shop: id}", "match: {pin: id}", LOOKUP, PIN),
        ("match: {shop: id}", "match: {shop: safe}", LOOKUP, SAFE),
        ("match: {shop: id}", "match: {shop: id}, deduplicate: {keep: first}", LOOKUP, "needs `by`"),
        ("match: {shop: id}", "match: {shop: id}, deduplicate: {keep: latest, by: safe}", LOOKUP, SAFE),
        ("match: {shop: id}", "on: {shop: id}", LOOKUP, "lookup.shop"),
        # filters
        ("{not: [void]}", "{}", WHERE, "give a list of values, or one of"),
        ("{not: [void]}", "[]", WHERE, "at least 1 item"),
        ("{not: [void]}", "[true]", WHERE, "valid string"),
        ("{above: 0}", '{above: "0"}', WHERE, "give a number or a day"),
        ("{above: 0}", "{above: .inf}", WHERE, "give a finite number"),
        ("{above: 0}", "{above: true}", WHERE, "give a number or a day"),
        ("{above: 0}", "{above: 2024-01-01T00:00:00+02:00}", WHERE, "without an offset"),
        ("{above: 0}", "{more: 0}", WHERE, "unknown key 'more'"),
        ("count: {above: 0}", "pin: {above: 0}", WHERE, PIN),
        ("count: {above: 0}", "note: {empty: true}", WHERE, "sales.note is secret or ignored"),
        ("count: {above: 0}", "shop.owner: {empty: true}", WHERE, "a column of a lookup"),
        (CONDITIONS, '"pin > 1"', WHERE, PIN),
        (CONDITIONS, '"1 = 1"', WHERE, "reads no column"),
        (CONDITIONS, '"count > (select 1)"', WHERE, "it holds (SELECT 1)"),
        # formulas
        (FORMULA, '"5"', PRICE, "reads no column"),
        (FORMULA, '"pin * 2"', PRICE, PIN),
        (FORMULA, '"price * now()"', PRICE, "the formula 'price * now()' cannot be used: it holds NOW()"),
        (FORMULA, '"shop.owner"', PRICE, "it holds shop.owner, which is no column"),
        (FORMULA, "\"price || '{{ x }}'\"", PRICE, "a value holds '{{'"),
        # de-duplication
        (TABLE, RULE + "{keep: first}\n    where", 12, "`keep: first` needs `by`"),
        (TABLE, RULE + "{keep: any}\n    where", 12, "'latest' or 'first'"),
        (TABLE, RULE + "{keep: latest, by: pin}\n    where", 12, PIN),
        # unions
        ("      precedence: 2\n", "", 25, "an id of one may be an id of the other"),
        ("precedence: 2", "precedence: 1", 25, "two parts fill tags"),
        ("precedence: 2", "precedence: 0", 26, "greater than or equal to 1"),
        ("precedence: 2", "namespace: gh", 25, "two parts fill tags"),
        ("precedence: 2", "namespace: Gh-1", 26, "the namespace 'Gh-1' is not a plain name"),
        ("precedence: 2", 'namespace: "gh\\n"', 26, "is not a plain name"),
        ("quantity: count", "quantity: {from: count, namespace: gh}", 18, "it takes no namespace"),
        ("time_zone: Africa/Accra", 'time_zone: Africa/Accra\nnamespace: "x\'"', 4, "is not a plain name"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_line(
    tmp_path: Path, written: str, instead: str, line: int, what: str
) -> None:
    assert written in BASE
    error = refused(tmp_path, BASE.replace(written, instead, 1))
    assert what in error.what
    assert error.where == f"{tmp_path / 'shop.yml'}:{line}"


def test_an_entity_without_parts_is_refused(tmp_path: Path) -> None:
    start = BASE.index("  tags:")
    assert "tags has no part" in refused(tmp_path, BASE[:start] + "  tags: []\n").what


def test_a_table_under_another_of_its_names_is_pointed_out(tmp_path: Path) -> None:
    error = refused(tmp_path, BASE.replace("table: shops, match", "table: store, match"))
    assert error.nearest == "shops"
    assert error.next_step == "name the table 'shops', as `tables` does"


def test_a_reference_into_several_namespaces_must_say_which(tmp_path: Path) -> None:
    text = BASE[: BASE.index("entities:")] + (
        "entities:\n"
        "  users:\n"
        "    - {table: people, namespace: app, columns: {user_id: id}}\n"
        "    - {table: shops, namespace: desk, columns: {user_id: id}}\n"
        "  carts:\n"
        "    table: sales\n"
        "    columns:\n"
        "      cart_id: number\n"
        "      customer_id: buyer\n"
    )
    error = refused(tmp_path, text)
    assert "carts.customer_id refers to users, whose parts stand in several namespaces" in error.what
    assert "app, desk" in str(error.expected)
    path = tmp_path / "shop.yml"
    path.write_text(text.replace("customer_id: buyer", "customer_id: {from: buyer, namespace: desk}"))
    (part,) = load_mapping(path).entities["carts"].parts
    assert part.namespaces == {"customer_id": "desk"}
