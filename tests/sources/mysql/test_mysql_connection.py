"""Addresses, and every way a server can say no, in words that never hold the password."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from amalimart.core.errors import CaptureRefused, ConfigError, SourceError, SourceRefused, SourceUnreachable
from amalimart.sources.mysql.connection import Address, run
from amalimart.sources.mysql.source import MySQLSource
from tests.mariadb_server import MySQLDatabase, MySQLServer, fresh_database, start_mariadb
from tests.sources.mysql.busy_shop import TABLES, create, kept_busy, rows_of
from tests.sources.mysql.conftest import Copies, Copy

SECRET = "hunter%20%2F2"


def test_an_address_shows_itself_without_the_password() -> None:
    address = Address.parse(f"mysql://shop:{SECRET}@db.example:3307/market?ssl-mode=required")
    assert address.shown == str(address) == "shop@db.example:3307/market"
    assert address.password == "hunter /2"
    assert "hunter" not in repr(address)
    assert "hunter" not in address.without_secrets("said hunter /2\n twice hunter /2")


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://shop:{SECRET}@db/market",
        f"mysql://shop:{SECRET}@db",
        f"mysql://shop:{SECRET}@db/a/b",
        f"mysql://shop:{SECRET}@db:port/market",
        f"mysql://shop:{SECRET}#x@db/market",
        f"mysql://shop:{SECRET}@db/market?novalue",
        f"mysql://shop:{SECRET}@db/market?sslmode=required",
        f"mysql://shop:{SECRET}@db/market?ssl-mode=maybe",
        f"mysql://shop:{SECRET}@db/market?ssl-mode=verify_ca",
        SECRET,
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        Address.parse(text)
    assert SECRET not in str(error.value)
    assert "hunter" not in str(error.value)


def test_nobody_listens() -> None:
    with pytest.raises(SourceUnreachable) as error:
        MySQLSource(f"mysql://shop:{SECRET}@127.0.0.1:1/market").catalog()
    assert "hunter" not in str(error.value)
    assert error.value.retryable


def test_a_wrong_password_or_database_is_refused(mysql_database: MySQLDatabase) -> None:
    for address in (
        mysql_database.address.replace("p%40ss", "wrong"),
        mysql_database.address.replace(mysql_database.name, "nothing_here"),
    ):
        with pytest.raises(SourceRefused) as error:
            MySQLSource(address).catalog()
        assert mysql_database.password not in str(error.value)
        assert error.value.__cause__ is None


def test_a_missing_right_is_named(categories: Copy) -> None:
    database = categories.database
    database.run(
        f"revoke select on {database.name}.* from '{database.user}'@'%'",
        f"grant select (id, name) on {database.name}.categories to '{database.user}'@'%'",
    )
    # What may not be read is not even seen.
    assert set(categories.source.catalog()["categories"]) == {"id", "name"}
    database.run(f"grant select (id, name, parent) on {database.name}.categories to '{database.user}'@'%'")
    categories.source.close()
    categories.snapshot()
    assert len(categories.values("categories")) == 2


def test_a_reader_that_may_not_read_the_log_is_refused(categories: Copy) -> None:
    database = categories.database
    categories.snapshot()
    database.run(f"revoke replication slave on *.* from '{database.user}'@'%'")
    categories.source.close()
    findings = categories.source.preflight(categories.mapping)
    (finding,) = [finding for finding in findings if finding.blocking]
    assert finding.fix == (f"grant replication slave on *.* to '{database.user}'@'%'",)
    with pytest.raises(SourceRefused):
        categories.follow()
    database.run(*finding.fix)
    categories.source.close()
    categories.follow()
    assert not [finding for finding in categories.source.preflight(categories.mapping) if finding.blocking]


def test_a_password_in_the_log_is_shown_to_nobody(categories: Copy) -> None:
    """The log holds other people's statements, passwords and all."""
    categories.snapshot()
    categories.follow()
    user = f"other_{categories.database.name}"
    categories.database.run(f"create user {user} identified by 'their-own-secret'", f"drop user {user}")
    categories.database.run("insert into categories (id, name) values (3, 'x')")
    categories.catch_up()
    assert "their-own-secret" not in f"{categories.told} {categories.position} {categories.stream!r}"


def test_a_secret_column_reaches_nothing(categories: Copy, tmp_path: Path) -> None:
    """Neither by the snapshot, nor by the log's rows, which hold it."""
    categories.snapshot()
    categories.follow()
    categories.database.run(
        "insert into categories values (3, 'Hats', 'tok-secret-3', 2, 'n')",
        "update categories set token = 'tok-secret-4' where id = 1",
        "update categories set id = 12, token = 'tok-secret-5' where id = 3",
        "delete from categories where id = 2",
    )
    changes = categories.catch_up()
    assert len(changes) == 5
    assert "tok-" not in f"{categories.told} {categories.rows} {categories.position}"
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"tok-" not in content


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MySQLServer]:
    """A server with TLS, whose settings a test may turn."""
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    server = start_mariadb(
        folder,
        f"--ssl-cert={folder / 'cert.pem'}",
        f"--ssl-key={folder / 'key.pem'}",
        "--binlog-expire-logs-seconds=0",
    )
    try:
        yield server
    finally:
        server.stop()


def make_certificate(folder: Path) -> None:
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
            ),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def own_copies(own_server: MySQLServer, tmp_path: Path) -> Iterator[Copies]:
    for database in fresh_database(own_server):
        yield Copies(database, tmp_path)


def test_everything_works_inside_tls(own_server: MySQLServer, own_copies: Copies, tmp_path: Path) -> None:
    """What TLS has decrypted and nobody has asked for yet is not waited for."""
    del tmp_path
    folder = own_server.log.parent if own_server.log else Path()
    create(own_copies.database, rows=3000)
    copy = own_copies.whole(*TABLES)
    copy.source.close()
    copy.source = MySQLSource(
        f"{own_copies.database.address}?ssl-mode=verify_identity&ssl-ca={folder / 'cert.pem'}"
    )
    with copy.source._connected() as connection:
        assert run(connection, "show status like 'Ssl_cipher'")[0][1]
    copy.snapshot()
    copy.follow()
    with kept_busy(own_copies.database, sessions=2):
        copy.catch_up()
        time.sleep(0.3)
    copy.catch_up()
    for table in TABLES:
        assert copy.values(table) == rows_of(own_copies.database, table)
    copy.leave()
    copy.source.close()


def test_a_certificate_of_somebody_else_is_refused(own_copies: Copies, tmp_path: Path) -> None:
    make_certificate(tmp_path)
    source = MySQLSource(f"{own_copies.database.address}?ssl-mode=verify_ca&ssl-ca={tmp_path / 'cert.pem'}")
    with pytest.raises((SourceRefused, SourceUnreachable), match="certificate"):
        source.catalog()


def test_tls_that_the_server_does_not_have_is_refused(mysql_database: MySQLDatabase) -> None:
    if not mysql_database.server.is_ours:
        pytest.skip("the server named by AMALIMART_TEST_MYSQL_URL may have TLS")
    with pytest.raises(SourceRefused):
        MySQLSource(f"{mysql_database.address}?ssl-mode=required").catalog()
    MySQLSource(f"{mysql_database.address}?ssl-mode=disabled").catalog()


SETTINGS = {
    "binlog_format": ("STATEMENT", "ROW"),
    "binlog_row_image": ("MINIMAL", "FULL"),
    "binlog_row_metadata": ("NO_LOG", "FULL"),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_does_not_do_is_found_and_its_fix_helps(
    own_server: MySQLServer, own_copies: Copies, setting: str
) -> None:
    create(own_copies.database)
    copy = own_copies.whole(*TABLES)
    wrong, _ = SETTINGS[setting]
    own_server.run(f"set global {setting} = '{wrong}'")
    try:
        (finding,) = [finding for finding in copy.source.preflight(copy.mapping) if finding.blocking]
        assert setting in finding.what
        with pytest.raises(CaptureRefused, match=setting):
            copy.snapshot()
    finally:
        own_server.run(finding.fix[0])
    copy.source.close()
    assert not [finding for finding in copy.source.preflight(copy.mapping) if finding.blocking]
    copy.snapshot()
    copy.source.close()


def test_what_is_worth_knowing_of_a_server(own_server: MySQLServer, own_copies: Copies) -> None:
    own_copies.database.run("create table t (id int, a int)")
    copy = own_copies.whole("t")
    own_server.run("set global gtid_strict_mode = 0", "set global binlog_expire_logs_seconds = 3600")
    try:
        known = {finding.what: finding for finding in copy.source.preflight(copy.mapping)}
    finally:
        own_server.run("set global gtid_strict_mode = 1", "set global binlog_expire_logs_seconds = 0")
    copy.source.close()
    assert not any(finding.blocking for finding in known.values())
    words = " | ".join(known)
    for expected in ("kept for 1.0 hours", "gtid_strict_mode is off", "t has no primary key", "sync_binlog"):
        assert expected in words
    (keyless,) = [finding for finding in known.values() if finding.table == "t"]
    own_copies.database.run(*keyless.fix)


def test_rows_that_a_foreign_key_takes_along_are_warned_of(own_copies: Copies) -> None:
    """The engine deletes them without a word in the log: what this test shows is why there is a finding."""
    own_copies.database.run(
        "create table orders (id int primary key)",
        "create table items (id int primary key, o int, "
        "foreign key (o) references orders (id) on delete cascade on update restrict)",
        "create table plain (id int primary key, o int, foreign key (o) references orders (id))",
        "insert into orders values (1)",
        "insert into items values (1, 1)",
    )
    copy = own_copies.whole("orders", "items", "plain")
    with closing(copy.source):
        about = [found for found in copy.source.preflight(copy.mapping) if "in no binary log" in found.what]
        assert [(found.table, found.blocking) for found in about] == [("items", False)]
        assert "on delete cascade" in about[0].what
        copy.snapshot()
        own_copies.database.run("delete from orders")
        changes = copy.catch_up()
        assert [change.shape.table for change in changes] == ["orders"]
        copy.leave()


def test_a_server_without_a_log_is_refused(tmp_path: Path) -> None:
    server = start_mariadb(tmp_path, "--skip-log-bin")
    try:
        for database in fresh_database(server):
            create(database)
            copy = Copies(database, tmp_path).whole(*TABLES)
            with pytest.raises(CaptureRefused, match="log_bin"):
                copy.snapshot()
            copy.source.close()
    finally:
        server.stop()


def test_a_column_that_is_stored_compressed_is_refused(own_copies: Copies) -> None:
    own_copies.database.run("create table t (id int primary key, a varchar(100) compressed)")
    copy = own_copies.whole("t")
    with closing(copy.source), pytest.raises(CaptureRefused, match="stored compressed"):
        copy.snapshot()


def test_a_source_is_not_polled(categories: Copy) -> None:
    categories.snapshot()
    with pytest.raises(SourceError, match="followed, not polled"):
        categories.source.poll(categories.mapping, None, None, since=categories.position)  # type: ignore[arg-type]
