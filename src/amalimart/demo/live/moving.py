"""Open orders move along: paid, confirmed, sent, delivered, or stopped; oldest first, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from amalimart.demo.generator.shipment_rows import FAILURES
from amalimart.demo.live.placing import pay
from amalimart.demo.live.shopfront import Connection, Shopfront, Stamp

_REST = timedelta(seconds=15)
_FAILURES = [reason.decode() for reason in FAILURES.tolist()]


def move_orders(connection: Connection, front: Shopfront, stamp: Stamp) -> int:
    """Move the oldest pending, confirmed and dispatched order one step each; how many moved."""
    moved = 0
    for status, step in _STEPS.items():
        with connection.transaction():
            order_id = _oldest(connection, status, stamp)
            if order_id is not None:
                step(connection, front, stamp, order_id)
                moved += 1
    return moved


def change_status(connection: Connection, stamp: Stamp, order_id: int, status: str, changed_by: str) -> None:
    """Give an order and its lines a new status and write it into the history."""
    values = {"id": order_id, "status": status, "by": changed_by, "at": stamp.at, "written": stamp.written_at}
    connection.execute(
        """
        insert into order_status_history (
            order_id, previous_status, new_status, changed_by, created_at, updated_at
        )
        select order_id, status, %(status)s, %(by)s, %(at)s, %(written)s from orders where order_id = %(id)s
        """,
        values,
    )
    for table in ("orders", "order_items"):
        connection.execute(
            f"update {table} set status = %(status)s, updated_at = %(written)s where order_id = %(id)s",
            values,
        )


def settle_payments(connection: Connection, stamp: Stamp, order_id: int) -> None:
    """The order ends without delivery: money received goes back, money awaited is not coming."""
    connection.execute(
        """
        update payments
        set status = case when status = 'SUCCESS' then 'REFUNDED' else 'FAILED' end::payment_status,
            updated_at = %s
        where order_id = %s and status in ('SUCCESS', 'PENDING')
        """,
        (stamp.written_at, order_id),
    )


def _oldest(connection: Connection, status: str, stamp: Stamp) -> int | None:
    row = connection.execute(
        """
        select order_id
        from orders
        where status = %s and updated_at <= %s
        order by updated_at, order_id
        limit 1
        for update skip locked
        """,
        (status, stamp.written_at - _REST),
    ).fetchone()
    return int(str(row[0])) if row else None


def _from_pending(connection: Connection, front: Shopfront, stamp: Stamp, order_id: int) -> None:
    dice = front.dice
    attempts = connection.execute(
        "select status::text, method from payments where order_id = %s order by payment_id", (order_id,)
    ).fetchall()
    good = any(
        status == "SUCCESS" or method in {"CASH_ON_DELIVERY", "Cash on Delivery", "COD"}
        for status, method in attempts
    )
    if not good and len(attempts) == 1 and dice.random() < 0.8:
        pay(connection, stamp, order_id, str(attempts[0][1]), "SUCCESS")
        good = True
    if not good:
        change_status(connection, stamp, order_id, "CANCELLED", "SYSTEM")
        settle_payments(connection, stamp, order_id)
        return
    roll = dice.random()
    if roll < 0.08:
        status, actor = ("CANCELLED", "CUSTOMER") if roll < 0.05 else ("REJECTED", "VENDOR")
        change_status(connection, stamp, order_id, status, actor)
        settle_payments(connection, stamp, order_id)
        return
    change_status(connection, stamp, order_id, "CONFIRMED", "VENDOR")
    _new_shipment(connection, front, stamp, order_id)


def _new_shipment(connection: Connection, front: Shopfront, stamp: Stamp, order_id: int) -> None:
    row = connection.execute(
        """
        select o.shipping_city, r.region_name, c.country_name
        from orders o
        join cities t on t.city_name = o.shipping_city
        join regions r on r.region_id = t.region_id
        join countries c on c.country_id = r.country_id
        where o.order_id = %s
        order by t.city_id
        limit 1
        """,
        (order_id,),
    ).fetchone()
    city, region, country = (str(part) for part in row) if row else ("Accra", "Greater Accra", "Ghana")
    is_express = front.dice.random() < 0.2
    connection.execute(
        """
        insert into shipments (
            order_id, delivery_partner_id, status, city, region, country, delivery_fee, currency, is_express,
            promised_at, created_at, updated_at
        )
        select
            order_id, %(partner)s, 'PENDING', %(city)s, %(region)s, %(country)s, delivery_fee, currency,
            %(express)s, order_date + %(days)s * interval '1 day', %(at)s, %(written)s
        from orders
        where order_id = %(order_id)s
        """,
        {
            "partner": front.partner_id(country),
            "city": city,
            "region": region,
            "country": country,
            "express": is_express,
            "days": 2 if is_express else 5,
            "at": stamp.at,
            "written": stamp.written_at,
            "order_id": order_id,
        },
    )


def _from_confirmed(connection: Connection, _front: Shopfront, stamp: Stamp, order_id: int) -> None:
    change_status(connection, stamp, order_id, "DISPATCHED", "VENDOR")
    connection.execute(
        """
        update shipments
        set status = 'IN_TRANSIT', dispatched_at = %s, updated_at = %s
        where order_id = %s and status = 'PENDING'
        """,
        (stamp.at, stamp.written_at, order_id),
    )


def _from_dispatched(connection: Connection, front: Shopfront, stamp: Stamp, order_id: int) -> None:
    if front.dice.random() < 0.05:
        _fail_delivery(connection, front.dice, stamp, order_id)
        return
    change_status(connection, stamp, order_id, "COMPLETED", "DELIVERY")
    values = {"id": order_id, "at": stamp.at, "written": stamp.written_at}
    connection.execute(
        """
        update shipments
        set status = 'DELIVERED', delivered_at = %(at)s, updated_at = %(written)s
        where order_id = %(id)s and status in ('PENDING', 'IN_TRANSIT')
        """,
        values,
    )
    connection.execute(
        """
        update payments
        set status = 'SUCCESS', paid_at = %(at)s, updated_at = %(written)s
        where order_id = %(id)s and status = 'PENDING'
        """,
        values,
    )
    connection.execute(
        """
        insert into vendor_earnings (
            vendor_id, order_item_id, amount, currency, earned_at, created_at, updated_at
        )
        select vendor_id, order_item_id, line_total - commission_amount, currency, %(at)s, %(at)s, %(written)s
        from order_items
        where order_id = %(id)s and vendor_id is not null
        """,
        values,
    )


def _fail_delivery(connection: Connection, dice: Random, stamp: Stamp, order_id: int) -> None:
    """The parcel comes back; two of three are sent again, the others end the order."""
    values = {
        "id": order_id,
        "at": stamp.at,
        "written": stamp.written_at,
        "reason": dice.choice(_FAILURES),
    }
    connection.execute(
        """
        update shipments
        set status = 'FAILED', failure_reason = %(reason)s, updated_at = %(written)s
        where order_id = %(id)s and status in ('PENDING', 'IN_TRANSIT')
        """,
        values,
    )
    if dice.random() < 1 / 3:
        change_status(connection, stamp, order_id, "CANCELLED", "DELIVERY")
        settle_payments(connection, stamp, order_id)
        return
    connection.execute(
        """
        insert into shipments (
            order_id, delivery_partner_id, status, city, region, country, delivery_fee, currency, is_express,
            promised_at, dispatched_at, created_at, updated_at
        )
        select
            order_id, delivery_partner_id, 'IN_TRANSIT', city, region, country, 0, currency, is_express,
            promised_at, %(at)s, %(at)s, %(written)s
        from shipments
        where order_id = %(id)s
        order by shipment_id desc
        limit 1
        """,
        values,
    )
    connection.execute("update orders set updated_at = %(written)s where order_id = %(id)s", values)


_Step = Callable[[Connection, Shopfront, Stamp, int], None]
_STEPS: dict[str, _Step] = {
    "PENDING": _from_pending,
    "CONFIRMED": _from_confirmed,
    "DISPATCHED": _from_dispatched,
}
