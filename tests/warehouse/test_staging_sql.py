"""The generated staging model: keys, spellings and columns that look alike but are not."""

from __future__ import annotations

import duckdb
import pytest

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import load_entities
from amalimart.mapping.parts import EntityPart
from amalimart.mapping.shape import ColumnMapping, RowFilter
from amalimart.warehouse.staging_sql import StagedEntity, staging_sql


def staged(entity: str, columns: dict[str, ColumnMapping], **landed: str) -> StagedEntity:
    return StagedEntity(
        name=entity,
        entity=load_entities()[entity],
        mapped=EntityPart(entity, 1, "landed", columns, RowFilter(), None, {}, None, {}, "here"),
        columns=columns,
        relation="landed",
        landed_types=landed or {origin.source: "varchar" for origin in columns.values() if origin.source},
        source_zone="UTC",
        business_zone="UTC",
    )


def comes_from(source: str, **more: object) -> ColumnMapping:
    return ColumnMapping.model_validate({"from": source, **more})


def run(model: StagedEntity, columns: str, *rows: tuple[object, ...]) -> list[tuple[object, ...]]:
    """The model's rows over landed rows, each a snapshot of batch 1."""
    with duckdb.connect() as engine:
        names = ", ".join(f'"{name}" varchar' for name in columns.split())
        engine.execute(f"create table landed ({names}, _op varchar, _batch bigint, _sequence bigint)")
        for number, row in enumerate(rows, 1):
            marks = ", ".join("?" for _ in range(len(row) + 3))
            engine.execute(f"insert into landed values ({marks})", [*row, "snapshot", 1, number])
        return engine.execute(staging_sql(model) + " order by _sequence").fetchall()


def test_two_keys_that_read_alike_when_joined_are_two_keys() -> None:
    model = staged("product_categories", {"product_id": comes_from("p"), "category_id": comes_from("c")})
    found = run(model, "p c", ("a\x1fb", "c"), ("a", "b\x1fc"), ("1:2", "3"), ("1", "2:3"), ("1", "12:3"))
    assert [row[-4] for row in found] == [None] * 5


def test_an_id_cannot_pass_for_a_row_without_a_key() -> None:
    model = staged("tags", {"tag_id": comes_from("t")})
    found = run(model, "t", (None,), ("?1:1",), ("=?1:1",))
    assert [row[-4] for row in found] == ["tag_id is missing", None, None]


def test_an_id_is_one_whatever_blanks_stand_around_it() -> None:
    found = run(staged("tags", {"tag_id": comes_from("t")}), "t", ("7\t",), (" \u00a07\r",))
    assert [(row[0], row[-4] is None) for row in found] == [("7", False), ("7", True)]


def test_what_the_mapping_writes_comes_before_a_values_own_name() -> None:
    values = {"done": "COMPLETED", "completed": "DELIVERED"}
    columns = {"order_id": comes_from("o"), "status": comes_from("s", values=values)}
    found = run(staged("orders", columns), "o s", ("1", "done"), ("2", "Completed"), ("3", "delivered"))
    assert [row[3] for row in found] == ["COMPLETED", "DELIVERED", "DELIVERED"]


def test_one_spelling_with_two_meanings_is_refused() -> None:
    values = {"sent out": "DISPATCHED", "Sent-Out": "DELIVERED"}
    model = staged("orders", {"order_id": comes_from("o"), "status": comes_from("s", values=values)})
    with pytest.raises(ConfigError, match=r"orders\.status: the value 'Sent-Out' is mapped twice"):
        staging_sql(model)


def test_columns_that_differ_in_case_only_are_refused() -> None:
    """The engine would answer with either of them."""
    model = staged("tags", {"tag_id": comes_from("Id")}, Id="varchar", id="varchar")
    with pytest.raises(ConfigError, match="differ in case only"):
        staging_sql(model)


def test_a_source_column_may_have_any_name() -> None:
    """Also one that the model uses itself, or another canonical column's."""
    columns = {
        "tag_id": comes_from("_rank"),
        "tag_name": comes_from("tag_id"),
        "created_at": comes_from("_matches"),
    }
    found = run(staged("tags", columns), "_rank tag_id _matches", ("1", "new", "2026-03-01"))
    assert found[0][:2] == ("1", "new")
    assert found[0][-4:] == (None, None, 1, 1)


@pytest.mark.parametrize("text", ["{{ x }}", "{% x %}", "{# x #}"])
def test_the_template_language_reads_nothing_of_a_mapping(text: str) -> None:
    for column in (comes_from("s", values={text: "OPEN"}), comes_from("s", format=text), comes_from(text)):
        entity, name = ("orders", "status") if column.values else ("orders", "order_date")
        model = staged(entity, {"order_id": comes_from("o"), name: column})
        with pytest.raises(ConfigError, match="brace"):
            staging_sql(model)
