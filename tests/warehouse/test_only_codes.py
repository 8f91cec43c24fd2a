"""A column is told to hold one code only where every row that a transaction sees holds it, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.core.names import TableRef
from amalimart.warehouse.file.only_values import only_code, statistics_sql

TABLE = TableRef("main", "amounts")
CODES = [
    None,
    "GHS",
    "GH",
    "GHSX",
    "EUR",
    "ghs",
    "GHS ",
    "G\x00S",
    "ÉUR",
    "ABCDEFGH",
    "ABCDEFGHI",
    "ABCDEFGHJ",
    "",
]

inserted = st.tuples(st.just("insert"), st.lists(st.sampled_from(CODES), min_size=1, max_size=4))
moved = st.tuples(st.just("update"), st.tuples(st.sampled_from(CODES), st.sampled_from(CODES)))
went = st.tuples(st.just("delete"), st.sampled_from(CODES))
whole = st.tuples(st.sampled_from(["checkpoint", "look", "replace"]), st.none())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(tmp_path_factory.mktemp("codes") / "codes.duckdb"))
    yield connection
    connection.close()


def told(cursor: duckdb.DuckDBPyConnection) -> str | None:
    found = cursor.execute(statistics_sql(TABLE, "currency")).fetchall()
    return only_code(found[0][0]) if found else None


def held(cursor: duckdb.DuckDBPyConnection) -> set[str]:
    rows = cursor.execute("select distinct currency from amounts where currency is not null").fetchall()
    return {code for (code,) in rows}


@settings(max_examples=80, deadline=None)
@given(steps=st.lists(inserted | moved | went | whole, max_size=8))
def test_what_is_told_holds_in_every_transaction_whatever_others_wrote(
    file: duckdb.DuckDBPyConnection, steps: list[tuple[str, object]]
) -> None:
    file.execute("create or replace table amounts (currency varchar)")
    reader = file.cursor()
    reader.execute("begin transaction read only")
    seen = held(reader)
    for what, given_ in steps:
        if what == "insert" and isinstance(given_, list):
            file.executemany("insert into amounts values (?)", [[code] for code in given_])
        elif what == "update" and isinstance(given_, tuple):
            file.execute("update amounts set currency = ? where currency is not distinct from ?", given_)
        elif what == "delete":
            file.execute("delete from amounts where currency is not distinct from ?", [given_])
        elif what == "replace":
            file.execute("create or replace table amounts as select * from amounts where currency <> 'EUR'")
        elif what == "look":
            reader.execute("commit")
            reader.execute("begin transaction read only")
            seen = held(reader)
        else:
            with suppress(duckdb.TransactionException):  # not while somebody reads an older state
                file.execute("checkpoint")
        for cursor, codes in ((reader, seen), (file, held(file))):
            code = told(cursor)
            assert code is None or codes <= {code}, (what, given_)
    reader.execute("rollback")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["GHS", "GHS", None], "GHS"),
        (["GHS", "EUR"], None),
        (["ghs"], None),
        (["ABCDEFGH"], "ABCDEFGH"),
        (["ABCDEFGHI", "ABCDEFGHJ"], None),
        ([None], None),
        ([], None),
    ],
)
def test_one_code_is_told(
    file: duckdb.DuckDBPyConnection, codes: list[str | None], expected: str | None
) -> None:
    file.execute("create or replace table amounts (currency varchar)")
    for code in codes:
        file.execute("insert into amounts values (?)", [code])
    assert told(file) == expected
