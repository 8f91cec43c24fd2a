"""A release of another project builds anew what is defined otherwise, nothing else, and is never wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from amalimart.core.errors import CheckFailed, ModelFailed
from amalimart.warehouse import building
from amalimart.warehouse.project import compiler, project_changes
from amalimart.warehouse.project.fingerprints import words_of
from amalimart.warehouse.project.project_files import ProjectSettings
from tests.warehouse.edited_project import (
    FILES,
    KEPT,
    MAPPING,
    EditedShop,
    Row,
    published_shop,
)
from tests.warehouse.project_edits import COLUMN_EDITS, LINES, SALES, VIEW
from tests.warehouse.rendered_project import rendered_manifest

MORE: list[Row] = [
    {"id": "2", "buyer": "7", "at": "2026-03-02", "total": "25", "state": "done", "channel": "web"},
    {"id": "4", "buyer": None, "at": "2026-03-04", "total": "1", "state": "done", "channel": "app"},
]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop whose first release is out; each test has a copy of it."""
    folder = tmp_path_factory.mktemp("published") / "shop"
    return published_shop(folder, SALES, LINES)


@pytest.fixture
def shop(published: Path) -> Iterator[EditedShop]:
    opened = EditedShop(published)
    yield opened
    opened.close()


def edit(shop: EditedShop, old: str, new: str, name: str = "models/gold/kept.sql") -> None:
    assert old in shop.files[name]
    shop.files[name] = shop.files[name].replace(old, new)


def built(shop: EditedShop) -> set[str]:
    """The models whose definition the next release takes up."""
    report = shop.publish()
    assert report is not None
    taken = f"select unique_id from meta.models where built_in = {report.release.release_id}"
    return {str(name).rpartition(".")[2] for (name,) in shop.rows(taken)}


@pytest.mark.slow
def test_dbt_compiles_what_the_tests_render(shop: EditedShop, tmp_path: Path) -> None:
    shop.graph()
    folder, settings = shop.folder / "dbt", ProjectSettings(business_zone=shop.zone)
    ours = rendered_manifest(folder, settings)
    theirs = compiler._trimmed(compiler._run_dbt(folder, tmp_path / "work", settings))
    models = {key for key, node in theirs["nodes"].items() if node["resource_type"] == "model"}
    assert models == {key for key in ours["nodes"] if key.startswith("model.")}
    assert sorted(theirs["sources"]) == ours["sources"]
    for model in models:
        for part in ("schema", "language", "database", "original_file_path"):
            assert ours["nodes"][model].get(part) == theirs["nodes"][model].get(part)
        assert ours["nodes"][model]["compiled_code"] == theirs["nodes"][model]["compiled_code"].strip()
        parents = [set(each["nodes"][model]["depends_on"]["nodes"]) for each in (ours, theirs)]
        assert parents[0] == parents[1]


# What is built anew.


def test_a_comment_or_a_line_break_builds_nothing_anew(shop: EditedShop) -> None:
    edit(shop, "select\n", "-- What is kept.\nselect /* all\nof it */\n\n\n")
    report = shop.publish()
    assert report is not None
    assert (report.models, report.rows, report.checks) == (0, 0, ())
    assert report.release.release_id == 2
    assert shop.publish() is None


def test_a_changed_model_is_taken_up_and_what_reads_it_follows_its_changes(shop: EditedShop) -> None:
    edit(shop, "where _rejected", "where total_amount > 10 and _rejected")
    report = shop.publish()
    assert report is not None
    assert shop.rows("select unique_id from meta.models where built_in = 2") == [("model.marketplace.kept",)]
    # kept, by_customer, lines, star and the view of it; the other fifty and more are left alone
    assert report.models == 5
    assert shop.rows("select order_id from gold.star order by 1") == [("2",), ("3",)]


def test_a_change_that_changes_no_row_stops_there(shop: EditedShop) -> None:
    edit(shop, "where _rejected", "where total_amount >= 0 and _rejected")
    report = shop.publish()
    assert report is not None
    assert report.models == 0


@pytest.mark.slow
def test_what_reads_a_large_model_is_built_anew_with_it(
    shop: EditedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "COMPARED_ROWS", 1)
    edit(shop, "where _rejected", "where total_amount >= 0 and _rejected")
    report = shop.publish()
    assert report is not None
    assert report.models == 5
    shop.see_it_holds()


def test_a_new_setting_builds_the_models_that_read_it(shop: EditedShop) -> None:
    shop.files["models/gold/late.sql"] = "select {{ var('sla_days_express') }} as days"
    assert built(shop) == {"late"}
    shop.sla_days = 3
    assert built(shop) == {"late"}
    assert shop.rows("select days from gold.late") == [(3,)]


@pytest.mark.slow
def test_another_make_builds_everything_anew(shop: EditedShop) -> None:
    models = len(shop.rows("select * from meta.models"))
    shop.zone = "Africa/Lagos"
    report = shop.publish()
    assert report is not None
    assert report.models == models
    assert shop.rows("select distinct built_in from meta.models") == [(2,)]
    assert shop.publish() is None
    shop.see_it_holds()


@pytest.mark.parametrize("part", ["versions", "FORMAT"])
def test_another_engine_or_form_of_what_is_compiled_is_another_make(
    shop: EditedShop, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    before = project_changes.environment(ZoneInfo(shop.zone))
    assert shop.rows("select environment from meta.built_with") == [(before,)]
    monkeypatch.setattr(project_changes, part, lambda: "another engine" if part == "versions" else -1)
    assert project_changes.environment(ZoneInfo(shop.zone)) != before


def test_a_hot_file_that_knows_nothing_of_its_models_is_built_anew(shop: EditedShop) -> None:
    with shop.hot_file.write() as cursor:
        for table in ("models", "checks", "built_with"):
            cursor.execute(f"drop table meta.{table}")
    folder, path = shop.lake.root, shop.hot_file.path
    shop.hot_file.close()
    shop.hot_file = type(shop.hot_file)(path, readable_folders=[folder])
    report = shop.publish()
    assert report is not None
    assert report.models == len(shop.rows("select * from meta.models"))


def test_a_release_that_is_held_back_leaves_the_definitions_as_they_were(shop: EditedShop) -> None:
    edit(shop, "total_amount\n", "total_amount * 100000 as total_amount\n")
    before = shop.rows("select * from meta.models order by 1")
    with pytest.raises(CheckFailed, match="no_total_is_absurd"):
        shop.publish()
    assert shop.rows("select * from meta.models order by 1") == before
    shop.files = dict(FILES)
    assert shop.publish() is None  # the project that is served again
    shop.see_it_holds()


# Relations that come, go and change their kind.


def test_a_renamed_model_leaves_nothing_behind(shop: EditedShop) -> None:
    shop.files["models/gold/stars.sql"] = shop.files.pop("models/gold/star.sql")
    edit(shop, "'star'", "'stars'", "models/gold/seen.sql")
    assert built(shop) == {"stars", "seen"}
    assert shop.rows("select count(*) from information_schema.tables where table_name = 'star'") == [(0,)]
    shop.see_it_holds()


@pytest.mark.slow
def test_a_view_becomes_a_table_and_a_table_a_view_while_data_changes(shop: EditedShop) -> None:
    edit(shop, VIEW.strip(), "", "models/gold/seen.sql")
    shop.files["models/gold/kept.sql"] = VIEW + KEPT
    shop.land("sales", MORE)
    shop.see_it_holds()
    shop.files = dict(FILES)
    shop.land("sales", SALES)
    shop.see_it_holds()


@pytest.mark.slow
def test_two_models_may_swap_their_places(shop: EditedShop) -> None:
    """Whose table stands at a place is told by the model's id, not by the place."""
    shop.files["models/gold/left.sql"] = "{{ config(alias='one') }} select 1 as one"
    shop.files["models/gold/right.sql"] = "{{ config(alias='two') }} select 2 as one"
    shop.files["models/gold/both.sql"] = (
        "select one from {{ ref('left') }} union all select one + 10 from {{ ref('right') }}"
    )
    shop.see_it_holds()
    edit(shop, "one'", "two'", "models/gold/left.sql")
    edit(shop, "two'", "one'", "models/gold/right.sql")
    shop.see_it_holds()
    assert shop.rows("select one from gold.two") == [(1,)]
    assert shop.rows("select one from gold.both order by 1") == [(1,), (12,)]


# Columns, while data changes in the same batch.


@pytest.mark.slow
@pytest.mark.parametrize("change", COLUMN_EDITS)
@pytest.mark.parametrize("compared", [100_000, 0])
def test_each_change_of_columns_is_never_mixed_with_the_rows_of_before(
    shop: EditedShop, monkeypatch: pytest.MonkeyPatch, change: str, compared: int
) -> None:
    """Silent wrong answer: rows put by position into a table whose columns are others."""
    monkeypatch.setattr(building, "COMPARED_ROWS", compared)
    edit(shop, *COLUMN_EDITS[change])
    if change == "swapped with one of its type":
        edit(shop, "order_id, data_tests: [not_null, unique]", "order_id", "models/gold/kept.yml")
        edit(shop, "stg_orders: order_id", "stg_orders: all", "models/gold/kept.yml")
    shop.land("sales", MORE)
    shop.land("lines", [{"id": "c", "sale": "4", "count": "9"}])
    shop.see_it_holds()
    shop.land("sales", SALES)
    shop.see_it_holds()


def test_a_change_of_columns_is_never_mixed_with_the_rows_of_before(shop: EditedShop) -> None:
    """The same in short: each change after the other, data changing with it; the slow form has each alone."""
    for number, change in enumerate(["reordered", "retyped to a narrower number"]):
        shop.files["models/gold/kept.sql"] = KEPT.replace(*COLUMN_EDITS[change])
        shop.land("sales", MORE if number % 2 else SALES)
        shop.see_it_holds()


@pytest.mark.slow
def test_a_mapping_that_gains_and_loses_a_column_while_data_changes(shop: EditedShop) -> None:
    shop.mapping = MAPPING.replace("order_date: at\n", "order_date: at\n      channel: channel\n")
    shop.land("sales", MORE)
    names = built(shop)
    assert {"rows_bazaar__sales", "stg_orders"} <= names
    assert not names & {"rows_bazaar__lines", "stg_order_items", "kept", "lines"}
    shop.see_it_holds()
    assert ("web",) in shop.rows("select channel from staging.stg_orders")
    shop.mapping = MAPPING
    shop.land("sales", SALES)
    shop.see_it_holds()


@pytest.mark.slow
def test_a_mapping_that_reads_a_value_otherwise_is_taken_up(shop: EditedShop) -> None:
    edit(shop, "total_amount\nfrom", "total_amount,\n    status\nfrom")
    shop.see_it_holds()
    shop.mapping = MAPPING.replace("gone: CANCELLED", "gone: RETURNED")
    assert built(shop) == {"stg_orders", "enum_drift"}
    assert ("RETURNED",) in shop.rows("select status from gold.star")
    shop.see_it_holds()


def test_a_landed_type_that_widens_is_rebuilt_although_no_text_changes(shop: EditedShop) -> None:
    """Silent wrong answer, or a release that never comes: a number that its column is too narrow for."""
    assert shop.rows("select data_type from duckdb_columns() where column_name = 'count'") != []
    shop.count_type = pa.int64()
    shop.land("lines", [{"id": "c", "sale": "1", "count": "3000000000"}])
    shop.see_it_holds()
    assert (3_000_000_000,) in shop.rows("select count from staging.rows_bazaar__lines")


# Checks.


def test_a_new_or_changed_check_alone_is_run_whole_and_no_model_is_built(shop: EditedShop) -> None:
    edit(shop, "{name: total_amount}", "{name: total_amount, data_tests: [not_null]}", "models/gold/kept.yml")
    edit(shop, "> 100000", "> 90000", "tests/no_total_is_absurd.sql")
    report = shop.publish()
    assert report is not None
    assert report.models == 0
    run = sorted((result.name, result.is_whole) for result in report.checks)
    assert run == [("no_total_is_absurd", True), ("not_null_kept_total_amount", True)]


def test_a_check_that_becomes_stricter_holds_the_release_back(shop: EditedShop) -> None:
    warning = "{{ config(severity='warn') }} select * from {{ ref('kept') }} where total_amount > 15"
    shop.files["tests/no_total_is_absurd.sql"] = warning
    report = shop.publish()
    assert report is not None
    assert [result.failing_rows for result in report.warnings] == [2]
    edit(shop, "warn", "error", "tests/no_total_is_absurd.sql")
    with pytest.raises(CheckFailed, match=r"no_total_is_absurd \(2 rows\)"):
        shop.publish()


def test_a_check_that_is_taken_away_is_forgotten(shop: EditedShop) -> None:
    del shop.files["tests/no_total_is_absurd.sql"]
    report = shop.publish()
    assert report is not None
    assert report.checks == ()
    assert shop.rows("select * from meta.check_results where check_name = 'no_total_is_absurd'") == []


def test_a_column_that_is_gone_is_said_of_the_model_that_reads_it(shop: EditedShop) -> None:
    edit(shop, "    customer_id,\n", "")
    with pytest.raises(ModelFailed, match=r"gold\.by_customer.*customer_id"):
        shop.publish()
    assert shop.rows("select count(*) from gold.by_customer") == [(2,)]


# Words.


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("select 1 -- one", "select  1", True),
        ("-- one\nselect 1", "select 1", True),
        ("select a/* b */from t", "select a from t", True),
        ("select 'a--b'", "select 'a'", False),
        ("select 'a  b'", "select 'a b'", False),
        ('select "A"', "select A", False),
        ("select 0x10", "select 0 x10", False),
        ("select a from t", "select a, b from t", False),
        ("select 1e2", "select 1 e2", False),
        ("select e'x'", "select e 'x'", False),
        ("select e'it\\'s -- x' -- y", "select e'it\\'s -- x'", True),
        ("select 'a\\' -- y", "select 'a\\'", True),
        ("select $$a -- b$$", "select $$a$$", False),
        ("select 'it''s /* no */ comment'", "select 'it''s  comment'", False),
        ("select 1 /* a /* b */ c */", "select 1", False),  # rebuilt for nothing, and never the other way
        ("select a,b,c::int", "select a , b, c :: int", True),
        ("select a - -1", "select a --1", False),
    ],
)
def test_a_definition_is_known_by_its_words(one: str, other: str, same: bool) -> None:
    assert (words_of(one) == words_of(other)) is same
