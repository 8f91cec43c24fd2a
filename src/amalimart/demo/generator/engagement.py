"""What people say after a chunk of orders: reviews, support tickets, messages to vendors, wish lists."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amalimart.demo.generator.baskets import Orders
from amalimart.demo.generator.lifecycle import Life
from amalimart.demo.generator.rows import (
    DAY,
    HOUR,
    NONE,
    Ints,
    Rows,
    Texts,
    bigint,
    flag,
    instant,
    integer,
    text,
    texts,
)
from amalimart.demo.generator.world import World

_COMMENTS = texts(
    (
        "Never again.",
        "Not what I hoped for.",
        "It is all right.",
        "Good, would buy again.",
        "Excellent, thank you!",
    )
)
SUBJECTS = {
    "Delivery delay": "Where is my order?",
    "Failed delivery": "The rider did not find me",
    "Payment problem": "My payment failed",
    "Return or refund": "When do I get my money back?",
    "Damaged item": "The item arrived damaged",
    "Product question": "A question about a product",
    "Account": "I cannot sign in",
}
_CATEGORIES = texts(SUBJECTS)
_SUBJECTS = texts(SUBJECTS.values())
_QUESTIONS = texts(("Is it still in stock?", "Can you deliver tomorrow?", "Do you have another colour?"))
_ANSWERS = texts(("Yes, we do.", "Thank you for asking; it is on its way.", "Sorry, not at the moment."))


def tables(world: World, orders: Orders, life: Life) -> Iterator[Rows]:
    """The rows of one chunk, parents first."""
    yield _reviews(world, orders, life)
    tickets = _tickets(world, orders, life)
    yield tickets
    yield _ticket_messages(world, tickets, orders.part)
    yield _messages(world, orders)
    yield from _wishes(world, orders)


def _reviews(world: World, orders: Orders, life: Life) -> Rows:
    """Stars follow the product's quality and fall with every day of lateness."""
    dice = world.scenario.dice("reviews", orders.part)
    lines = orders.lines
    delivered = life.delivered_at[lines.order]
    days_late = np.maximum((delivered - life.promised_at[lines.order]) // DAY, 0).clip(0, 6)
    late = life.late[lines.order]
    writes = dice.random(len(lines)) < np.where(late, 0.34, 0.21)
    at = np.where(delivered != NONE, delivered, 0) + (dice.exponential(4, len(lines)) * DAY).astype(np.int64)
    line = np.flatnonzero(writes & (delivered != NONE) & (at < world.scenario.end) & ~life.unknown_product)
    feeling = 4.3 + world.goods.quality[lines.product[line]] + dice.normal(0, 0.85, len(line))
    feeling -= np.where(late[line], 1.0 + 0.25 * days_late[line], 0.0)
    stars = np.round(feeling).clip(1, 5).astype(np.int64)
    line, stars = line[np.argsort(at[line], kind="stable")], stars[np.argsort(at[line], kind="stable")]
    roll = dice.random(len(line))
    return Rows(
        "reviews",
        {
            "review_id": bigint(world.ids.take("reviews", len(line))),
            "customer_id": bigint(orders.user[lines.order[line]]),
            "product_id": bigint(lines.product[line] + 1),
            "order_id": bigint(orders.ids[lines.order[line]]),
            "rating": integer(stars),
            "comment": text(np.where(dice.random(len(line)) < 0.6, _COMMENTS[stars - 1], b"")),
            "status": text(np.where(roll < 0.965, b"ACTIVE", np.where(roll < 0.985, b"HIDDEN", b"DELETED"))),
            "created_at": instant(at[line]),
            "updated_at": instant(at[line]),
        },
    )


def _tickets(world: World, orders: Orders, life: Life) -> Rows:
    """Requests that follow from what happened to an order, and a base of unprovoked ones."""
    dice = world.scenario.dice("tickets", orders.part)
    count = len(orders)
    failed_payment = (life.payments.first_at != NONE) & ~life.payments.first_works
    asked_back = np.full(count, NONE)
    np.maximum.at(asked_back, orders.lines.order[life.returns.line], life.returns.request_at)
    causes: tuple[tuple[str, Ints, float], ...] = (
        ("Delivery delay", np.where(life.late, life.promised_at, NONE), 0.24),
        ("Failed delivery", life.failed_at, 0.40),
        ("Payment problem", np.where(failed_payment, life.payments.first_at, NONE), 0.14),
        ("Return or refund", asked_back, 0.22),
        ("Damaged item", life.delivered_at, 0.007),
        ("Product question", orders.at, 0.010),
        ("Account", orders.at, 0.006),
    )
    cause_at = np.concatenate([at for _, at, _ in causes])
    chance = np.repeat([share for *_, share in causes], count)
    category = np.repeat(np.arange(len(causes)), count)
    opened = cause_at + (dice.exponential(9, len(cause_at)) * HOUR).astype(np.int64)
    asks = (cause_at != NONE) & (dice.random(len(cause_at)) < chance) & (opened < world.scenario.end)
    chosen = np.flatnonzero(asks)
    chosen = chosen[np.argsort(opened[chosen], kind="stable")]
    opened, category = opened[chosen], category[chosen]
    order = chosen % count
    rows = len(chosen)
    answered = opened + (dice.lognormal(1.1, 0.9, rows) * HOUR).astype(np.int64)
    closed = answered + (dice.lognormal(2.9, 0.9, rows) * HOUR).astype(np.int64)
    answered = np.where(answered < world.scenario.end, answered, NONE)
    closed = np.where((closed < world.scenario.end) & (dice.random(rows) < 0.97), closed, NONE)
    status = np.where(closed != NONE, b"CLOSED", np.where(answered != NONE, b"PENDING", b"OPEN"))
    missing = world.dirt.strike("ticket_category_missing", np.ones(rows, dtype=np.bool_), dice)
    about_account = category == len(causes) - 1
    return Rows(
        "support_tickets",
        {
            "ticket_id": bigint(world.ids.take("support_tickets", rows)),
            "customer_id": bigint(orders.user[order]),
            "order_id": bigint(np.where(about_account, NONE, orders.ids[order])),
            "category": text(np.where(missing, b"", _CATEGORIES[category])),
            "subject": text(_SUBJECTS[category]),
            "status": text(status),
            "first_response_at": instant(answered),
            "closed_at": instant(closed),
            "created_at": instant(opened),
            "updated_at": instant(np.maximum.reduce((opened, answered, closed))),
        },
    )


def _ticket_messages(world: World, tickets: Rows, part: int) -> Rows:
    """The customer's request, and the agent's answer where there is one."""
    dice = world.scenario.dice("ticket messages", part)
    ids, customer = tickets.columns["ticket_id"].values, tickets.columns["customer_id"].values
    opened, answered = tickets.columns["created_at"].values, tickets.columns["first_response_at"].values
    replied = np.flatnonzero(answered != NONE)
    agents = np.array(world.who.support)[dice.integers(0, len(world.who.support), len(replied))]
    bodies: Texts = np.concatenate(
        [tickets.columns["subject"].values, np.full(len(replied), b"Thank you for writing; we are on it.")]
    )
    at = np.concatenate([opened, answered[replied]])
    return Rows(
        "support_messages",
        {
            "support_message_id": bigint(world.ids.take("support_messages", len(at))),
            "ticket_id": bigint(np.concatenate([ids, ids[replied]])),
            "sender_id": bigint(np.concatenate([customer, agents])),
            "body": text(bodies),
            "created_at": instant(at),
            "updated_at": instant(at),
        },
    )


def _messages(world: World, orders: Orders) -> Rows:
    """Some customers ask the vendor before they order; most vendors answer."""
    dice = world.scenario.dice("messages", orders.part)
    order = np.flatnonzero(dice.random(len(orders)) < 0.14)
    answered = order[dice.random(len(order)) < 0.8]
    owner = world.who.first_owner + orders.lines.vendor[orders.lines.first_of_order]
    asked = orders.at - dice.integers(HOUR // 4, 6 * HOUR, len(orders))
    sender = np.concatenate([orders.user[order], owner[answered]])
    receiver = np.concatenate([owner[order], orders.user[answered]])
    at = np.concatenate([asked[order], asked[answered] + HOUR // 5])
    content = np.concatenate([_QUESTIONS[order % len(_QUESTIONS)], _ANSWERS[answered % len(_ANSWERS)]])
    return Rows(
        "messages",
        {
            "message_id": bigint(world.ids.take("messages", len(at))),
            "sender_id": bigint(sender),
            "receiver_id": bigint(receiver),
            "content": text(content),
            "is_read": flag(dice.random(len(at)) < 0.9),
            "created_at": instant(at),
            "updated_at": instant(at),
        },
    )


def _wishes(world: World, orders: Orders) -> Iterator[Rows]:
    """Wish lists made in the days before an order; the ordered product is sometimes among the wishes."""
    dice = world.scenario.dice("wishes", orders.part)
    order = np.flatnonzero(dice.random(len(orders)) < 0.10)
    lists = world.ids.take("wishlists", len(order))
    made = np.maximum(
        orders.at[order] - (dice.exponential(6, len(order)) * DAY).astype(np.int64),
        world.who.registered[orders.customer[order]],
    )
    yield Rows(
        "wishlists",
        {
            "wishlist_id": bigint(lists),
            "customer_id": bigint(world.who.first_customer + orders.customer[order]),
            "created_at": instant(made),
            "updated_at": instant(made),
        },
    )
    copies = dice.integers(1, 5, len(order))
    of_list = np.repeat(np.arange(len(order)), copies)
    at = made[of_list]
    product = world.goods.bought(at, dice)
    ordered = orders.lines.product[orders.lines.first_of_order][order[of_list]]
    product = np.where((dice.random(len(at)) < 0.25) & (world.goods.listed[ordered] <= at), ordered, product)
    yield Rows(
        "wishlist_items",
        {
            "wishlist_item_id": bigint(world.ids.take("wishlist_items", len(at))),
            "wishlist_id": bigint(lists[of_list]),
            "product_id": bigint(product + 1),
            "created_at": instant(at),
            "updated_at": instant(at),
        },
    )
