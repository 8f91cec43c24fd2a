"""The guard refuses every statement that the planner would not write."""

from __future__ import annotations

import pytest

from amalimart.core.errors import Denied
from amalimart.semantic.sql.guard import check_text

SCAN = 'SELECT "order_id" FROM "gold"."fact_orders" WHERE "vendor_id" IN (?)'
ISSUED = frozenset({SCAN})


def test_a_statement_over_an_issued_scan_passes() -> None:
    check_text(
        f'SELECT COUNT("t0"."order_id") AS "n" FROM ({SCAN}) AS "t0" WHERE "t0"."order_id" = ?', ISSUED
    )
    check_text(
        f'WITH "__amalimart_leg_0" AS (SELECT "t0"."order_id" AS "g0" FROM ({SCAN}) AS "t0") '
        'SELECT "s"."g0" FROM "__amalimart_leg_0" AS "s" ORDER BY 1',
        ISSUED,
    )


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "order_id" FROM "gold"."fact_orders"',
        'SELECT "order_id" FROM "fact_orders"',
        'SELECT "order_id" FROM "warehouse"."gold"."fact_orders"',
        f'SELECT "o"."order_id" FROM ({SCAN}) AS "t0" CROSS JOIN "gold"."dim_customers" AS "o"',
        f'SELECT (SELECT MAX("total_amount") FROM "gold"."fact_orders") FROM ({SCAN}) AS "t0"',
        f'SELECT "t0"."order_id" FROM ({SCAN}) AS "t0" WHERE "t0"."x" IN (SELECT "x" FROM "gold"."vendors")',
        f'SELECT "t0"."order_id" FROM ({SCAN} UNION ALL SELECT "order_id" FROM "gold"."fact_orders") AS "t0"',
        f'SELECT "t0"."order_id" FROM ({SCAN.replace("IN (?)", "IN (?, ?)")}) AS "t0"',
        f'SELECT "t0"."order_id" FROM ({SCAN} OR TRUE) AS "t0"',
        f'SELECT "t0"."order_id" FROM ({SCAN.split(" WHERE", maxsplit=1)[0]}) AS "t0"',
        f'SELECT "t0"."order_id" FROM ({SCAN}) AS "t0" UNION ALL SELECT "order_id" FROM "gold"."fact_orders"',
    ],
    ids=lambda sql: sql[:60],
)
def test_a_table_outside_a_scan_is_refused(sql: str) -> None:
    with pytest.raises(Denied):
        check_text(sql, ISSUED)


@pytest.mark.parametrize(
    "cte",
    [
        f'WITH "fact_orders" AS ({SCAN}) SELECT "order_id" FROM "fact_orders"',
        'WITH "__amalimart_x" AS (SELECT "id" FROM "gold"."fact_orders") SELECT "id" FROM "__amalimart_x"',
        f'WITH "__amalimart_x" AS ({SCAN}), "__amalimart_x" AS ({SCAN}) SELECT "id" FROM "__amalimart_x"',
        f'WITH "__amalimart_x" AS (SELECT "t"."a" FROM ({SCAN}) AS "t") SELECT 1 FROM "gold"."__amalimart_x"',
        f'SELECT "order_id" FROM ({SCAN}) AS "t" CROSS JOIN "__amalimart_never_defined"',
        # In itself, before it, or outside where it stands, the name would be a table of the catalogue.
        'WITH "__amalimart_x" AS (SELECT "id" FROM "__amalimart_x") SELECT "id" FROM "__amalimart_x"',
        (
            f'WITH "__amalimart_a" AS (SELECT "x" FROM "__amalimart_b"), "__amalimart_b" AS ({SCAN})'
            ' SELECT "x" FROM "__amalimart_a"'
        ),
        (
            f'SELECT "t"."y" FROM (WITH "__amalimart_x" AS (SELECT "t"."y" FROM ({SCAN}) AS "t")'
            ' SELECT "y" FROM "__amalimart_x") AS "t" CROSS JOIN "__amalimart_x"'
        ),
        (
            f'WITH RECURSIVE "__amalimart_x" AS (SELECT "t"."y" FROM ({SCAN}) AS "t" UNION ALL'
            ' SELECT "y" FROM "__amalimart_x") SELECT "y" FROM "__amalimart_x"'
        ),
        f'WITH "__AMALIMART_X" AS (SELECT "t"."y" FROM ({SCAN}) AS "t") SELECT "y" FROM "__amalimart_x"',
        'SELECT "__amalimart_x"."total_amount" FROM "gold"."fact_orders" AS "__amalimart_x"',
    ],
    ids=lambda sql: sql[:60],
)
def test_a_cte_cannot_stand_in_for_a_table(cte: str) -> None:
    with pytest.raises(Denied):
        check_text(cte, ISSUED)


@pytest.mark.parametrize(
    "expression",
    [
        "READ_CSV('/etc/passwd')",
        "GETENV('HOME')",
        "CURRENT_DATE",
        "QUERY('select 1')",
        'REGEXP_MATCHES("t0"."order_id", ?)',
        "SLEEP_MS(1000)",
        "'a value of the user'",
        '"t0"."order_id" || ?',
        'LIST("t0"."order_id")',
        "*",
        '"t0".*',
        "COLUMNS('.*')",
        "ROW_NUMBER() OVER ()",
        'SUM("t0"."order_id") OVER ()',
        'ARG_MAX("t0"."order_id", 1)',
        'STRING_AGG("t0"."order_id", \'1\')',
        '"t0"."order_id" LIKE ?',
        '"t0"."order_id" COLLATE NOCASE',
        'TRY_CAST("t0"."order_id" AS INT)',
        'CAST("t0"."order_id" AS "gold"."mood")',
        'CAST("t0"."order_id" AS BLOB)',
        "x -> x + 1",
        "[1, 2]",
        "{'1': 1}",
        "$$of the user$$",
        "x'41'",
        "e'of the user'",
        "DATE '2024-01-01'",
        "CURRENT_USER",
        "VERSION()",
        '"gold"."to_months"(1)',
        "CASE WHEN TRUE THEN GETENV('1') END",
        '(SELECT MAX("total_amount") FROM "gold"."fact_orders")',
        'EXISTS (SELECT 1 FROM "gold"."fact_orders")',
        'MAX("t0"."order_id") FILTER (WHERE ? IN (SELECT "customer_id" FROM "gold"."dim_customers"))',
    ],
)
def test_a_function_or_text_that_is_not_listed_is_refused(expression: str) -> None:
    with pytest.raises(Denied):
        check_text(f'SELECT {expression} FROM ({SCAN}) AS "t0"', ISSUED)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT \"x\" FROM READ_PARQUET('lake/*.parquet')",
        "SELECT \"x\" FROM 'lake/orders.parquet'",
        f'SELECT "t0"."order_id" FROM ({SCAN}) AS "t0"; DROP TABLE "gold"."fact_orders"',
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "SET threads = 1",
        "PRAGMA database_list",
        'INSERT INTO "gold"."fact_orders" VALUES (1)',
        "not sql at all (",
        "",
        "DESCRIBE SELECT 1",
        "SHOW TABLES",
        'SUMMARIZE "gold"."fact_orders"',
        "CALL pragma_version()",
        "LOAD httpfs",
        "EXPLAIN SELECT 1",
        "BEGIN",
        "USE gold",
        f'CREATE TABLE "x" AS {SCAN}',
        'DELETE FROM "gold"."fact_orders"',
        "VALUES (1)",
        'FROM "gold"."fact_orders"',
        f"{SCAN}",
    ],
)
def test_any_other_statement_is_refused(sql: str) -> None:
    with pytest.raises(Denied):
        check_text(sql, ISSUED)


@pytest.mark.parametrize(
    "clauses",
    [
        'FROM ({scan}) AS "t0" TABLESAMPLE 10%',
        'FROM ({scan}) AS "t0" QUALIFY ROW_NUMBER() OVER () = 1',
        'FROM ({scan}) AS "t0" GROUP BY CUBE ("t0"."order_id")',
        'FROM ({scan}) AS "t0" ORDER BY (SELECT 1 FROM "gold"."fact_orders")',
        'FROM ({scan}) AS "t0" HAVING (SELECT 1 FROM "gold"."fact_orders") = 1',
        'FROM ({scan}) AS "t0" LIMIT 1 OFFSET 5',
        'FROM ({scan}) AS "t0" FOR UPDATE',
        'FROM ({scan}) AS "t0" PIVOT (COUNT(*) FOR "order_id" IN (\'1\'))',
        'FROM ({scan}) AS "t0" ASOF JOIN "gold"."fact_orders" AS "o" ON TRUE',
        'FROM ({scan}) AS "t0", LATERAL (SELECT "total_amount" FROM "gold"."fact_orders") AS "l"',
        'FROM ({scan}) AS "t0", UNNEST([1, 2]) AS "u"',
        'FROM ({scan}) AS "t0" EXCEPT SELECT "order_id" FROM "gold"."fact_orders"',
        'FROM ({scan}) AS "t0" INTERSECT SELECT "t1"."order_id" FROM ({scan}) AS "t1"',
        'FROM ({scan} LIMIT 5) AS "t0"',
        'FROM (VALUES (1)) AS "t0"("order_id")',
        'FROM DUCKDB_TABLES() AS "t0"',
        'FROM RANGE(1000000000) AS "t0"',
        "FROM GLOB('/etc/*') AS \"t0\"",
        'FROM "information_schema"."tables" AS "t0"',
        'FROM "t0"',
    ],
)
def test_a_clause_that_the_planner_never_writes_is_refused(clauses: str) -> None:
    with pytest.raises(Denied):
        check_text(f'SELECT "t0"."order_id" {clauses.format(scan=SCAN)}', ISSUED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"order_id"', '"total_amount"'),
        ("fact_orders", "fact_payments"),
        ("IN (?)", "NOT IN (?)"),
        ("IN (?)", "IN (?) OR TRUE"),
        ("IN (?)", "IN (?, ?)"),
        ("IN (?)", "IN (SELECT ?)"),
        (' WHERE "vendor_id" IN (?)', ""),
        ('"gold"."fact_orders"', '"gold"."fact_orders" AS "o"'),
        ('"gold"."fact_orders"', '"bronze"."fact_orders"'),
        ("SELECT", "SELECT DISTINCT"),
    ],
)
def test_a_scan_that_was_changed_is_none(old: str, new: str) -> None:
    assert old in SCAN
    with pytest.raises(Denied):
        check_text(f'SELECT "t0"."order_id" FROM ({SCAN.replace(old, new, 1)}) AS "t0"', ISSUED)


ITEMS = 'SELECT "order_id", "quantity" FROM "gold"."fact_order_items" WHERE "vendor_id" IN (?)'
ORDERS = 'SELECT "order_id", "status" FROM "gold"."fact_orders"'
ON = '"t0"."order_id" = "t1"."order_id"'
JOINED = f'SELECT COUNT("t1"."status") AS "n" FROM ({ITEMS}) AS "t0" LEFT JOIN ({ORDERS}) AS "t1" ON {ON}'


def test_a_scan_that_is_permitted_by_others_stands_only_joined_to_them() -> None:
    issued, joined = frozenset({ITEMS, ORDERS, SCAN}), {ORDERS: frozenset({ITEMS})}
    check_text(JOINED, issued, joined)
    check_text(f'{JOINED} WHERE "t0"."quantity" > ?', issued, joined)
    for wrong in (
        f'SELECT "t1"."status" FROM ({ORDERS}) AS "t1"',
        f'SELECT "t1"."status" FROM ({ORDERS}) AS "t0" LEFT JOIN ({ITEMS}) AS "t1" ON {ON}',
        f'SELECT "t1"."status" FROM ({SCAN}) AS "t0" LEFT JOIN ({ORDERS}) AS "t1" ON {ON}',
        f'SELECT "t1"."status" FROM ({ORDERS}) AS "t0" LEFT JOIN ({ORDERS}) AS "t1" ON {ON}',
        JOINED.replace("LEFT JOIN", "RIGHT JOIN"),
        JOINED.replace("LEFT JOIN", "FULL JOIN"),
        JOINED.replace("LEFT JOIN", "CROSS JOIN").replace(f" ON {ON}", ""),
        JOINED.replace(ON, "TRUE"),
        JOINED.replace(ON, f"{ON} OR TRUE"),
        JOINED.replace(ON, '"t0"."quantity" = "t1"."order_id"'),
        JOINED.replace(ON, '"t1"."order_id" = "t1"."order_id"'),
        JOINED.replace(ON, '"t0"."order_id" <> "t1"."order_id"'),
        JOINED.replace(f"({ITEMS})", f'(SELECT "a"."x" FROM ({ITEMS}) AS "a" CROSS JOIN ({SCAN}) AS "b")'),
        f'SELECT 1 FROM ({ITEMS}) AS "t0" WHERE "t0"."order_id" IN (SELECT 1 FROM ({ORDERS}) AS "o")',
    ):  # fmt: skip
        with pytest.raises(Denied):
            check_text(wrong, issued, joined)
