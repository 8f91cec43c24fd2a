"""Every form of the mapping language, run: what comes out, and where every landed row went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pytest

from amalimart.core.errors import ConfigError
from tests.warehouse.staging_lab import HEAD, Change, Lab, Landed, mapping_of

Table = tuple[Mapping[str, str], Sequence[Sequence[Any]]]


class Opens(Protocol):
    def __call__(self, **sources: tuple[str, Mapping[str, Table]]) -> Lab: ...


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Opens]:
    """Opens a lab over sources, each a mapping and its tables: types of the columns, rows of one snapshot."""
    opened: list[Lab] = []

    def open_lab(**sources: tuple[str, Mapping[str, Table]]) -> Lab:
        landed = {
            name: Landed(
                mapping_of(tmp_path, text, name),
                {table: types for table, (types, _) in tables.items()},
                {
                    table: [Change("snapshot", dict(zip(types, row, strict=True))) for row in rows]
                    for table, (types, rows) in tables.items()
                },
            )
            for name, (text, tables) in sources.items()
        }
        opened.append(Lab(tmp_path, landed))
        return opened[-1]

    yield open_lab
    for lab in opened:
        lab.close()


def texts(*columns: str) -> dict[str, str]:
    return dict.fromkeys(columns, "varchar")


TAGS = "entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}\n"


def test_ids_of_two_columns_cannot_collide(staged: Opens) -> None:
    pairs = [
        ("a:b", "c"),
        ("a", "b:c"),
        ("a\\", ":c"),
        ("a", "\\:c"),
        ("a\\:", "c"),
        (" a", "b"),
        ("a", None),
    ]
    lab = staged(
        shop=(
            (
                "tables: {tags: {key: [x, y]}}\n"
                "entities: {tags: {table: tags, columns: {tag_id: {join: [x, y]}}}}\n"
            ),
            {"tags": (texts("x", "y"), pairs)},
        )
    )
    found = lab.rows("select tag_id, _rejected from stg_tags order by _sequence")
    assert len({key for key, _ in found}) == len(pairs)
    assert [reason for _, reason in found] == [None] * 6 + ["tag_id is missing"]
    assert found[5][0] == "a:b"
    whole = staged(
        shop=(
            (
                "tables: {tags: {key: [x, y]}}\n"
                'entities: {tags: {table: tags, columns: {tag_id: {join: [x, y], with: "-"}}}}\n'
            ),
            {"tags": ({"x": "int64", "y": "int64"}, [(1, 23), (12, 3), (-1, -2)])},
        )
    )
    assert whole.rows("select tag_id from stg_tags order by _sequence") == [("1-23",), ("12-3",), ("-1--2",)]


def test_a_lookup_adds_columns_and_never_rows(staged: Opens) -> None:
    lab = staged(
        shop=(
            (
                "tables: {sites: {key: [id]}, firms: {key: [row]}}\n"
                "entities:\n  stores:\n    table: sites\n    lookup:\n"
                "      firm: {table: firms, match: {firm: code}, deduplicate: {keep: latest, by: since}}\n"
                "    columns: {store_id: id, store_name: firm.name, city: city}\n"
            ),
            {
                "sites": (texts("id", "firm", "city"), [("1", "a", "x"), ("2", "b", "y"), ("3", None, "z")]),
                "firms": (
                    texts("row", "code", "name", "since"),
                    [
                        ("1", "a ", "old", "2020-01-01"),
                        ("2", "a", "new", "2024-01-01"),
                        ("3", None, "none", "2024-01-01"),
                        ("4", "a", "undated", None),
                    ],
                ),
            },
        )
    )
    assert lab.rows("select store_id, store_name, city, _rejected from stg_stores order by 1") == [
        ("1", "new", "x", None),
        ("2", None, "y", None),
        ("3", None, "z", None),
    ]
    assert lab.accounts() == {("stores", "shop", 1): (3, 0, 0, 0, 3, 0, 0)}


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("varchar", ["5", " 7.5 ", "10", "nan", "inf", "many", None]),
        ("double", [5.0, 7.5, 10.0, None, None, None, None]),
        ("decimal128(18, 4)", [Decimal(5), Decimal("7.5"), Decimal(10), None, None, None, None]),
    ],
)
def test_a_bound_compares_numbers_whatever_they_landed_as(
    staged: Opens, kind: str, cells: Sequence[Any]
) -> None:
    def kept(condition: str) -> list[int]:
        lab = staged(
            shop=(
                (
                    "tables: {tags: {key: [id]}}\n"
                    f"entities: {{tags: {{table: tags, where: {{n: {condition}}}, "
                    "columns: {tag_id: id}}}\n"
                ),
                {"tags": ({"id": "int64", "n": kind}, list(enumerate(cells)))},
            )
        )
        landed, superseded, deleted, filtered, accepted, quarantined, _ = lab.accounts()["tags", "shop", 1]
        assert (landed, superseded, deleted, filtered, quarantined) == (7, 0, 0, 7 - accepted, 0)
        return [int(key) for (key,) in lab.rows("select tag_id from stg_tags order by 1")]

    assert kept("{above: 5}") == [1, 2]
    assert kept("{at_least: 5, below: 10}") == [0, 1]
    assert kept("{at_most: 7.5}") == [0, 1]
    assert kept("{empty: true}") == [number for number, cell in enumerate(cells) if cell is None]


def test_a_bound_compares_days_in_the_zone_of_the_source(staged: Opens) -> None:
    cells = ["2024-01-01", "2023-12-31 23:30:00", "2023-12-31T23:30:00Z", "2024-01-02 10:00", "soon", None]
    lab = staged(
        shop=(
            (
                HEAD.replace("UTC", "Africa/Lagos") + "tables: {tags: {key: [id]}}\n"
                "entities: {tags: {table: tags, where: {at: {at_least: 2024-01-01, below: 2024-01-02}},"
                " columns: {tag_id: id}}}\n"
            ),
            {"tags": (texts("id", "at"), [(str(number), cell) for number, cell in enumerate(cells)])},
        )
    )
    assert lab.rows("select tag_id from stg_tags order by 1") == [("0",), ("2",)]  # Lagos is an hour ahead


def test_what_is_not_wanted_goes_and_what_has_no_value_stays(staged: Opens) -> None:
    rows = [("1", "void"), ("2", "draft"), ("3", None), ("4", "sold"), ("5", "Void")]
    lab = staged(
        shop=(
            (
                "tables: {tags: {key: [id]}}\n"
                "entities: {tags: {table: tags, where: {state: {not: [void, draft]}},"
                " columns: {tag_id: id}}}\n"
            ),
            {"tags": (texts("id", "state"), rows)},
        )
    )
    assert lab.rows("select tag_id from stg_tags order by 1") == [("3",), ("4",), ("5",)]
    assert lab.accounts()["tags", "shop", 1] == (5, 0, 0, 2, 3, 0, 0)


def test_a_formula_that_cannot_be_computed_is_no_value_and_stops_nothing(staged: Opens) -> None:
    rows = [("1", "2", 3), ("2", "x", 1), ("3", None, None), ("4", "5", 0), ("5", "1", 2**62)]
    lab = staged(
        shop=(
            (
                "tables: {tags: {key: [id]}}\nentities:\n  discounts:\n    table: tags\n"
                '    where: "not (n * 4 > 100 and n < 200)"\n    columns:\n'
                '      discount_id: id\n      discount_value: {sql: "cast(a as integer) / n"}\n'
                "      discount_name: {sql: \"upper(a) || '-' || cast(n as varchar)\"}\n"
                '      usage_limit: {sql: "n * 4"}\n'
            ),
            {"tags": ({"id": "varchar", "a": "varchar", "n": "int64"}, rows)},
        )
    )
    found = lab.rows(
        "select discount_id, discount_value, discount_name, usage_limit from stg_discounts order by 1"
    )
    third = Decimal("0.666667")
    assert found == [
        ("1", third, "2-3", 12),
        ("2", None, "X-1", 4),
        ("4", None, "5-0", 0),
        ("5", Decimal(0), f"1-{2**62}", None),  # four times as much is beyond a whole number
    ]  # of 3 the filter itself has no value
    assert lab.accounts()["discounts", "shop", 1] == (5, 0, 0, 1, 4, 0, 2)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('where: "a + n"', "the filter of tags"),
        ('where: "a > 5 and n * 2 = 1"', "the filter of tags"),
    ],
)
def test_a_formula_that_does_not_fit_its_columns_is_refused_before_anything_is_built(
    staged: Opens, line: str, what: str
) -> None:
    text = (
        "tables: {tags: {key: [id]}}\n"
        f"entities:\n  tags:\n    table: tags\n    {line}\n    columns: {{tag_id: id}}\n"
    )
    with pytest.raises(ConfigError, match=f"{what}: the formula .* does not fit its columns") as caught:
        staged(shop=(text, {"tags": ({"id": "varchar", "a": "varchar", "n": "bool"}, [])}))
    assert "a is varchar" in str(caught.value.expected)
    assert str(caught.value.where).endswith("shop.yml:6")


def test_of_rows_with_one_key_the_rule_tells_which_stands(staged: Opens) -> None:
    rows = [
        ("1", "x", "late", "10"), ("2", "x", "early", "9"), ("3", "x", "undated", None),
        ("4", "y", "only", None), ("5", None, "guest", "1"),
    ]  # fmt: skip

    def names(rule: str) -> list[tuple[Any, ...]]:
        lab = staged(
            shop=(
                (
                    "tables: {sales: {key: [nr]}}\n"
                    f"entities: {{users: {{table: sales, deduplicate: {rule},"
                    " where: {buyer: {empty: false}},"
                    " columns: {user_id: buyer, full_name: name}}}\n"
                ),
                {"sales": (texts("nr", "buyer", "name", "at"), rows)},
            )
        )
        assert lab.accounts()["users", "shop", 1] == (5, 2, 0, 1, 2, 0, 0)
        return lab.rows("select user_id, full_name from stg_users order by 1")

    assert names("{keep: latest, by: at}") == [("x", "late"), ("y", "only")]  # 10 is after 9, not before
    assert names("{keep: first, by: at}") == [("x", "early"), ("y", "only")]
    assert names("{keep: latest}") == [("x", "undated"), ("y", "only")]


def test_parts_with_shared_ids_give_way_to_the_one_that_comes_first(staged: Opens) -> None:
    text = (
        "tables: {new: {key: [id]}, old: {key: [id], optional: true}}\nentities:\n  tags:\n"
        "    - {table: old, precedence: 2, columns: {tag_id: id, tag_name: label}}\n"
        "    - {table: new, precedence: 1, columns: {tag_id: id, tag_name: name}}\n"
    )
    new: Table = (texts("id", "name"), [("1", "new"), (None, "lost")])
    old: Table = (texts("id", "label"), [("1", "old"), ("2", "old"), (None, "gone")])
    lab = staged(shop=(text, {"new": new, "old": old}))
    assert lab.rows("select tag_id, tag_name, _part from stg_tags where _rejected is null order by 1") == [
        ("1", "new", 2),
        ("2", "old", 1),
    ]
    assert lab.accounts() == {
        ("tags", "shop", 1): (3, 1, 0, 0, 1, 1, 0),
        ("tags", "shop", 2): (2, 0, 0, 0, 1, 1, 0),
    }
    alone = staged(shop=(text, {"new": new}))
    assert alone.rows("select tag_id, tag_name from stg_tags where _rejected is null") == [("1", "new")]


def test_two_sources_fill_one_entity_where_their_ids_cannot_collide(staged: Opens) -> None:
    def shop(namespace: str) -> str:
        return (
            f"mapping: {namespace}\ndescription: d\ntime_zone: UTC\nnamespace: {namespace}\n"
            "tables: {tags: {key: [id]}, links: {key: [product, tag]}}\n"
            "entities:\n  tags: {table: tags, columns: {tag_id: id, tag_name: name}}\n"
            "  product_tags: {table: links, columns: {product_id: product, tag_id: tag}}\n"
        )

    tables: dict[str, Table] = {
        "tags": (texts("id", "name"), [("1", "one")]),
        "links": (texts("product", "tag"), [("7", "1")]),
    }
    lab = staged(ghana=(shop("gh"), tables), nigeria=(shop("ng"), tables))
    assert lab.rows("select tag_id, _source from stg_tags order by 1") == [
        ("gh:1", "ghana"),
        ("ng:1", "nigeria"),
    ]
    joined = "select product_id, tag_name from stg_product_tags join stg_tags using (tag_id) order by 1"
    assert lab.rows(joined) == [("gh:7", "one"), ("ng:7", "one")]
    assert set(lab.accounts().values()) == {(1, 0, 0, 0, 1, 0, 0)}
    assert len(lab.accounts()) == 4


def test_two_sources_that_could_give_one_id_to_different_rows_are_refused(staged: Opens) -> None:
    tables: dict[str, Table] = {"tags": (texts("id", "name"), [])}
    text = "tables: {tags: {key: [id]}}\n" + TAGS
    with pytest.raises(ConfigError, match="two parts fill tags") as caught:
        staged(one=(text, tables), two=(text, tables))
    assert "namespace" in str(caught.value.expected)

    def ranked(precedence: int) -> str:
        return text.replace("table: tags,", f"table: tags, precedence: {precedence},")

    lab = staged(one=(ranked(1), tables), two=(ranked(2), tables))
    assert lab.rows("select count(*) from stg_tags") == [(0,)]
    with pytest.raises(ConfigError, match="two parts fill tags"):
        staged(one=(ranked(1), tables), two=(ranked(1), tables))


def test_values_of_an_enum_that_nobody_mapped_are_counted_as_written(staged: Opens) -> None:
    rows = [("1", "done"), ("2", "Lost "), ("3", "Lost"), ("4", None), ("5", "COMPLETED"), ("6", "odd")]
    lab = staged(
        shop=(
            (
                "tables: {o: {key: [id]}}\nentities:\n  returns:\n    table: o\n    columns:\n"
                "      {return_id: id, request_at: {constant: '2024-01-01'},\n"
                "       status: {from: s, values: {done: COMPLETED}}}\n"
            ),
            {"o": (texts("id", "s"), rows)},
        )
    )
    found = lab.rows(
        "select entity, column_name, source, table_name, written, held_by_rows from enum_drift order by 5"
    )
    assert found == [
        ("returns", "status", "shop", "o", "Lost", 2),
        ("returns", "status", "shop", "o", "odd", 1),
    ]
    assert lab.accounts()["returns", "shop", 1] == (6, 0, 0, 0, 6, 0, 3)


def test_a_source_that_never_says_unchanged_is_staged_as_well(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "tables: {tags: {key: [id]}}\n" + TAGS)
    rows = {
        "tags": [Change("snapshot", {"id": "1", "name": "a"}), Change("upsert", {"id": "1", "name": None}, 2)]
    }
    lab = Lab(tmp_path, {"shop": Landed(mapping, {"tags": texts("id", "name")}, rows, tells_unchanged=False)})
    try:
        assert "_unchanged is null" not in lab.sql("rows_shop__tags")
        assert lab.rows("select tag_id, tag_name, _repairs from stg_tags") == [("1", None, None)]
    finally:
        lab.close()


def test_tables_of_any_name_get_models_of_their_own(staged: Opens) -> None:
    names = ["Tags", "tags", "t a g s", "T\u00e4gs & Co"]
    for name in names:
        lab = staged(
            shop=(
                (
                    f"tables: {{{name!r}: {{key: [id]}}}}\n"
                    f"entities: {{tags: {{table: {name!r}, columns: {{tag_id: id}}}}}}\n"
                ),
                {name: (texts("id"), [("1",)])},
            )
        )
        assert lab.rows("select tag_id from stg_tags") == [("1",)]
