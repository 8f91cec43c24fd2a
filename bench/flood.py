"""Many changes in little time: transactions of some hundred, made by the server itself, in the usual mix."""

from __future__ import annotations

from contextlib import closing

from bench.big_shop import TABLE, BigShop, row_sql

_INSERTED, _RECENT, _SPREAD, _DELETED = 300, 150, 40, 10
_FIRST = 1_000_000_000


def flood(shop: BigShop, history: int, changes: int) -> int:
    """Make at least that many changes; says how many."""
    made = 0
    with closing(shop.connect()) as connection:
        cursor = connection.cursor()
        for round_number in range(-(-changes // (_INSERTED + _RECENT + _SPREAD + _DELETED))):
            first = _FIRST + round_number * _INSERTED
            moved = first + _RECENT
            spread = history // _SPREAD
            scattered = ", ".join(str(1 + place * spread + round_number % spread) for place in range(_SPREAD))
            fresh = f"select {row_sql(shop, f'(n + {first})')} from {shop.numbered(_INSERTED)}"
            raised = f"update {TABLE} set total_amount = total_amount + 0.01 where order_id"
            statements = [
                f"insert into {TABLE} {fresh}",
                f"{raised} between {first + 1} and {moved}",
                f"{raised} in ({scattered})",
                f"delete from {TABLE} where order_id between {moved + 1} and {moved + _DELETED}",
            ]
            for statement in statements:
                cursor.execute(statement)
                made += cursor.rowcount
            connection.commit()
    return made
