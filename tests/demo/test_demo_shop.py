"""What the load leaves in the database, asked in hand-written SQL that shares nothing with the generator."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from amalimart.demo import CANARY
from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.entities import load_entities
from amalimart.mapping.source_mapping import SOURCES_FOLDER, load_mapping

if TYPE_CHECKING:
    from tests.demo.conftest import Shop

_COLUMNS = "from information_schema.columns where table_schema = 'public'"
_TABLES = "select tablename from pg_tables where schemaname = 'public' order by 1"

# the defect's name -> how many rows of the database carry it
DIRT_QUERIES = {
    "user_updated_before_created": "select count(*) from users where updated_at < created_at",
    "email_differs_in_case": """
        select count(*) from users u
        where exists (select from users v where lower(v.email) = lower(u.email) and v.user_id < u.user_id)
        """,
    "gender_missing": "select count(*) from users where role = 'CUSTOMER' and gender is null",
    "gender_alias": "select count(*) from users where gender in ('F', 'M', 'female', 'male')",
    "birth_date_missing": "select count(*) from users where birth_date is null",
    "sku_duplicated": """
        select count(*) from products p
        where exists (select from products q where q.sku = p.sku and q.product_id < p.product_id)
        """,
    "product_name_right_to_left": "select count(*) from products where product_name ~ '[\u0600-\u06ff]'",
    "product_category_twice": """
        select count(*) - count(distinct (product_id, category_id)) from product_categories
        """,
    "product_tag_twice": "select count(*) - count(distinct (product_id, tag_id)) from product_tags",
    "vendor_name_very_long": "select count(*) from vendors where length(vendor_name) = 200",
    "vendor_name_with_script": "select count(*) from vendors where vendor_name like '%<script>%'",
    "order_of_non_customer": """
        select count(*) from orders join users on user_id = customer_id where role <> 'CUSTOMER'
        """,
    "test_order": "select count(*) from orders where is_test",
    "order_updated_before_created": "select count(*) from orders where updated_at < created_at",
    "unknown_product": """
        select count(*) from order_items i
        where not exists (select from products p where p.product_id = i.product_id)
        """,
    "zero_quantity": "select count(*) from order_items where quantity = 0",
    "unit_price_missing": "select count(*) from order_items where unit_price is null",
    "payment_method_alias": """
        select count(*) from payments
        where method not in ('MOBILE_MONEY', 'CARD', 'BANK_TRANSFER', 'WALLET', 'CASH_ON_DELIVERY')
        """,
    "paid_at_on_failed_payment": """
        select count(*) from payments where status = 'FAILED' and paid_at is not null
        """,
    "delivered_before_ordered": """
        select count(*) from shipments join orders using (order_id)
        where delivered_at::date < order_date::date
        """,
    "ticket_category_missing": "select count(*) from support_tickets where category is null",
}


@pytest.mark.parametrize("defect", DIRT_QUERIES)
def test_the_dirt_in_the_database_is_the_dirt_the_generator_counted(shop: Shop, defect: str) -> None:
    assert shop.value(DIRT_QUERIES[defect]) == shop.report.dirt[defect]


def test_every_counted_defect_is_held_against_the_database_and_most_occur(shop: Shop) -> None:
    assert DIRT_QUERIES.keys() == shop.report.dirt.keys()
    assert sum(count > 0 for count in shop.report.dirt.values()) >= 18


def test_the_report_counts_the_rows_of_every_table(shop: Shop) -> None:
    found = {table: shop.value(f"select count(*) from {table}") for (table,) in shop.rows(_TABLES)}
    assert found == shop.report.rows
    assert found["orders"] == shop.report.orders
    assert min(found.values()) > 0


def test_every_canonical_entity_is_a_table_with_its_columns(shop: Shop) -> None:
    found = set(shop.rows(f"select table_name, column_name {_COLUMNS}"))
    wanted = {(name, column) for name, entity in load_entities().items() for column in entity.columns}
    assert wanted <= found


def test_the_mapping_fits_and_leaves_no_column_unclassified(shop: Shop) -> None:
    catalog: dict[str, dict[str, str]] = {}
    for table, column, kind in shop.rows(f"select table_name, column_name, data_type {_COLUMNS}"):
        catalog.setdefault(table, {})[column] = kind
    mapping = load_mapping(SOURCES_FOLDER / "demo.yml")
    report = check_catalog(mapping, catalog)
    assert report.unclassified_columns == ()
    assert report.unlisted_tables == ()
    assert mapping.entities.keys() == load_entities().keys()
    assert all(mapping.cursor(table) is not None for table in mapping.landed)


def test_secrets_hold_the_canary_and_nothing_else_does(shop: Shop) -> None:
    mapping = load_mapping(SOURCES_FOLDER / "demo.yml")
    secret = {(table, column) for table in mapping.tables for column in mapping.secrets(table)}
    for table, column in shop.rows(
        """
        select table_name, column_name from information_schema.columns
        where table_schema = 'public' and data_type in ('text', 'character varying')
        """
    ):
        holding = shop.value(f"select count(*) from {table} where {column} like '%{CANARY}%'")
        assert (holding > 0) == ((table, column) in secret), f"{table}.{column}"


def test_the_header_total_is_lines_plus_fee_minus_discount(shop: Shop) -> None:
    wrong = shop.value(
        """
        select count(*)
        from orders o
        join (select order_id, sum(line_total) as goods from order_items group by order_id) i using (order_id)
        where o.total_amount <> i.goods + o.delivery_fee - o.discount_amount or o.total_amount <= 0
        """
    )
    assert wrong == 0


def test_the_last_status_of_the_history_is_the_status_of_the_order(shop: Shop) -> None:
    assert (
        shop.value(
            """
            select count(*)
            from orders o
            join lateral (
                select new_status from order_status_history h
                where h.order_id = o.order_id
                order by created_at desc, status_change_id desc
                limit 1
            ) h on true
            where h.new_status = o.status
            """
        )
        == shop.report.orders
    )


def test_each_step_of_the_history_starts_where_the_last_one_ended(shop: Shop) -> None:
    broken = shop.value(
        """
        select count(*)
        from (
            select
                previous_status,
                lag(new_status) over (partition by order_id order by created_at, status_change_id) as before
            from order_status_history
        ) h
        where previous_status is distinct from before
        """
    )
    assert broken == 0


def test_nobody_orders_before_registering_or_buys_before_the_listing(shop: Shop) -> None:
    assert (
        shop.value(
            """
            select count(*) from orders o join users u on u.user_id = o.customer_id
            where o.order_date < u.created_at
            """
        )
        == 0
    )
    early = """
        select count(*) from order_items i join orders o using (order_id) join products p using (product_id)
        where o.order_date < p.created_at
        """
    assert shop.value(early) == 0


def test_money_received_agrees_with_what_happened(shop: Shop) -> None:
    delivered_unpaid = """
        select count(*) from orders o where status = 'COMPLETED'
        and (select count(*) from payments p where p.order_id = o.order_id and status = 'SUCCESS') <> 1
        """
    kept = """
        select count(*) from orders o join payments p using (order_id)
        where o.status in ('CANCELLED', 'REJECTED') and p.status = 'PENDING'
        """
    assert shop.value(delivered_unpaid) == 0
    assert shop.value(kept) == 0
    assert (
        shop.value(
            """
            select count(*) from orders o
            where not exists (select from payments p where p.order_id = o.order_id)
            """
        )
        > 0
    )


def test_failed_first_attempts_are_followed_by_later_success(shop: Shop) -> None:
    rescued = shop.value(
        """
        select count(*) from payments f join payments s using (order_id)
        where f.status = 'FAILED' and s.status in ('SUCCESS', 'REFUNDED') and s.created_at > f.created_at
        """
    )
    assert rescued > shop.report.orders * 0.02


def test_shipments_follow_the_confirmed_orders(shop: Shop) -> None:
    stray = """
        select count(*) from shipments s join orders o using (order_id)
        where o.status in ('PENDING', 'REJECTED')
           or (o.status in ('COMPLETED', 'RETURNED') and s.status not in ('DELIVERED', 'FAILED'))
           or (s.status = 'DELIVERED') <> (s.delivered_at is not null)
        """
    assert shop.value(stray) == 0
    assert shop.value("select count(*) from shipments group by order_id having count(*) > 1 limit 1") > 1


def test_open_orders_are_the_recent_ones(shop: Shop) -> None:
    rows = shop.rows(
        f"""
        select status::text, max(date '{shop.report.today}' - order_date::date)
        from orders
        where status in ('PENDING', 'CONFIRMED', 'DISPATCHED')
        group by 1
        """
    )
    assert {status for status, _ in rows} >= {"CONFIRMED", "DISPATCHED"}
    assert max(oldest for _, oldest in rows) < 60


def test_a_return_never_exceeds_its_line_and_its_dates_are_in_order(shop: Shop) -> None:
    wrong = """
        select count(*) from returns r join order_items i using (order_item_id)
        where r.return_amount > i.line_total or r.order_id <> i.order_id
           or r.refunded_at < r.approved_at or r.approved_at < r.request_at
           or (r.status = 'COMPLETED') <> (r.refunded_at is not null)
        """
    assert shop.value(wrong) == 0


def test_payouts_are_the_sum_of_their_earnings(shop: Shop) -> None:
    rows = shop.rows(
        """
        select p.gross_earnings, p.platform_commission, p.net_payout, e.amount, e.gross
        from vendor_payouts p
        left join (
            select payout_id, sum(amount) as amount, sum(line_total) as gross
            from vendor_earnings join order_items using (order_item_id)
            where payout_id is not null
            group by payout_id
        ) e using (payout_id)
        """
    )
    assert rows
    assert all(gross - kept == net == amount and gross == lines for gross, kept, net, amount, lines in rows)


def test_ratings_fall_with_lateness(shop: Shop) -> None:
    rows = dict(
        shop.rows(
            """
            select s.delivered_at::date > s.promised_at::date, avg(r.rating)
            from reviews r join shipments s using (order_id)
            where s.promised_at is not null and s.status = 'DELIVERED'
            group by 1
            """
        )
    )
    assert rows[False] - rows[True] > Decimal("0.7")


def test_cash_on_delivery_is_more_common_in_the_north(shop: Shop) -> None:
    rows = dict(
        shop.rows(
            """
            select r.region_name, avg((p.method in ('CASH_ON_DELIVERY', 'COD', 'Cash on Delivery'))::integer)
            from orders o
            join payments p using (order_id)
            join cities c on c.city_name = o.shipping_city
            join regions r using (region_id)
            where r.region_name in ('Greater Accra', 'Northern')
            group by 1
            """
        )
    )
    assert rows["Northern"] > rows["Greater Accra"] + Decimal("0.1")


def test_ghana_comes_first_and_every_amount_is_in_cedis(shop: Shop) -> None:
    ghana = shop.value("select avg((country = 'Ghana')::integer) from shipments")
    assert Decimal("0.7") < ghana < Decimal("0.9")
    assert shop.rows("select distinct currency from orders union select distinct currency from payments") == [
        ("GHS",)
    ]


def test_a_few_vendors_sell_most(shop: Shop) -> None:
    money = [
        row[0]
        for row in shop.rows("select sum(line_total) from order_items group by vendor_id order by 1 desc")
    ]
    assert sum(money[: len(money) // 5]) > sum(money) / 2


def test_conversion_is_plausible(shop: Shop) -> None:
    visitors = shop.value(
        "select count(distinct visitor_id) from web_visits where visited_at >= date '2025-05-01'"
    )
    orders = shop.value("select count(*) from orders where order_date >= date '2025-05-01'")
    assert 0.03 < orders / visitors < 0.15


def test_the_next_id_of_every_table_is_free(shop: Shop) -> None:
    identities = shop.rows(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'public' and is_identity = 'YES'"
    )
    assert len(identities) == len(shop.rows(_TABLES))
    for table, column in identities:
        sequence = shop.value(f"select pg_get_serial_sequence('{table}', '{column}')")
        last, called = shop.rows(f"select last_value, is_called from {sequence}")[0]
        highest = shop.value(f"select max({column}) from {table}")
        assert (last, called) == (highest + 1, False), table


def test_every_table_has_its_times_and_bumps_updated_at(shop: Shop) -> None:
    tables = {row[0] for row in shop.rows(_TABLES)}
    for column in ("created_at", "updated_at"):
        found = shop.rows(
            f"select table_name from information_schema.columns where table_schema = 'public' "
            f"and column_name = '{column}' and data_type = 'timestamp with time zone' and is_nullable = 'NO'"
        )
        assert {row[0] for row in found} == tables
    with psycopg.connect(shop.dsn) as connection:
        before = connection.execute("select now(), updated_at from orders where order_id = 1").fetchone()
        after = connection.execute(
            "update orders set customer_note = 'changed' where order_id = 1 returning updated_at"
        ).fetchone()
        connection.rollback()
    assert before is not None
    assert after == (before[0],)
    assert after != (before[1],)


def test_new_lines_with_an_unknown_product_are_refused(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(
            """
            insert into order_items (
                order_id, product_id, quantity, unit_price, line_total, commission_amount, currency
            )
            values (1, 987654321, 1, 1, 1, 0, 'GHS')
            """
        )


def test_the_server_is_ready_for_change_capture(shop: Shop) -> None:
    assert shop.value("show wal_level") == "logical"
    assert shop.value("show timezone") == "UTC"
    assert Path(shop.folder, "postmaster.pid").exists()
