"""The guard refuses every statement that the planner would not write."""

from __future__ import annotations

import pytest

from amalimart.core.errors import Denied
from amalimart.semantic.guard import check_text

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
    ],
)
def test_any_other_statement_is_refused(sql: str) -> None:
    with pytest.raises(Denied):
        check_text(sql, ISSUED)
