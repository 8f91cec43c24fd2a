"""Values that trip readers of MySQL: both ways in land the same, or count a null."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from amalimart.sources.mysql.json_text import canonical_json, canonical_text
from tests.sources.mysql.conftest import Copies, Copy, Row


def both_ways(copies: Copies, create: str, *fill: str) -> tuple[Copy, Copy]:
    """A copy that followed the log from the empty table on, and one that was snapshotted afterwards."""
    copies.database.run(create)
    followed = copies.whole("t")
    followed.snapshot()
    followed.follow()
    copies.database.run(*fill)
    followed.catch_up()
    followed.leave()
    snapshotted = copies.whole("t")
    snapshotted.snapshot()
    followed.source.close()
    snapshotted.source.close()
    assert followed.values("t") == snapshotted.values("t")
    return followed, snapshotted


def moment(*parts: int) -> datetime:
    """A time of no zone, as a datetime column has it."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def column(copy: Copy, name: str) -> list[Any]:
    return [row[name] for row in sorted(copy.rows["t"].values(), key=lambda row: int(row["id"]))]


IMPOSSIBLE = ("0000-00-00", "2020-00-10", "2020-02-00", "2023-02-31", "0000-05-05", "2023-04-31")


def test_impossible_dates_become_null_and_are_counted(copies: Copies) -> None:
    values = ", ".join(f"({place}, '{day}', '{day} 10:11:12')" for place, day in enumerate(IMPOSSIBLE, 1))
    followed, snapshotted = both_ways(
        copies,
        "create table t (id int primary key, d date, dt datetime(3), ts timestamp(2) null)",
        "set session sql_mode = 'ALLOW_INVALID_DATES'",
        f"insert into t (id, d, dt) values {values}",
        "insert into t values (90, '2024-02-29', '2024-02-29 10:11:12.5', '2024-02-29 10:11:12.25')",
        "insert into t values (91, '0001-01-01', '0001-01-01', '0000-00-00 00:00:00')",
        "insert into t values (92, '9999-12-31', '9999-12-31 23:59:59.999', null)",
    )
    assert column(followed, "d") == [*[None] * 6, date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)]
    assert column(followed, "dt")[6:] == [
        moment(2024, 2, 29, 10, 11, 12, 500_000),
        moment(1, 1, 1),
        moment(9999, 12, 31, 23, 59, 59, 999_000),
    ]
    assert column(followed, "dt")[:6] == [None] * 6
    counted = {"t": {"d": 6, "dt": 6, "ts": 1}}
    assert followed.replaced == snapshotted.replaced == counted


@pytest.fixture
def odd_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process, its programs and the server's sessions in a zone of their own."""
    monkeypatch.setenv("TZ", "Australia/Lord_Howe")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("odd_zone")
def test_instants_do_not_depend_on_any_zone_but_their_own(copies: Copies) -> None:
    followed, _ = both_ways(
        copies,
        "create table t (id int primary key, at timestamp null, naive datetime)",
        "set session time_zone = '+05:30'",
        "insert into t values (1, '2024-07-01 05:30:00', '2024-07-01 05:30:00')",
        "insert into t values (2, '2024-01-01 00:00:00', '2024-01-01 00:00:00')",
    )
    assert column(followed, "at") == [
        datetime(2024, 7, 1, 0, 0, tzinfo=UTC),
        datetime(2023, 12, 31, 18, 30, tzinfo=UTC),
    ]
    assert column(followed, "naive") == [moment(2024, 7, 1, 5, 30), moment(2024, 1, 1)]


def test_every_byte_of_every_single_byte_character_set(copies: Copies) -> None:
    sets = [
        str(name)
        for (name,) in copies.database.ask(
            "select character_set_name from information_schema.character_sets "
            "where maxlen = 1 and character_set_name <> 'binary' order by 1"
        )
    ]
    assert "latin1" in sets
    columns = ", ".join(f"c_{name} varchar(300) character set {name}" for name in sets)
    # ASCII ends in the middle; what is beyond cannot be stored.
    codes = {name: range(1, 128 if name == "ascii" else 256) for name in sets}
    values = ", ".join(f"_{name} x'{bytes(codes[name]).hex()}'" for name in sets)
    followed, _ = both_ways(
        copies,
        f"create table t (id int primary key, {columns})",
        "set session sql_mode = ''",
        f"insert into t values (1, {values})",
    )
    (row,) = followed.values("t")
    assert row["c_latin1"] == "".join(
        chr(code) if code in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes([code]).decode("cp1252")
        for code in range(1, 256)
    )
    assert all(len(row[f"c_{name}"]) == len(codes[name]) for name in sets)


@pytest.mark.slow
def test_text_beyond_one_packet(copies: Copies) -> None:
    """The protocol cuts what is longer than 16 MB; a row of just that length ends with an empty piece."""
    lengths = (3, 16_777_215 - 6, 16_777_216, 40_000_000)
    followed, _ = both_ways(
        copies,
        "create table t (id int primary key, body longtext character set latin1)",
        *(
            f"insert into t values ({place}, repeat('{place}', {length}))"
            for place, length in enumerate(lengths)
        ),
        "insert into t values (9, 'end')",
    )
    assert [len(text) for text in column(followed, "body")] == [*lengths, 3]
    assert column(followed, "body")[2] == "2" * lengths[2]


def test_no_rows_and_rows_of_nulls(copies: Copies) -> None:
    copies.database.run("create table t (id int primary key, a varchar(10), b decimal(5,2), c date)")
    empty = copies.whole("t")
    empty.snapshot()
    assert empty.values("t") == []
    empty.source.close()
    copies.database.run("create table u like t", "drop table t")
    followed, _ = both_ways(copies, "create table t like u", "insert into t (id) values (1), (2)")
    assert followed.values("t")[0] == {"id": 1, "a": None, "b": None, "c": None}


def test_names_that_need_quotes(copies: Copies) -> None:
    followed, _ = both_ways(
        copies,
        "create table t (id int primary key, `select` int, `with ``tick` int, `größe` int, `%s` int)",
        "insert into t values (1, 2, 3, 4, 5)",
    )
    expected: Row = {"id": 1, "select": 2, "with `tick": 3, "größe": 4, "%s": 5}
    assert followed.values("t") == [expected]


def test_json_has_one_text_for_one_value(copies: Copies) -> None:
    text = '{"b": 1.50, "a": [true, null, "\\u00e9"], "cc": {"x": 12345678901234567890}}'
    followed, _ = both_ways(
        copies,
        "create table t (id int primary key, j json)",
        f"insert into t values (1, '{text}')".replace("\\", "\\\\"),
    )
    landed = column(followed, "j")[0]
    if copies.database.server.is_mariadb:
        assert landed == text
    else:
        assert landed == '{"a":[true,null,"é"],"b":1.5,"cc":{"x":12345678901234567890}}'


def test_canonical_json_reads_numbers_exactly() -> None:
    assert canonical_json('{"b": 1.50, "a": 1e2, "c": -0.0, "d": 0.10}') == '{"a":100,"b":1.5,"c":0,"d":0.1}'
    assert (
        canonical_text({b"b": 1.5, b"a": 100.0, b"c": -0.0, b"d": 0.1}) == '{"a":100,"b":1.5,"c":0,"d":0.1}'
    )
    assert canonical_json("no json") == "no json"


def test_a_table_of_another_engine(copies: Copies) -> None:
    """MyISAM knows no transactions: its changes come in groups that end with a COMMIT of their own."""
    followed, _ = both_ways(
        copies,
        "create table t (id int primary key, a varchar(10)) engine = myisam",
        "insert into t values (1, 'x'), (2, 'y')",
        "update t set a = 'z' where id = 1",
        "delete from t where id = 2",
    )
    assert followed.values("t") == [{"id": 1, "a": "z"}]


def test_a_partitioned_table(copies: Copies) -> None:
    followed, _ = both_ways(
        copies,
        "create table t (id int primary key, a int) partition by range (id) "
        "(partition p0 values less than (10), partition p1 values less than maxvalue)",
        "insert into t values (1, 1), (20, 2)",
        "update t set id = 30 where id = 1",
        "delete from t where id = 20",
    )
    assert followed.values("t") == [{"id": 30, "a": 1}]


def test_more_columns_than_a_byte_has_bits(copies: Copies) -> None:
    names = [f"c{place}" for place in range(70)]
    values = ", ".join("null" if place % 3 else str(place) for place in range(70))
    followed, _ = both_ways(
        copies,
        f"create table t (id int primary key, {', '.join(f'{name} int' for name in names)})",
        f"insert into t values (1, {values})",
        "update t set c1 = 7, c69 = 8 where id = 1",
    )
    (row,) = followed.values("t")
    assert [row[name] for name in ("c0", "c1", "c3", "c4", "c69")] == [0, 7, 3, None, 8]


def last_log(copies: Copies) -> tuple[str]:
    """The file that the server writes to."""
    return (str(copies.database.ask("show binary logs")[-1][0]),)


def test_compressed_events_of_mariadb(copies: Copies) -> None:
    server = copies.database.server
    if not server.is_mariadb or not server.is_ours:
        pytest.skip("log_bin_compress is MariaDB's, and only set on a server of the test run's own")
    server.run("set global log_bin_compress = on", "set global log_bin_compress_min_len = 10")
    try:
        followed, _ = both_ways(
            copies,
            "create table t (id int primary key, a varchar(500), b int)",
            "insert into t values (1, repeat('abc', 100), 1), (2, repeat('x', 400), 2)",
            "update t set b = b + 1",
            "delete from t where id = 2",
            "alter table t comment = 'a statement that is long enough to be compressed as well'",
            "insert into t (id, a) values (3, repeat('q', 300))",
        )
        kinds = {
            event[2] for event in copies.database.ask("show binlog events in '{}'".format(*last_log(copies)))
        }
    finally:
        server.run("set global log_bin_compress = off")
    assert {"Query_compressed", "Write_rows_compressed_v1", "Update_rows_compressed_v1"} <= kinds
    assert [row["b"] for row in followed.values("t")] == [2, None]
