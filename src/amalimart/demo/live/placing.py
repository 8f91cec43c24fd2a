"""A new order, from the visit to the payment attempt, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from amalimart.demo.live.shopfront import CENT, Connection, Customer, Good, Offer, Shopfront, Stamp

_CHANNELS = ("organic", "direct", "search_ads", "social_ads", "email", "referral", "influencer")
_CHANNEL_WEIGHTS = (27, 22, 18, 17, 7, 5, 4)
_SPEND = {
    "search_ads": "3.40",
    "social_ads": "3.00",
    "influencer": "1.30",
    "email": "0.25",
    "referral": "0.50",
}
_PREPAID = ("MOBILE_MONEY", "CARD", "BANK_TRANSFER", "WALLET")
_PREPAID_WEIGHTS = (66, 20, 7, 7)
_OTHER_VISITS = 11


@dataclass(frozen=True, slots=True)
class _Line:
    good: Good
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.good.price * self.quantity

    @property
    def commission(self) -> Decimal:
        return (self.total * self.good.commission_rate).quantize(CENT, ROUND_HALF_UP)


def place_order(connection: Connection, front: Shopfront, stamp: Stamp) -> int:
    """Place one order with its cart, lines, history, payment attempt and the visits around it; its id."""
    dice = front.dice
    with connection.transaction():
        customer = front.customer(connection, stamp)
        lines = [
            _Line(
                good, dice.randint(2, 8) if customer.is_business else dice.choices((1, 2, 3), (80, 14, 6))[0]
            )
            for good in front.goods(dice.choices((1, 2, 3, 4), (60, 24, 10, 6))[0])
        ]
        channel = dice.choices(_CHANNELS, _CHANNEL_WEIGHTS)[0]
        is_express = dice.random() < 0.2
        order_id = _header(connection, front, stamp, customer, lines, channel, is_express=is_express)
        _lines(connection, stamp, order_id, lines)
        _cart(connection, stamp, customer, order_id, lines)
        connection.execute(
            """
            insert into order_status_history (
                order_id, previous_status, new_status, changed_by, created_at, updated_at
            )
            values (%s, null, 'PENDING', 'CUSTOMER', %s, %s)
            """,
            (order_id, stamp.at, stamp.written_at),
        )
        if dice.random() < customer.place.cod_share:
            pay(connection, stamp, order_id, "CASH_ON_DELIVERY", "PENDING")
        elif dice.random() > 0.03:
            method = dice.choices(_PREPAID, _PREPAID_WEIGHTS)[0]
            pay(connection, stamp, order_id, method, "SUCCESS" if dice.random() < 0.87 else "FAILED")
        _traffic(connection, front, stamp, customer.user_id, channel)
    return order_id


def pay(connection: Connection, stamp: Stamp, order_id: int, method: str, status: str) -> None:
    """One payment attempt over the whole order."""
    connection.execute(
        """
        insert into payments (
            order_id, customer_id, method, status, amount, currency, paid_at, created_at, updated_at
        )
        select
            order_id, customer_id, %(method)s, %(status)s, total_amount, currency, %(paid_at)s, %(at)s,
            %(written)s
        from orders
        where order_id = %(order_id)s
        """,
        {
            "method": method,
            "status": status,
            "paid_at": stamp.at if status == "SUCCESS" else None,
            "at": stamp.at,
            "written": stamp.written_at,
            "order_id": order_id,
        },
    )


def _header(
    connection: Connection,
    front: Shopfront,
    stamp: Stamp,
    customer: Customer,
    lines: list[_Line],
    channel: str,
    *,
    is_express: bool,
) -> int:
    goods = sum((line.total for line in lines), Decimal(0))
    offer: Offer | None = front.offer(stamp.at.date())
    discount = offer.discount(goods) if offer else Decimal(0)
    fee = Decimal(round((12 + 7 * customer.place.road_days) * (1.6 if is_express else 1.0) * 2)) / 2
    if goods >= 600 and not is_express:
        fee = Decimal(0)
    total = goods + fee - discount
    row = connection.execute(
        """
        insert into orders (
            customer_id, order_date, total_amount, discount_amount, delivery_fee, tax_amount, currency,
            discount_id, channel, shipping_city, created_at, updated_at
        )
        values (%s, %s, %s, %s, %s, %s, 'GHS', %s, %s, %s, %s, %s)
        returning order_id
        """,
        (
            customer.user_id,
            stamp.at,
            total,
            discount,
            fee,
            (goods * 15 / 115).quantize(CENT, ROUND_HALF_UP),
            offer.discount_id if offer else None,
            channel,
            customer.place.city,
            stamp.at,
            stamp.written_at,
        ),
    ).fetchone()
    assert row is not None  # noqa: S101 - an insert returns its row
    return int(str(row[0]))


def _lines(connection: Connection, stamp: Stamp, order_id: int, lines: list[_Line]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into order_items (
                order_id, product_id, vendor_id, quantity, unit_price, line_total, commission_amount,
                currency, created_at, updated_at
            )
            values (%s, %s, %s, %s, %s, %s, %s, 'GHS', %s, %s)
            """,
            [
                (
                    order_id,
                    line.good.product_id,
                    line.good.vendor_id,
                    line.quantity,
                    line.good.price,
                    line.total,
                    line.commission,
                    stamp.at,
                    stamp.written_at,
                )
                for line in lines
            ],
        )
        cursor.executemany(
            """
            update products
            set
                stock_quantity
                = stock_quantity - %(sold)s + case when stock_quantity < %(sold)s then 60 else 0 end,
                updated_at = %(written)s
            where product_id = %(product_id)s
            """,
            [
                {"sold": line.quantity, "written": stamp.written_at, "product_id": line.good.product_id}
                for line in lines
            ],
        )


def _cart(
    connection: Connection, stamp: Stamp, customer: Customer, order_id: int, lines: list[_Line]
) -> None:
    opened = stamp.at - timedelta(minutes=4)
    connection.execute(
        """
        with cart as (
            insert into carts (customer_id, order_id, created_at, updated_at)
            values (%(customer_id)s, %(order_id)s, %(opened)s, %(written)s)
            returning cart_id
        )
        insert into cart_items (cart_id, product_id, quantity, unit_price, created_at, updated_at)
        select cart_id, line.product_id, line.quantity, line.unit_price, %(opened)s, %(written)s
        from cart
        cross join unnest(%(products)s::bigint[], %(quantities)s::integer[], %(prices)s::numeric[])
            as line (product_id, quantity, unit_price)
        """,
        {
            "customer_id": customer.user_id,
            "order_id": order_id,
            "opened": opened,
            "written": stamp.written_at,
            "products": [line.good.product_id for line in lines],
            "quantities": [line.quantity for line in lines],
            "prices": [line.good.price for line in lines],
        },
    )


def _traffic(connection: Connection, front: Shopfront, stamp: Stamp, user_id: int, channel: str) -> None:
    """The buyer's visit, the visits that led nowhere, and what the day's advertising costs by now."""
    visits: list[tuple[object, ...]] = [
        (f"v{user_id:012x}", user_id, channel, stamp.at - timedelta(minutes=6), stamp.at, stamp.written_at)
    ]
    for _ in range(_OTHER_VISITS):
        visitor = f"v{front.dice.getrandbits(48):012x}"
        source = front.dice.choices(_CHANNELS, _CHANNEL_WEIGHTS)[0]
        visits.append((visitor, None, source, stamp.at, stamp.at, stamp.written_at))
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into web_visits (visitor_id, user_id, channel, visited_at, created_at, updated_at)
            values (%s, %s, %s, %s, %s, %s)
            """,
            visits,
        )
        for name, amount in _SPEND.items():
            spent = {
                "day": stamp.at.date(),
                "channel": name,
                "amount": Decimal(amount),
                "at": stamp.written_at,
            }
            cursor.execute(
                """
                update marketing_spend
                set amount = amount + %(amount)s, updated_at = %(at)s
                where spend_date = %(day)s and channel = %(channel)s
                """,
                spent,
            )
            if not cursor.rowcount:
                cursor.execute(
                    """
                    insert into marketing_spend (
                        spend_date, channel, amount, currency, created_at, updated_at
                    )
                    values (%(day)s, %(channel)s, %(amount)s, 'GHS', %(at)s, %(at)s)
                    """,
                    spent,
                )
