"""What the engine complains of, in our words: enough to find the fault, and nothing of a row."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.warehouse.file.engine_words import in_words, nearest_meant

CANARY = "kofi@canary.test's \"bird\"\n\nLINE 1: 'more' of him"


def complaint(sql: str, value: str = CANARY) -> duckdb.Error:
    with duckdb.connect() as connection:
        connection.execute(
            "create table t as select ?::varchar as email, 5 as n, ? as j", [value, f'{{"a": "{value}']
        )
        with pytest.raises(duckdb.Error) as refused:
            connection.execute(sql).fetchall()
    return refused.value


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select email::int from t", "Conversion Error: Could not convert string ***"),
        ("select email::decimal(5, 2) from t", "Conversion Error: Could not convert string ***"),
        ("select email::date from t", "Conversion Error: invalid date field format ***"),
        ("select email::struct(a int) from t", "Conversion Error: Type VARCHAR with ***"),
        ("select (n + 300)::tinyint from t", "Conversion Error: Type INT32 with *** to INT8"),
        ("select j::json from t", "Conversion Error: Malformed JSON at byte ***"),
        ("select strptime(email, '%Y') from t", "Invalid Input Error: Could not parse string ***"),
        ("select error('he is ' || email) from t", "Invalid Input Error: ***"),
        (
            "select n * 9223372036854775807 from t",
            "Out of Range Error: Overflow in multiplication of INT64 ***",
        ),
        (
            "create table u (k varchar primary key); insert into u select t.email from t, range(2)",
            "Constraint Error: ",
        ),
    ],
)
def test_a_complaint_about_data_says_what_and_no_value(sql: str, words: str) -> None:
    error = complaint(sql)
    said = in_words(error)
    assert said.startswith(words)
    for part in ("kofi", "canary", "bird", "more", "him", "305", "9223372036854775807"):
        assert part not in said
    assert nearest_meant(error) is None


def test_the_column_that_is_meant_is_named() -> None:
    error = complaint("select email::int from t", "kofi@canary.test")
    assert in_words(error).endswith("*** to INT32 when casting from source column email")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select nope from t", 'Binder Error: Referenced column "nope" not found in FROM clause!'),
        ("select * from nowhere", "Catalog Error: Table with name nowhere does not exist!"),
        ("selec 1", 'Parser Error: syntax error at or near "selec"'),
    ],
)
def test_a_complaint_about_a_statement_stays_as_it_is(sql: str, words: str) -> None:
    assert in_words(complaint(sql)) == words


def test_the_name_that_was_meant_is_told() -> None:
    assert nearest_meant(complaint("select emai from t")) == "email"


@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=4, max_size=40))
def test_whatever_a_value_holds_none_of_it_is_told(value: str) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as refused:
        connection.execute("select ?::varchar::int", [f"Q{value}Q"]).fetchall()
    assert in_words(refused.value) == "Conversion Error: Could not convert string *** to INT32"
