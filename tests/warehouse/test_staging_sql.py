"""The generated staging models: keys, spellings and columns that look alike but are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import load_entities
from amalimart.mapping.parts import EntityPart
from amalimart.mapping.shape import ColumnMapping, RowFilter
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.staging.entity_sql import SAME_BATCH, SAME_KEY, staging_sql
from amalimart.warehouse.staging.files import write_staging
from amalimart.warehouse.staging.landed import LandedSource
from amalimart.warehouse.staging.staged import StagedPart, StagedTable
from tests.warehouse.staging_lab import Change, Lab, Landed, mapping_of

Rows = Mapping[str, Sequence[Change]]


class Opens(Protocol):
    def __call__(
        self, text: str, rows: Rows, types: Mapping[str, Mapping[str, str]] | None = None
    ) -> Lab: ...


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Opens]:
    """Opens a lab over one source; columns are text unless their type is given."""
    opened: list[Lab] = []

    def open_lab(text: str, rows: Rows, types: Mapping[str, Mapping[str, str]] | None = None) -> Lab:
        mapping = mapping_of(tmp_path, text)
        tables = {
            table: {column: (types or {}).get(table, {}).get(column, "varchar") for column in columns}
            for table, columns in mapping.landed.items()
        }
        opened.append(Lab(tmp_path, {"shop": Landed(mapping, tables, rows)}))
        return opened[-1]

    yield open_lab
    for lab in opened:
        lab.close()


def snapshot(*rows: Mapping[str, Any]) -> list[Change]:
    return [Change("snapshot", row) for row in rows]


def test_two_keys_that_read_alike_when_joined_are_two_keys(staged: Opens) -> None:
    pairs = [("a\x1fb", "c"), ("a", "b\x1fc"), ("1:2", "3"), ("1", "2:3"), ("1", "12:3")]
    lab = staged(
        "tables: {links: {key: [p, c]}}\n"
        "entities: {product_categories: {table: links, columns: {product_id: p, category_id: c}}}\n",
        {"links": snapshot(*({"p": p, "c": c} for p, c in pairs))},
    )
    found = lab.rows(
        "select product_id, category_id, _rejected from stg_product_categories order by _sequence"
    )
    assert found == [(*pair, None) for pair in pairs]


TAGS = "tables: {tags: {key: [t]}}\nentities: {tags: {table: tags, columns: {tag_id: t, tag_name: n}}}\n"


def test_an_id_cannot_pass_for_a_row_without_a_key(staged: Opens) -> None:
    lab = staged(TAGS, {"tags": snapshot({"t": None}, {"t": None}, {"t": "?1:1"}, {"t": "=?1:1"})})
    missing = ("tag_id is missing",)
    assert lab.rows("select _rejected from stg_tags order by _sequence") == [
        missing,
        missing,
        (None,),
        (None,),
    ]


def test_an_id_is_one_whatever_blanks_stand_around_it(staged: Opens) -> None:
    """Two rows of the source, which are one tag: the later one stands, and nothing is dropped silently."""
    lab = staged(TAGS, {"tags": snapshot({"t": "7\t"}, {"t": " \u00a07\r"}, {"t": "8"})})
    assert lab.rows("select tag_id, _rejected from stg_tags order by _sequence") == [
        ("7", SAME_KEY),
        ("7", None),
        ("8", None),
    ]


def test_a_row_that_goes_takes_no_other_row_of_the_same_id_with_it(staged: Opens) -> None:
    changes = [*snapshot({"t": "7 ", "n": "one"}, {"t": "7", "n": "two"}), Change("delete", {"t": "7"}, 2)]
    lab = staged(TAGS, {"tags": changes})
    assert lab.rows("select tag_id, tag_name, _rejected from stg_tags") == [("7", "one", None)]


def test_a_row_that_one_snapshot_holds_twice_is_told_of_until_a_change_replaces_both(staged: Opens) -> None:
    doubled = snapshot({"t": "7", "n": "one"}, {"t": "7", "n": "two"})
    lab = staged(TAGS, {"tags": doubled})
    assert lab.rows("select tag_name, _rejected from stg_tags order by _sequence") == [
        ("one", SAME_BATCH),
        ("two", None),
    ]
    assert lab.accounts() == {("tags", "shop", 1): (2, 0, 0, 0, 1, 1, 0)}
    lab = staged(TAGS, {"tags": [*doubled, Change("upsert", {"t": "7", "n": "three"}, 2)]})
    assert lab.rows("select tag_name, _rejected from stg_tags") == [("three", None)]
    assert lab.accounts() == {("tags", "shop", 1): (3, 2, 0, 0, 1, 0, 0)}


def test_a_delete_of_what_never_was_is_counted_and_harmless(staged: Opens) -> None:
    lab = staged(TAGS, {"tags": [*snapshot({"t": "1"}), Change("delete", {"t": "9"}, 2)]})
    assert lab.rows("select tag_id from stg_tags") == [("1",)]
    assert lab.accounts() == {("tags", "shop", 1): (2, 0, 1, 0, 1, 0, 0)}


def test_a_truncate_takes_every_earlier_row_and_none_after(staged: Opens) -> None:
    changes = [
        *snapshot({"t": "1"}, {"t": "2"}, {"t": None}),
        Change("truncate", {}, 2),
        Change("upsert", {"t": "2"}, 2),
        Change("upsert", {"t": "3"}, 3),
    ]
    lab = staged(TAGS, {"tags": changes})
    assert lab.rows("select tag_id from stg_tags order by 1") == [("2",), ("3",)]
    assert lab.accounts() == {("tags", "shop", 1): (6, 3, 1, 0, 2, 0, 0)}


def test_a_column_that_was_not_repeated_keeps_what_was_told_last(staged: Opens) -> None:
    changes = [
        *snapshot({"t": "1", "n": "long"}, {"t": "2", "n": "other"}, {"t": "3", "n": "third"}),
        Change("upsert", {"t": "1", "n": None}, 2, ("n",)),
        Change("upsert", {"t": "2", "n": None}, 2),  # an explicit null, which the next change leaves as it is
        Change("upsert", {"t": "2", "n": None}, 3, ("n",)),
        Change("delete", {"t": "3"}, 4),
        Change("upsert", {"t": "3", "n": None}, 4, ("n",)),  # of a row that had gone: nobody knows
    ]
    lab = staged(TAGS, {"tags": changes})
    assert lab.rows("select tag_id, tag_name, _repairs from stg_tags order by 1") == [
        ("1", "long", None),
        ("2", None, None),
        ("3", None, "the source did not repeat n"),
    ]


def test_a_row_whose_entity_key_changes_leaves_nothing_behind(staged: Opens) -> None:
    lab = staged(
        "tables: {sales: {key: [row]}}\n"
        "entities: {users: {table: sales, deduplicate: {keep: latest}, columns: {user_id: buyer}}}\n",
        {"sales": [*snapshot({"row": 1, "buyer": "a"}), Change("upsert", {"row": 1, "buyer": "b"}, 2)]},
        {"sales": {"row": "int64"}},
    )
    assert lab.rows("select user_id, _rejected from stg_users") == [("b", None)]


def test_what_the_mapping_writes_comes_before_a_values_own_name(staged: Opens) -> None:
    lab = staged(
        "tables: {o: {}}\n"
        "entities:\n  order_items:\n    table: o\n    columns:\n"
        "      {order_item_id: i, quantity: q, unit_price: q, currency: {constant: GHS},\n"
        "       status: {from: s, values: {done: COMPLETED, completed: DISPATCHED}}}\n",
        {
            "o": snapshot(
                {"i": "1", "q": "1", "s": "done"},
                {"i": "2", "q": "1", "s": "Completed"},
                {"i": "3", "q": "1", "s": "dispatched"},
            )
        },
    )
    found = lab.rows("select status from stg_order_items order by order_item_id")
    assert found == [("COMPLETED",), ("DISPATCHED",), ("DISPATCHED",)]


def test_one_spelling_with_two_meanings_is_refused(staged: Opens) -> None:
    text = (
        "tables: {o: {}}\n"
        "entities: {returns: {table: o, columns: {return_id: i, request_at: a,\n"
        "  status: {from: s, values: {sent out: APPROVED, Sent-Out: REJECTED}}}}}\n"
    )
    with pytest.raises(ConfigError, match=r"returns\.status: the value 'Sent-Out' is mapped twice"):
        staged(text, {})


def test_columns_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    """The engine would answer with either of them."""
    mapping = mapping_of(tmp_path, TAGS.replace("tag_id: t", "tag_id: Id").replace("[t]", "[Id]"))
    landed = Landed(mapping, {"tags": {"Id": "varchar", "n": "varchar"}}, {})
    other = {"tags": {"Id": "varchar", "id": "varchar", "n": "varchar"}}
    Lab(tmp_path / "one", {"shop": landed}).close()
    with pytest.raises(ConfigError, match="differ in case only"):
        write(tmp_path / "two", mapping, other)


def write(folder: Path, mapping: SourceMapping, tables: Mapping[str, Mapping[str, str]]) -> None:
    folder.mkdir()
    write_staging(folder / "models", folder / "tests", [LandedSource("shop", mapping, tables)], "UTC")


def test_a_source_column_may_have_any_name(staged: Opens) -> None:
    """Also one that a model uses itself, or another canonical column's."""
    names = ["_last", "_order", "tag_id", "_op_", "told", "from t", "order by 1; --", 'a"b', "t.\u00e9"]
    given = {name: f"value of {name}" for name in names}
    for first in names:
        others = [name for name in names if name != first]
        lab = staged(
            f"tables: {{tags: {{key: [{first!r}]}}}}\n"
            "entities:\n  tags:\n    table: tags\n"
            f"    where: {{{others[0]!r}: {{empty: false}}}}\n"
            f"    columns: {{tag_id: {{from: {first!r}}}, tag_name: {{from: {others[1]!r}}}}}\n",
            {"tags": [*snapshot({**given, others[1]: "old"}), Change("upsert", given, 2, (others[1],))]},
        )
        assert lab.rows("select tag_id, tag_name, _rejected from stg_tags") == [(given[first], "old", None)]


@pytest.mark.parametrize("text", ["{{ x }}", "{% x %}", "{# x #}"])
def test_the_template_language_reads_nothing_of_a_mapping(text: str) -> None:
    """A mapping file with such a text is refused before; staging does not rely on that."""
    for spec in ({"from": "s", "values": {text: "OPEN"}}, {"from": "s", "format": text}, {"from": text}):
        entity, name = ("orders", "status") if "values" in spec else ("orders", "order_date")
        columns = {
            key: ColumnMapping.model_validate(value)
            for key, value in {"order_id": {"from": "o"}, name: spec}.items()
        }
        part = EntityPart(entity, 1, "landed", columns, RowFilter(), None, {}, None, {}, "here")
        read = tuple(origin.source for origin in columns.values() if origin.source)
        table = StagedTable(
            "shop",
            "landed",
            "landed",
            "rows_landed",
            "rows_landed",
            ("o",),
            read,
            dict.fromkeys(read, "varchar"),
        )
        staged_part = StagedPart(load_entities()[entity], part, table, {}, "stg_orders", "UTC", "UTC")
        with pytest.raises(ConfigError, match="brace"):
            staging_sql(staged_part)
