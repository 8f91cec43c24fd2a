"""Addresses and connections that fail: one clear error, never the password."""

from __future__ import annotations

import socket
import traceback
from typing import TYPE_CHECKING

import pytest

from amalimart.core.errors import AmalimartError, ConfigError, SourceRefused, SourceUnreachable
from amalimart.sources import PostgresPollingSource, ingest_once
from amalimart.sources.postgres.connection import Address

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake, Server

PASSWORD = "s3cret-c@nary/&?"
QUOTED = "s3cret-c%40nary%2F%26%3F"
TAGS = "tables: {tags: {}}\nentities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}\n"


@pytest.fixture
def reader(database: Database) -> Database:
    """The database with a user who needs a password, and a table of his."""
    literal = PASSWORD.replace("'", "''")
    database.run(
        "create table tags (id bigint, name text)",
        "insert into tags values (1, 'a')",
        "drop role if exists shop_reader",
        f"create role shop_reader login password '{literal}'",
        "grant select on tags to shop_reader",
    )
    return database


def url(database: Database, password: str, *, user: str = "shop_reader", port: int | None = None) -> str:
    return f"postgresql://{user}:{password}@127.0.0.1:{port or database.server.port}/{database.name}"


def everything_said(error: AmalimartError) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + str(error) + str(error.as_dict())


def test_the_right_password_is_let_in_over_tcp(
    reader: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    with PostgresPollingSource(url(reader, QUOTED)) as source:
        assert ingest_once(lake, "shop", source, mappings.write(TAGS)) is not None
    assert lake.column("tags", "name") == ["a"]
    assert PASSWORD.encode() not in lake.everything()


def test_a_wrong_password_is_refused_and_not_repeated(
    reader: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    with PostgresPollingSource(url(reader, "wrong-canary")) as source, pytest.raises(SourceRefused) as caught:
        ingest_once(lake, "shop", source, mappings.write(TAGS))
    assert "password authentication failed" in caught.value.what
    assert caught.value.where == f"shop_reader@127.0.0.1:{reader.server.port}/{reader.name}"
    assert caught.value.next_step
    assert not caught.value.retryable
    assert "wrong-canary" not in everything_said(caught.value)
    assert lake.latest("shop") is None


@pytest.mark.parametrize("case", ["user", "database", "no password"])
def test_other_refusals(reader: Database, case: str) -> None:
    addresses = {
        "user": url(reader, QUOTED, user="nobody_there"),
        "database": url(reader, QUOTED).replace(reader.name, "no_such_database"),
        "no password": f"postgresql://shop_reader@127.0.0.1:{reader.server.port}/{reader.name}",
    }
    with PostgresPollingSource(addresses[case]) as source, pytest.raises(SourceRefused) as caught:
        source.catalog()
    assert PASSWORD not in everything_said(caught.value)


def test_a_missing_right_says_which_to_grant(reader: Database, mappings: Mappings, lake: ReadingLake) -> None:
    reader.run("revoke select on tags from shop_reader")
    with (
        PostgresPollingSource(url(reader, QUOTED)) as source,
        pytest.raises(SourceRefused, match="tags") as caught,
    ):
        ingest_once(lake, "shop", source, mappings.write(TAGS))
    assert "grant" in (caught.value.next_step or "")
    assert PASSWORD not in everything_said(caught.value)


@pytest.mark.parametrize("place", ["closed port", "no such host", "no such socket"])
def test_a_server_that_is_not_there_is_unreachable(reader: Database, place: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        addresses = {
            "closed port": url(reader, QUOTED, port=unused.getsockname()[1]),
            "no such host": url(reader, QUOTED).replace("127.0.0.1", "shop.invalid"),
            "no such socket": f"host=/nowhere user=shop_reader password='{PASSWORD}' dbname=x",
        }
        with PostgresPollingSource(addresses[place]) as source, pytest.raises(SourceUnreachable) as caught:
            source.catalog()
    assert caught.value.retryable
    assert PASSWORD not in everything_said(caught.value)


def test_the_source_is_reached_again_after_an_error(server: Server, database: Database) -> None:
    database.run("create table tags (id bigint)")
    with PostgresPollingSource(database.address) as source:
        assert "tags" in source.catalog()
        with server.connect() as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'amalimart'"
            )
        with pytest.raises(SourceUnreachable):
            source.catalog()
        assert "tags" in source.catalog()


@pytest.mark.parametrize(
    "address",
    [
        "nonsense canary",
        "postgresql://u:canary@[::1/x",
        "host=x password=canary nonsense",
        "mysql://u:canary@h/d",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PostgresPollingSource(address)
    assert "canary" not in everything_said(caught.value)


def test_an_address_shows_no_password() -> None:
    address = Address.parse(f"postgresql://u:{QUOTED}@h:6543/d")
    assert str(address) == "u@h:6543/d"
    assert PASSWORD not in repr(address)
    assert QUOTED not in repr(address)
    assert address.without_secrets(f"failed: {PASSWORD}\n  twice") == "failed: *** twice"
