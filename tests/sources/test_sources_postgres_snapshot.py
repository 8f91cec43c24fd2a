"""A snapshot of a PostgreSQL source: every value exact, one moment, secrets left where they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.core.errors import SourceMismatch
from amalimart.lake import Operation
from amalimart.sources import PostgresPollingSource, TableProgress, ingest_once
from amalimart.sources.port import Stopwatch, silent
from amalimart.sources.postgres.relations import SourceColumn
from amalimart.sources.postgres.selecting import landed_batch, selected

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

LAST_MOMENT = datetime(2024, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - lands without zone, as it was
TAGS = "tables: {tags: {}}\nentities: {tags: {table: tags, columns: {tag_id: id, tag_name: %s}}}\n"


def land_one(
    database: Database, mappings: Mappings, lake: ReadingLake, kind: str, *values: str
) -> tuple[str, list[Any], dict[str, Any]]:
    """A column of one type with the given SQL values, landed: its Arrow type, values and what became null."""
    database.run(f"create table tags (id bigint primary key, value {kind})")
    for number, value in enumerate(values):
        database.run(f"insert into tags values ({number}, {value})")
    with PostgresPollingSource(database.address) as source:
        commit = ingest_once(lake, "shop", source, mappings.write(TAGS % "value"))
    assert commit is not None
    kinds = {column.name: column.type for column in lake.live_files("shop")["tags"].columns}
    return kinds["value"], lake.column("tags", "value"), commit.position.get("replaced", {})


@pytest.mark.parametrize(
    ("kind", "values", "arrow", "landed"),
    [
        ("smallint", ["-32768"], "int16", [-32768]),
        ("integer", ["2147483647", "null"], "int32", [2147483647, None]),
        ("bigint", ["-9223372036854775808"], "int64", [-(2**63)]),
        ("boolean", ["true", "false", "null"], "bool", [True, False, None]),
        (
            "text",
            ["''", "'Ɛyɛ \"fɛ\", o''brien'", "null", "E'a\\nb'"],
            "string",
            ["", 'Ɛyɛ "fɛ", o\'brien', None, "a\nb"],
        ),
        ("varchar(5)", ["'abc'"], "string", ["abc"]),
        ("char(5)", ["'abc'"], "string", ["abc"]),
        (
            "numeric(18,2)",
            ["9999999999999999.99", "-0.01", "0", "null"],
            "decimal128(18, 2)",
            [Decimal("9999999999999999.99"), Decimal("-0.01"), Decimal("0.00"), None],
        ),
        (
            "numeric(38,10)",
            ["-1234567890123456789012345678.0123456789"],
            "decimal128(38, 10)",
            [Decimal("-1234567890123456789012345678.0123456789")],
        ),
        ("numeric(5)", ["12345"], "decimal128(5, 0)", [Decimal(12345)]),
        ("numeric(3,-2)", ["12345"], "decimal128(5, 0)", [Decimal(12300)]),
        ("numeric(2,5)", ["0.00012"], "decimal128(5, 5)", [Decimal("0.00012")]),
        (
            "numeric(40,2)",
            ["12345678901234567890123456789012345678.90"],
            "string",
            ["12345678901234567890123456789012345678.90"],
        ),
        (
            "numeric",
            ["1e40", "'NaN'", "0.1000", "'-Infinity'"],
            "string",
            ["10000000000000000000000000000000000000000", "NaN", "0.1000", "-Infinity"],
        ),
        ("real", ["1.5"], "float", [1.5]),
        ("double precision", ["0.1", "1e308"], "double", [0.1, 1e308]),
        (
            "date",
            ["'2024-02-29'", "'0001-01-01'", "'9999-12-31'"],
            "date32[day]",
            [date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)],
        ),
        (
            "timestamp",
            ["'2024-12-31 23:59:59.999999'"],
            "timestamp[us]",
            [LAST_MOMENT],
        ),
        (
            "timestamptz",
            ["'2024-01-01 00:30:00+01'"],
            "timestamp[us, tz=UTC]",
            [datetime(2023, 12, 31, 23, 30, tzinfo=UTC)],
        ),
        ("time", ["'01:02:03.5'"], "string", ["01:02:03.5"]),
        ("interval", ["'1 year 2 days 03:00'"], "string", ["P1Y2DT3H"]),
        (
            "uuid",
            ["'11111111-2222-3333-4444-555555555555'"],
            "string",
            ["11111111-2222-3333-4444-555555555555"],
        ),
        ("inet", ["'10.0.0.1'"], "string", ["10.0.0.1/32"]),
        ("money", ["1234.5"], "string", ["1234.50"]),
    ],
)
def test_each_type_lands_exactly(
    database: Database,
    mappings: Mappings,
    lake: ReadingLake,
    kind: str,
    values: list[str],
    arrow: str,
    landed: list[Any],
) -> None:
    assert land_one(database, mappings, lake, kind, *values) == (arrow, landed, {})


@pytest.mark.parametrize(
    ("kind", "values", "kept"),
    [
        ("numeric(18,2)", ["'NaN'", "1.50", "null"], [None, Decimal("1.50"), None]),
        ("double precision", ["'NaN'", "'Infinity'", "2.5", "null"], [None, None, 2.5, None]),
        ("real", ["'-Infinity'", "2.5"], [None, 2.5]),
        ("timestamp", ["'infinity'", "'-infinity'", "'10000-01-01'", "'0001-01-01 BC'", "null"], [None] * 5),
        ("timestamptz", ["'infinity'", "'294276-01-01'", "null"], [None] * 3),
        (
            "date",
            ["'infinity'", "'4713-01-01 BC'", "'2024-01-01'", "null"],
            [None, None, date(2024, 1, 1), None],
        ),
    ],
)
def test_a_value_without_an_exact_form_is_null_and_counted(
    database: Database, mappings: Mappings, lake: ReadingLake, kind: str, values: list[str], kept: list[Any]
) -> None:
    _, landed, replaced = land_one(database, mappings, lake, kind, *values)
    lost = sum(value is None for value in kept) - values.count("null")
    assert (landed, replaced) == (kept, {"tags": {"value": lost}})


def test_enums_domains_and_types_of_the_shop(
    database: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    database.run(
        "create type mood as enum ('happy', 'sad')",
        "create domain price as numeric(8,3) check (value >= 0)",
        "create domain net_price as price",
        "create table tags (id bigint, mood mood, net net_price, moods mood[])",
        "insert into tags values (1, 'sad', 12345.678, '{happy,sad}')",
    )
    with PostgresPollingSource(database.address) as source:
        assert source.catalog()["tags"] == {
            "id": "bigint",
            "mood": "enum",
            "net": "numeric(8,3)",
            "moods": "mood[]",
        }
        ingest_once(
            lake,
            "shop",
            source,
            mappings.write(
                "tables: {tags: {}}\nentities:\n"
                "  tags: {table: tags, columns: {tag_id: id, tag_name: mood}, where: {net: [x]}}\n"
            ),
        )
    (row,) = lake.rows("tags")
    assert (row["mood"], row["net"]) == ("sad", Decimal("12345.678"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12),
        min_size=1,
    )
)
def test_decimals_survive_the_form_they_travel_in(values: list[Decimal]) -> None:
    """As texts where they may be long, else as counts of their last digit."""
    _assert_landed(30, values, [str(value) for value in values])
    _assert_landed(17, values, [int(value.scaleb(4)) for value in values])


def _assert_landed(precision: int, values: list[Decimal], sent: Sequence[str | int]) -> None:
    modifier = ((precision << 16) | 4) + 4
    column = selected(SourceColumn("total", "numeric", True, modifier, f"numeric({precision},4)"))
    batch = pa.record_batch([pa.array(sent)], names=["c0"])
    stopwatch = Stopwatch(silent, "t", number=1, of=1, estimate=None)
    assert landed_batch(batch, [column], stopwatch).column(0).to_pylist() == values
    assert stopwatch.replaced == {}


SHOP = """
tables:
  users: {secret: [password, payout_account_number], ignored: {note: not needed}}
  tags: {}
entities:
  users: {table: users, columns: {user_id: id, full_name: name}}
  tags: {table: tags, columns: {tag_id: id, tag_name: name}}
"""


def shop(database: Database) -> None:
    database.run(
        "create table users (id bigint primary key, name text, password text, payout_account_number text,"
        " note text)",
        "create table tags (id bigint primary key, name text)",
        "insert into users select n, 'User ' || n, 'hunter2-canary-' || n, 'GH-canary-' || n, 'note-canary'"
        " from generate_series(1, 50) n",
        "insert into tags values (1, 'new')",
    )


def test_secrets_never_leave_the_database(database: Database, mappings: Mappings, lake: ReadingLake) -> None:
    shop(database)
    mapping = mappings.write(SHOP)
    with PostgresPollingSource(database.address) as source:
        ingest_once(lake, "shop", source, mapping)
        database.run("update users set password = 'hunter2-canary-new', name = 'Renamed' where id = 1")
        assert ingest_once(lake, "shop", source, mapping) is not None
    found = lake.everything()
    assert b"Renamed" in found, "the scan reads what is landed"
    assert b"canary" not in found


def test_a_right_to_the_landed_columns_is_enough(
    database: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    shop(database)
    database.run(
        "drop role if exists narrow_reader",
        "create role narrow_reader login",
        "grant select (id, name, xmin) on users to narrow_reader",
        "grant select on tags to narrow_reader",
    )
    with PostgresPollingSource(database.server.address(database.name, "narrow_reader")) as source:
        ingest_once(lake, "shop", source, mappings.write(SHOP))
        database.run("insert into tags values (2, 'sale')")
        ingest_once(lake, "shop", source, mappings.write(SHOP))
    assert len(lake.rows("users")) == 50
    assert lake.column("tags", "name") == ["new", "sale"]


def test_all_tables_are_of_one_moment(database: Database, mappings: Mappings, lake: ReadingLake) -> None:
    shop(database)
    mapping = mappings.write(SHOP)

    def write_in_between(progress: TableProgress) -> None:
        if progress.table == "tags" and progress.done:
            database.run("insert into tags values (9, 'late')", "insert into users values (99, 'late')")

    with PostgresPollingSource(database.address) as source:
        ingest_once(lake, "shop", source, mapping, write_in_between)
        assert (len(lake.rows("tags")), len(lake.rows("users"))) == (1, 50)
        ingest_once(lake, "shop", source, mapping)
    assert lake.column("tags", "id", batch=2) == [9]
    assert lake.column("users", "id", batch=2) == [99]


def test_the_commit_says_what_and_when(database: Database, mappings: Mappings, lake: ReadingLake) -> None:
    shop(database)
    with database.connect() as connection:
        before = connection.execute("select clock_timestamp()").fetchone()
    with PostgresPollingSource(database.address) as source:
        commit = ingest_once(lake, "shop", source, mappings.write(SHOP))
    assert commit is not None
    assert before is not None
    assert (commit.kind, commit.rows, sorted(commit.tables)) == ("snapshot", 51, ["tags", "users"])
    assert commit.fresh_as_of is not None
    assert 0 <= (commit.fresh_as_of - before[0]).total_seconds() < 10
    assert {row["_op"] for row in lake.rows("users")} == {Operation.SNAPSHOT.value}


def test_progress_counts_rows_and_ends(database: Database, mappings: Mappings, lake: ReadingLake) -> None:
    shop(database)
    database.run("analyze users")
    seen: list[TableProgress] = []
    with PostgresPollingSource(database.address) as source:
        ingest_once(lake, "shop", source, mappings.write(SHOP), seen.append)
    last = [progress for progress in seen if progress.table == "users"][-1]
    assert (last.rows, last.estimate, last.done, last.number, last.of) == (50, 50, True, 2, 2)
    assert last.rows_per_second > 0


def test_an_empty_table_lands_its_columns(database: Database, mappings: Mappings, lake: ReadingLake) -> None:
    database.run("create table tags (id bigint, value numeric(10,2))")
    with PostgresPollingSource(database.address) as source:
        ingest_once(lake, "shop", source, mappings.write(TAGS % "value"))
    assert lake.rows("tags") == []
    assert [column.name for column in lake.live_files("shop")["tags"].columns][:2] == ["id", "value"]


def test_names_that_need_quotes_and_tables_of_another_schema(
    database: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    database.run(
        'create schema "Web Shop"',
        'create table "Web Shop"."Ta gs" (id bigint, "Name; drop" text)',
        """insert into "Web Shop"."Ta gs" values (1, 'x')""",
    )
    text = """
tables: {'Web Shop.Ta gs': {}}
entities: {tags: {table: 'Web Shop.Ta gs', columns: {tag_id: id, tag_name: 'Name; drop'}}}
"""
    with PostgresPollingSource(database.address) as source:
        ingest_once(lake, "shop", source, mappings.write(text))
        database.run("""insert into "Web Shop"."Ta gs" values (2, 'y')""")
        ingest_once(lake, "shop", source, mappings.write(text))
    assert lake.column("Web Shop.Ta gs", "Name; drop") == ["x", "y"]


def test_a_missing_column_names_the_nearest(
    database: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    database.run("create table tags (id bigint, label text)")
    with PostgresPollingSource(database.address) as source, pytest.raises(SourceMismatch) as caught:
        ingest_once(lake, "shop", source, mappings.write(TAGS % "labell"))
    assert caught.value.nearest == "label"
    assert lake.latest("shop") is None


def test_a_view_is_refused_with_the_way_out(
    database: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    database.run("create view tags as select 1::bigint as id, 'x' as value")
    with (
        PostgresPollingSource(database.address) as source,
        pytest.raises(SourceMismatch, match="view") as caught,
    ):
        ingest_once(lake, "shop", source, mappings.write(TAGS % "value"))
    assert caught.value.next_step


# The peak is VmHWM: ru_maxrss of a child starts at what its parent had in use.
PEAK = """
import sys
from pathlib import Path
from amalimart.core.clock import SystemClock
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.sources import PostgresPollingSource, ingest_once

lake = Lake(Path(sys.argv[1]), SystemClock())
with PostgresPollingSource(sys.argv[2]) as source:
    commit = ingest_once(lake, "shop", source, load_mapping(Path(sys.argv[3])))
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(commit.rows, int(peak) // 1024)
"""


@pytest.mark.slow
def test_memory_stays_under_400_mb_for_a_table_of_a_gigabyte(
    database: Database, mappings: Mappings, tmp_path: Path
) -> None:
    database.run(
        "create unlogged table tags (id bigint, value text)",
        "alter table tags alter column value set storage external",
        "insert into tags select n, repeat(md5(n::text), 32) from generate_series(1, 1000000) n",
    )
    mapping = mappings.write(TAGS % "value")
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "lake"), database.address, mapping.where],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, peak = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert peak < 400
