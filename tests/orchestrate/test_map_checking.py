"""A mapping held against its source: drift with its rows, what is left out, and what cannot be answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.config.project import Project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import ConfigError, SourceMismatch, SourceUnreachable
from amalimart.mapping.entities import load_entities
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.sources.map_checking import check_map
from amalimart.orchestrate.sources.map_drafting import (
    as_mapping,
    draft_file,
    draft_source,
    refuse_overwriting,
    save_draft,
)
from amalimart.orchestrate.sources.settings import write_source

if TYPE_CHECKING:
    from tests.mariadb_server import MySQLDatabase
    from tests.sources.conftest import Database

MAPPING = """\
mapping: shop
description: a shop
time_zone: Africa/Accra
tables:
  sales:
    key: [id]
    secret: [card_number, pin]
    ignored: {note: "to be decided: free text", shelf: not asked for}
  archive: {unmapped: replaced by sales}
  returned: {key: [id], optional: true}
entities:
  orders:
    table: sales
    columns:
      order_id: id
      order_date: at
      total_amount: total
      status: {from: state, values: {paid: CONFIRMED, Sent out: DISPATCHED}}
      channel: {from: via, optional: true}
      currency: {constant: GHS}
  returns:
    table: returned
    columns: {return_id: id, request_at: at}
"""
SALES = """\
id,at,total,state,note,card_number,shelf,colour
1,2026-03-01,10.10,paid,x,4,7,red
2,2026-03-02,20.20,SENT-OUT,,4,7,red
3,2026-03-03,1,zapped,,4,7,red
4,2026-03-04,1,zapped,,4,7,red
5,2026-03-05,1,,,4,7,red
6,2026-03-06,1,Lost,,4,7,red
"""
TABLES = """
create table sales (
    id bigint primary key, at timestamp, total decimal(12, 2), state varchar(20), note varchar(20),
    card_number varchar(20), shelf varchar(20), colour varchar(20)
);
insert into sales (id, state) values
    (1, 'paid'), (2, 'SENT-OUT'), (3, 'zapped'), (4, 'zapped'), (5, null), (6, 'Lost')
"""


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "sales.csv").write_text(SALES)
    (folder / "archive.csv").write_text("id\n1\n")
    (folder / "forgotten.csv").write_text("id\n1\n")
    return folder


def project_on(tmp_path: Path, folder: Path, mapping: str = MAPPING) -> Project:
    project = init_project(tmp_path / "home")
    (project.overlay("sources") / "shop.yml").write_text(mapping)
    return add_source(project, "shop", SourceSettings(kind="files", mapping="shop", folder=folder))


def test_everything_that_is_left_out_is_told_in_its_own_place(tmp_path: Path, drop: Path) -> None:
    found = check_map(project_on(tmp_path, drop), "shop")
    assert found.usable
    assert found.entities == ("orders",)
    assert found.unmapped == {"archive": "replaced by sales"}
    assert found.unlisted_tables == ("forgotten",)
    assert found.unlisted_columns == ("sales.colour",)
    assert found.to_be_decided == ("sales.note",)
    assert found.absent_optional == ("returned", "sales.via")
    assert found.secrets == ("sales.card_number",)
    assert set(found.missing_entities) == set(load_entities()) - {"orders"}
    assert "orders.channel" in found.missing_columns
    assert "orders.total_amount" not in found.missing_columns


def test_values_without_a_meaning_are_counted_and_blanks_are_none(tmp_path: Path, drop: Path) -> None:
    (drift,) = check_map(project_on(tmp_path, drop), "shop").drift
    assert (drift.table, drift.column, drift.canonical) == ("sales", "state", "orders.status")
    assert dict(drift.values) == {"zapped": 2, "Lost": 1}
    assert (drift.rows, drift.looked_at, drift.complete) == (3, 6, True)


def test_metrics_without_an_answer_say_what_they_lack(tmp_path: Path, drop: Path) -> None:
    found = check_map(project_on(tmp_path, drop), "shop")
    lacking = {metric.metric: metric.missing for metric in found.unavailable}
    assert "gmv" not in lacking
    assert lacking["total_payment_value"].startswith("payments.")
    assert lacking["completed_orders"] == "orders.status = COMPLETED"
    assert found.available + len(found.unavailable) > 80
    assert json.loads(json.dumps(found.as_dict()))["metrics_available"] == found.available


def test_another_source_may_fill_what_this_one_lacks(tmp_path: Path, drop: Path) -> None:
    project = project_on(tmp_path, drop)
    before = {metric.metric for metric in check_map(project, "shop").unavailable}
    spend = (
        "mapping: ads\ndescription: spend\ntime_zone: UTC\ntables: {spend: {}}\nentities:\n"
        "  marketing_spend: {table: spend, columns: {spend_id: id, spend_date: day, channel: via,"
        " amount: cost, currency: {constant: GHS}}}\n"
    )
    (project.overlay("sources") / "ads.yml").write_text(spend)
    (tmp_path / "ads").mkdir()
    ads = SourceSettings(kind="files", mapping="ads", folder=tmp_path / "ads")
    project = add_source(project, "ads", ads)
    after = {metric.metric for metric in check_map(project, "shop").unavailable}
    assert "marketing_spend" in before - after


@pytest.mark.parametrize(
    ("old", "new", "nearest"),
    [("order_date: at", "order_date: att", "at"), ("table: sales", "table: salez", None)],
)
def test_a_mapping_that_does_not_fit_is_told_with_the_rest_and_is_not_usable(
    tmp_path: Path, drop: Path, old: str, new: str, nearest: str | None
) -> None:
    text = MAPPING.replace(old, new, 1).replace(
        "  sales:\n", "  salez:\n" if "salez" in new else "  sales:\n", 1
    )
    found = check_map(project_on(tmp_path, drop, text), "shop")
    assert not found.usable
    assert found.unlisted_tables
    with pytest.raises(SourceMismatch) as refused:
        found.refuse_unusable()
    assert nearest is None or refused.value.nearest == nearest


def test_a_mapping_of_nothing_is_not_usable(tmp_path: Path, drop: Path) -> None:
    text = "mapping: shop\ndescription: none\ntime_zone: UTC\ntables: {}\nentities: {}\n"
    found = check_map(project_on(tmp_path, drop, text), "shop")
    with pytest.raises(SourceMismatch, match="fills no entity"):
        found.refuse_unusable()


def test_a_source_without_its_mapping_or_its_place(tmp_path: Path, drop: Path) -> None:
    project = init_project(tmp_path / "home")
    missing = SourceSettings(kind="files", mapping="shop", folder=drop)
    project = write_source(project, "shop", missing)
    with pytest.raises(ConfigError, match="no mapping named 'shop'"):
        check_map(project, "shop")
    project = write_source(
        project, "gone", SourceSettings(kind="files", mapping="demo", folder=drop / "gone")
    )
    with pytest.raises(SourceUnreachable):
        check_map(project, "gone")
    with pytest.raises(ConfigError) as unknown:
        check_map(project, "shp")
    assert unknown.value.nearest == "shop"


def databases(project: Project, kind: str, address: str) -> Project:
    (project.overlay("sources") / "shop.yml").write_text(MAPPING)
    settings = SourceSettings(kind=kind, mapping="shop", url="secret:SHOP_URL")  # type: ignore[arg-type]
    return add_source(project, "shop", settings, address)


def test_in_a_database_the_values_are_counted_by_the_server(tmp_path: Path, database: Database) -> None:
    database.run(*TABLES.split(";"))
    project = databases(init_project(tmp_path / "home"), "postgres", database.address)
    found = check_map(project, "shop")
    assert [dict(drift.values) for drift in found.drift] == [{"zapped": 2, "Lost": 1}]
    assert found.without_key == ()
    database.run("alter table sales drop constraint sales_pkey")
    (keyless,) = check_map(project, "shop").without_key
    assert keyless.startswith("sales ")


def test_in_mysql_too(tmp_path: Path, mysql_database: MySQLDatabase) -> None:
    mysql_database.run(*TABLES.split(";"))
    project = databases(init_project(tmp_path / "home"), "mysql", mysql_database.address)
    found = check_map(project, "shop")
    assert [dict(drift.values) for drift in found.drift] == [{"zapped": 2, "Lost": 1}]
    assert found.secrets == ("sales.card_number",)


# Drafting into a project.


def test_a_draft_goes_where_the_settings_look_and_never_over_what_somebody_wrote(
    tmp_path: Path, drop: Path
) -> None:
    project = init_project(tmp_path / "home", currency="NGN", time_zone="Africa/Lagos")
    project = write_source(project, "shop", SourceSettings(kind="files", mapping="shop", folder=drop))
    (drop / "orders.csv").write_text("id,order_date,total,status\n1,2026-03-01,10.10,paid\n")
    path = draft_file(project, "shop")
    assert path == project.home / "sources" / "shop.yml"
    draft = draft_source(project, "shop")
    refuse_overwriting(path)
    save_draft(draft, path)
    mapping = as_mapping(draft)
    assert str(mapping.time_zone) == "Africa/Lagos"
    assert mapping.columns_of("orders")["currency"].constant == "NGN"
    assert check_map(project, "shop").usable
    with pytest.raises(ConfigError, match="decided"):
        refuse_overwriting(path)
    assert [found.name for found in path.parent.iterdir() if found.name.startswith(".")] == []


def test_a_source_that_reads_a_packaged_mapping_is_drafted_beside_it(tmp_path: Path, drop: Path) -> None:
    project = init_project(tmp_path / "home")
    project = add_source(project, "shop", SourceSettings(kind="files", mapping="demo", folder=drop))
    assert draft_file(project, "shop") == project.home / "sources" / "shop.yml"


def test_a_draft_that_cannot_be_written_says_so(tmp_path: Path, drop: Path) -> None:
    project = init_project(tmp_path / "home")
    project = write_source(project, "shop", SourceSettings(kind="files", mapping="shop", folder=drop))
    draft = draft_source(project, "shop")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        save_draft(draft, tmp_path / "file" / "shop.yml")
