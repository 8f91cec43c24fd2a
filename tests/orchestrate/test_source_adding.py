"""Looking at a source before it is added: what is missing is told, and the fix that is told is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from amalimart.config.project import Project, open_project
from amalimart.config.secrets import read_secrets, write_secret
from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import SystemClock
from amalimart.core.errors import (
    CaptureRefused,
    ConfigError,
    SourceMismatch,
    SourceRefused,
    SourceUnreachable,
)
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.orchestrate.project.init import init_project
from amalimart.orchestrate.sources.adding import (
    NewSource,
    add_checked,
    add_unchecked,
    look_at,
    next_step,
    refuse_unready,
)
from amalimart.orchestrate.sources.opening import open_source
from amalimart.orchestrate.sources.places import read_place
from amalimart.orchestrate.sources.rights import Right
from amalimart.orchestrate.sources.settings import write_source
from amalimart.sources import snapshot_stale

if TYPE_CHECKING:
    from tests.mariadb_server import MySQLDatabase
    from tests.object_store import Bucket
    from tests.sources.conftest import Database

PASSWORD = "hunter2 and more"
ORDERS = (
    "create table orders (id bigint primary key, customer_id bigint, order_date timestamp, "
    "total_amount numeric(12, 2), status varchar(20), password_hint varchar(20), updated_at timestamp)"
)
ROWS = "insert into orders values (1, 7, '2026-03-01 10:00', 10.10, 'delivered', 'x', '2026-03-01 10:00')"
MAPPING = """\
mapping: shop
description: one table
time_zone: Africa/Accra
tables:
  orders: {cursor: {column: updated_at, key: [id]}, secret: [password_hint]}
entities:
  orders:
    table: orders
    columns: {order_id: id, order_date: order_date, total_amount: total_amount, currency: {constant: GHS}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "home")


@pytest.fixture
def shop(captured: Database) -> Iterator[Database]:
    """One table, and a user who may only connect."""
    user = f"reader_{captured.name}"
    captured.run(
        ORDERS,
        ROWS,
        f"create role {user} login password '{PASSWORD}'",
        f"grant connect on database {captured.name} to {user}",
    )
    yield captured
    captured.run(f"drop owned by {user}", f"drop role {user}")


def secrets_of_sources(project: Project) -> dict[str, str]:
    """What is kept for sources, beside what init itself keeps."""
    own = {"METRICS_TOKEN", "AUDIT_KEY", "EMBED_KEY"}
    return {name: value for name, value in read_secrets(project.home).items() if name not in own}


def reader(shop: Database) -> str:
    user = f"reader_{shop.name}:{PASSWORD.replace(' ', '%20')}"
    return f"postgresql://{user}@127.0.0.1:{shop.server.port}/{shop.name}"


def mapped(project: Project, text: str = MAPPING) -> Project:
    (project.overlay("sources") / "shop.yml").write_text(text)
    return project


def as_given(shop: Database, fixes: Sequence[Right]) -> None:
    """Run what an administrator is told to run, statement by statement."""
    with psycopg.connect(shop.server.address(shop.name), autocommit=True) as connection:
        for right in fixes:
            for statement in right.fix if right.blocking else ():
                connection.execute(statement.encode())


def test_a_user_without_rights_is_told_the_statements_that_give_them(
    project: Project, shop: Database
) -> None:
    new = NewSource("shop", read_place(reader(shop)), mapping="shop")
    mapped(project)
    for _ in range(5):
        with suppress(SourceRefused):
            look = look_at(project, new)
            blocking = [right for right in look.rights if right.blocking]
            if not blocking:
                break
            as_given(shop, look.rights)
    else:
        pytest.fail(f"the fixes do not fix: {blocking}")
    opened = add_checked(project, new, look)
    assert opened.settings.sources["shop"].capture == "stream"
    lake = Lake(opened.lake, SystemClock())
    with (
        lake.writer("shop") as writer,
        closing(open_source(opened, "shop", opened.settings.sources["shop"])) as source,
    ):
        commit = snapshot_stale(writer, source, load_mapping(opened.overlay("sources") / "shop.yml"))
    assert commit is not None
    assert commit.rows == 1
    assert secrets_of_sources(project) == {"SHOP_URL": reader(shop)}
    assert "hunter2" not in project.settings_file.read_text()


def test_without_the_right_to_replicate_polling_is_offered_in_words_and_nothing_is_added(
    project: Project, shop: Database
) -> None:
    shop.run(f"grant select on orders to reader_{shop.name}")
    new = NewSource("shop", read_place(reader(shop)), mapping="shop")
    look = look_at(mapped(project), new)
    with pytest.raises(CaptureRefused) as refused:
        add_checked(project, new, look)
    said = refused.value.next_step or ""
    assert f'alter role "reader_{shop.name}" replication' in said
    assert "--capture poll" in said
    assert "every 60 minutes" in said
    assert "--unchecked" in said
    assert PASSWORD not in str(refused.value)
    assert open_project(project.home).settings.sources == {}
    assert secrets_of_sources(project) == {}


def test_polling_needs_to_read_and_says_which_columns(project: Project, shop: Database) -> None:
    new = NewSource("shop", read_place(reader(shop)), mapping="shop", capture="poll")
    shop.run(f"grant select (id, order_date) on orders to reader_{shop.name}")
    look = look_at(mapped(project), new)
    (missing,) = [right for right in look.rights if right.blocking]
    assert missing.table == "orders"
    assert "total_amount" in missing.what
    assert "password_hint" not in missing.what
    with pytest.raises(CaptureRefused):
        refuse_unready(new, look)
    as_given(shop, look.rights)
    look = look_at(project, new)
    opened = add_checked(project, new, look)
    assert opened.settings.sources["shop"].capture == "poll"
    with psycopg.connect(reader(shop)) as connection:
        connection.execute("select id, order_date, total_amount, updated_at, xmin from orders")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select password_hint from orders")


def test_without_a_mapping_the_rights_are_those_its_draft_would_need(
    project: Project, shop: Database
) -> None:
    new = NewSource("shop", read_place(reader(shop)), capture="poll")
    shop.run(f"grant select on orders to reader_{shop.name}")
    look = look_at(project, new)
    assert look.mapping is None
    assert (look.tables, [right for right in look.rights if right.blocking]) == (1, [])
    opened = add_checked(project, new, look)
    settings = opened.settings.sources["shop"]
    assert settings.mapping == "shop"
    assert next_step(opened, "shop", settings) == "amalimart map draft shop"
    mapped(opened)
    assert next_step(opened, "shop", settings) == "amalimart up"


def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_written(
    project: Project, database: Database
) -> None:
    database.run("create table ordrs (id bigint primary key)")
    new = NewSource("shop", read_place(database.address), mapping="shop")
    with pytest.raises(SourceMismatch) as refused:
        look_at(mapped(project), new)
    assert refused.value.nearest == "ordrs"
    assert open_project(project.home).settings.sources == {}


def test_an_empty_database_is_no_source(project: Project, database: Database) -> None:
    with pytest.raises(SourceMismatch, match="no table"):
        look_at(project, NewSource("shop", read_place(database.address)))


def test_a_wrong_password_and_a_closed_port_are_told_apart(project: Project, shop: Database) -> None:
    wrong = reader(shop).replace("hunter2", "hunter3")
    with pytest.raises(SourceRefused) as refused:
        look_at(project, NewSource("shop", read_place(wrong)))
    assert "hunter3" not in str(refused.value)
    with pytest.raises(SourceUnreachable) as unreachable:
        look_at(project, NewSource("shop", read_place("postgresql://u:hunter3@127.0.0.1:9/d")))
    assert unreachable.value.retryable
    assert "hunter3" not in str(unreachable.value)
    add_unchecked(project, NewSource("shop", read_place(wrong), checked=False))
    assert open_project(project.home).settings.sources["shop"].kind == "postgres"


@pytest.mark.parametrize(
    ("place", "options", "what"),
    [
        ("mysql://u:p@127.0.0.1:9/d", {"capture": "poll"}, "not polled"),
        ("/", {"capture": "poll"}, "not polled"),
        ("/", {"endpoint": "http://127.0.0.1:9000"}, "only files in a bucket"),
        ("s3://B/x", {}, "s3://bucket/prefix"),
        ("s3://bucket/x", {"endpoint": "127.0.0.1:9000"}, "http"),
        ("/nowhere/at/all", {}, "no such folder"),
        ("/", {"mapping": "amalimrt"}, "no mapping named"),
    ],
)
def test_options_that_do_not_go_together(
    project: Project, place: str, options: dict[str, str], what: str
) -> None:
    with pytest.raises(ConfigError, match=what):
        look_at(project, NewSource("shop", read_place(place), **options))  # type: ignore[arg-type]
    assert open_project(project.home).settings.sources == {}


def test_a_name_of_a_packaged_mapping_needs_that_mapping_said(project: Project, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,order_date,total\n1,2026-03-01,10.10\n")
    with pytest.raises(ConfigError, match="as a packaged mapping is"):
        look_at(project, NewSource("demo", read_place(str(tmp_path))))


@pytest.mark.source
def test_a_packaged_mapping_that_fits_is_found(
    project: Project, amalimart_sample: Path, tmp_path: Path
) -> None:
    assert look_at(project, NewSource("drop", read_place(str(amalimart_sample)))).fitting == ("amalimart",)
    (tmp_path / "orders.csv").write_text("id,order_date,total\n1,2026-03-01,10.10\n")
    assert look_at(project, NewSource("drop", read_place(str(tmp_path)))).fitting == ()


def test_files_in_a_bucket(project: Project, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("exports/orders.csv", "id,order_date,total\n1,2026-03-01,10.10\n")
    place = read_place(f"s3://{bucket.name}/exports")
    new = NewSource("drop", place, endpoint=bucket.endpoint, region="us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    look = look_at(project, new)
    assert (look.tables, look.rows, look.rights) == (1, 1, ())
    opened = add_checked(project, new, look)
    settings = opened.settings.sources["drop"]
    assert (settings.prefix, settings.endpoint) == (f"s3://{bucket.name}/exports", bucket.endpoint)
    with closing(open_source(opened, "drop", settings)) as source:
        assert source.catalog() == {"orders": {"id": "text", "order_date": "text", "total": "text"}}
    none = NewSource("none", read_place(f"s3://{bucket.name}-none/x"), endpoint=bucket.endpoint)
    with pytest.raises(SourceUnreachable, match="no bucket"):
        look_at(opened, none)
    empty = NewSource("empty", read_place(f"s3://{bucket.name}/nothing"), endpoint=bucket.endpoint)
    with pytest.raises(SourceMismatch, match="no table"):
        look_at(opened, empty)


def test_the_credentials_of_a_bucket_may_be_a_secret_of_the_project(project: Project, bucket: Bucket) -> None:
    bucket.put("orders.csv", "id,order_date,total\n1,2026-03-01,10.10\n")
    settings = SourceSettings(
        kind="files",
        mapping="drop",
        prefix=f"s3://{bucket.name}",
        endpoint=bucket.endpoint,
        credentials="secret:DROP_KEYS",
    )
    opened = write_source(project, "drop", settings, {"DROP_KEYS": "test:test"})
    with closing(open_source(opened, "drop", settings)) as source:
        assert set(source.catalog()) == {"orders"}
    write_secret(opened.home, "DROP_KEYS", "hunter2")
    with pytest.raises(ConfigError, match="credentials cannot be read") as refused:
        open_source(opened, "drop", settings)
    assert "hunter2" not in str(refused.value)


def test_a_mysql_user_is_told_what_is_missing(project: Project, mysql_database: MySQLDatabase) -> None:
    account = f"'r_{mysql_database.name}'@'%'"
    mysql_database.run(
        ORDERS,
        ROWS,
        f"create user {account} identified by 'hunter2'",
        f"grant select on {mysql_database.name}.* to {account}",
    )
    place = f"{mysql_database.server.host}:{mysql_database.server.port}/{mysql_database.name}"
    new = NewSource("shop", read_place(f"mysql://r_{mysql_database.name}:hunter2@{place}"), mapping="shop")
    try:
        look = look_at(mapped(project), new)
        blocking = [right for right in look.rights if right.blocking]
        assert [right.fix for right in blocking] == [(f"grant replication slave on *.* to {account}",)]
        with pytest.raises(CaptureRefused) as refused:
            add_checked(project, new, look)
        assert "--capture poll" not in (refused.value.next_step or "")
        for right in blocking:
            mysql_database.server.run(*right.fix)
        opened = add_checked(project, new, look_at(project, new))
        assert opened.settings.sources["shop"].kind == "mysql"
    finally:
        mysql_database.server.run(f"drop user {account}")
