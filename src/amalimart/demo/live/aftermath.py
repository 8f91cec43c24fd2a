"""What follows a delivery in the running shop: reviews, returns and refunds, support tickets."""

from __future__ import annotations

from datetime import timedelta

from amalimart.demo.generator.engagement import SUBJECTS
from amalimart.demo.live.moving import change_status
from amalimart.demo.live.shopfront import Connection, Shopfront, Stamp

_REASONS = ("Wrong size", "Damaged on arrival", "Not as described", "Changed my mind", "Defective")
_REVIEW_CHANCE = 0.30
_RETURN_CHANCE = 0.05
_TICKET_CHANCE = 0.08
_DECISION_CHANCE = 0.12


def follow_up(connection: Connection, front: Shopfront, stamp: Stamp) -> None:
    """At most one review, return request and ticket, and one step of an open return and ticket."""
    dice = front.dice
    with connection.transaction():
        if dice.random() < _REVIEW_CHANCE:
            _review(connection, front, stamp)
        if dice.random() < _RETURN_CHANCE:
            _request_return(connection, front, stamp)
        if dice.random() < _DECISION_CHANCE:
            _decide_return(connection, front, stamp)
            _refund(connection, stamp)
        if dice.random() < _TICKET_CHANCE:
            _open_ticket(connection, front, stamp)
        if dice.random() < _DECISION_CHANCE:
            _answer_ticket(connection, front, stamp)
            _close_ticket(connection, stamp)


def _delivered_line(connection: Connection, front: Shopfront, without: str) -> tuple[object, ...] | None:
    """A line of one of the last delivered orders that has no row in `without` yet."""
    return connection.execute(
        f"""
        select i.order_id, i.order_item_id, i.product_id, o.customer_id, i.line_total, o.order_date
        from (
            select order_id, customer_id, order_date
            from orders
            where status = 'COMPLETED'
            order by updated_at desc
            limit 60
        ) o
        join order_items i on i.order_id = o.order_id
        join products p on p.product_id = i.product_id
        where not exists (select from {without} x where x.order_id = o.order_id)
        order by md5(i.order_item_id::text || %s)
        limit 1
        """,
        (str(front.dice.random()),),
    ).fetchone()


def _review(connection: Connection, front: Shopfront, stamp: Stamp) -> None:
    line = _delivered_line(connection, front, "reviews")
    if line is None:
        return
    connection.execute(
        """
        insert into reviews (customer_id, product_id, order_id, rating, created_at, updated_at)
        values (%s, %s, %s, %s, %s, %s)
        """,
        (
            line[3],
            line[2],
            line[0],
            front.dice.choices((1, 2, 3, 4, 5), (3, 6, 17, 35, 39))[0],
            stamp.at,
            stamp.written_at,
        ),
    )


def _request_return(connection: Connection, front: Shopfront, stamp: Stamp) -> None:
    line = _delivered_line(connection, front, "returns")
    if line is None:
        return
    connection.execute(
        """
        insert into returns (
            order_id, order_item_id, customer_id, product_id, reason, return_amount, currency, request_at,
            created_at, updated_at
        )
        values (%s, %s, %s, %s, %s, %s, 'GHS', %s, %s, %s)
        """,
        (
            line[0],
            line[1],
            line[3],
            line[2],
            front.dice.choice(_REASONS),
            line[4],
            stamp.at,
            stamp.at,
            stamp.written_at,
        ),
    )


def _decide_return(connection: Connection, front: Shopfront, stamp: Stamp) -> None:
    approved = front.dice.random() < 0.87
    connection.execute(
        """
        update returns
        set status = %s, approved_at = %s, updated_at = %s
        where return_id = (
            select return_id from returns where status = 'PENDING' order by updated_at, return_id limit 1
        )
        """,
        ("APPROVED" if approved else "REJECTED", stamp.at if approved else None, stamp.written_at),
    )


def _refund(connection: Connection, stamp: Stamp) -> None:
    """Pay back the oldest approved return; an order whose every line came back is returned."""
    row = connection.execute(
        """
        update returns
        set status = 'COMPLETED', refunded_at = %s, updated_at = %s
        where return_id = (
            select return_id
            from returns
            where status = 'APPROVED' and approved_at < %s
            order by updated_at, return_id
            limit 1
        )
        returning order_id
        """,
        (stamp.at, stamp.written_at, stamp.at - timedelta(minutes=1)),
    ).fetchone()
    if row is None:
        return
    order_id = int(str(row[0]))
    kept = connection.execute(
        """
        select count(*)
        from order_items i
        where i.order_id = %s and not exists (
            select from returns r where r.order_item_id = i.order_item_id and r.status = 'COMPLETED'
        )
        """,
        (order_id,),
    ).fetchone()
    if kept == (0,):
        change_status(connection, stamp, order_id, "RETURNED", "SYSTEM")


def _open_ticket(connection: Connection, front: Shopfront, stamp: Stamp) -> None:
    category = front.dice.choice(list(SUBJECTS))
    connection.execute(
        """
        insert into support_tickets (customer_id, order_id, category, subject, created_at, updated_at)
        select customer_id, order_id, %s, %s, %s, %s
        from orders
        order by order_id desc
        limit 1
        """,
        (category, SUBJECTS[category], stamp.at, stamp.written_at),
    )


def _answer_ticket(connection: Connection, front: Shopfront, stamp: Stamp) -> None:
    row = connection.execute(
        """
        update support_tickets
        set status = 'PENDING', first_response_at = %s, updated_at = %s
        where ticket_id = (
            select ticket_id from support_tickets where status = 'OPEN' order by updated_at, ticket_id limit 1
        )
        returning ticket_id
        """,
        (stamp.at, stamp.written_at),
    ).fetchone()
    if row is not None:
        connection.execute(
            """
            insert into support_messages (ticket_id, sender_id, body, created_at, updated_at)
            values (%s, %s, 'Thank you for writing; we are on it.', %s, %s)
            """,
            (row[0], front.dice.choice(front.agents), stamp.at, stamp.written_at),
        )


def _close_ticket(connection: Connection, stamp: Stamp) -> None:
    connection.execute(
        """
        update support_tickets
        set status = 'CLOSED', closed_at = %s, updated_at = %s
        where ticket_id = (
            select ticket_id
            from support_tickets
            where status = 'PENDING' and first_response_at < %s
            order by updated_at, ticket_id
            limit 1
        )
        """,
        (stamp.at, stamp.written_at, stamp.at - timedelta(minutes=1)),
    )
