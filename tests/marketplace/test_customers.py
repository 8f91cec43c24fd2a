"""Ages at the business day, first and last orders, every role."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench

BUSINESS_DAY = date(2024, 12, 31)


def band(born: date | None) -> str:
    """The age group counted birthday by birthday."""
    if born is None or born > BUSINESS_DAY:
        return "unknown"
    birthdays = 0
    for year in count(born.year + 1):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        in_march = (born.month, born.day) == (2, 29) and not leap
        birthday = date(year, 3, 1) if in_march else born.replace(year=year)
        if birthday > BUSINESS_DAY:
            break
        birthdays += 1
    if birthdays > 120:
        return "unknown"
    bounds = [(17, "under 18"), (24, "18-24"), (34, "25-34"), (44, "35-44"), (54, "45-54"), (64, "55-64")]
    return next((name for last, name in bounds if birthdays <= last), "65+")


def test_the_age_group_changes_on_the_birthday_itself(bench: ModelBench) -> None:
    births: list[date | None] = [None, BUSINESS_DAY, BUSINESS_DAY + timedelta(days=1), date(1800, 1, 1)]
    for age in (1, 17, 18, 24, 25, 34, 35, 44, 45, 54, 55, 64, 65, 120, 121):
        birthday = date(2024 - age, 12, 31)
        births += [birthday - timedelta(days=1), birthday, birthday + timedelta(days=1)]
    for number, born in enumerate(births):
        bench.put("users", user_id=str(number), birth_date=born)
    groups = {key: row["age_group"] for key, row in bench.by_key("gold.dim_customers").items()}
    assert groups == {str(number): band(born) for number, born in enumerate(births)}
    assert set(groups.values()) == {
        "under 18", "18-24", "25-34", "35-44", "45-54", "55-64", "65+", "unknown",
    }  # fmt: skip


def test_one_born_on_29_february_comes_of_age_on_1_march_of_a_common_year(bench: ModelBench) -> None:
    bench.put("users", user_id="u", birth_date=date(2004, 2, 29))
    bench.execute("update meta.run_context set business_day = date '2022-02-28'")
    assert bench.row("gold.dim_customers")["age_group"] == "under 18"
    bench.execute("update meta.run_context set business_day = date '2022-03-01'")
    assert bench.row("gold.dim_customers")["age_group"] == "18-24"


def test_first_and_last_order_of_any_status_but_not_of_test_orders(bench: ModelBench) -> None:
    bench.put("users", user_id="u")
    bench.put("users", user_id="never")
    for key, day, status, is_test in (
        ("1", 1, "COMPLETED", True),
        ("2", 2, "CANCELLED", False),
        ("3", 3, "PENDING", None),
        ("4", 4, "PENDING", True),
    ):
        bench.put(
            "orders", order_id=key, customer_id="u", order_date=f"2024-01-0{day} 23:30",
            status=status, is_test=is_test,
        )  # fmt: skip
    customers = bench.by_key("gold.dim_customers")
    assert (customers["u"]["first_order_date"], customers["u"]["last_order_date"]) == (
        date(2024, 1, 2),
        date(2024, 1, 3),
    )
    assert customers["never"]["first_order_date"] is None


def test_orders_are_numbered_by_moment_then_id_without_gaps_for_test_orders(bench: ModelBench) -> None:
    for key, day, is_test in (("10", 5, False), ("9", 5, False), ("1", 9, False), ("2", 1, True)):
        bench.put("orders", order_id=key, customer_id="u", order_date=f"2024-01-0{day}", is_test=is_test)
    bench.put("orders", order_id="guest", customer_id=None)
    numbers = {key: row["customer_order_number"] for key, row in bench.by_key("gold.fact_orders").items()}
    assert numbers == {"9": 1, "10": 2, "1": 3, "guest": None}


def test_orders_of_accounts_that_are_no_customers_or_not_known_count(bench: ModelBench) -> None:
    bench.put("users", user_id="admin", role="ADMIN")
    bench.put("orders", order_id="1", customer_id="admin", total_amount="5.00")
    bench.put("orders", order_id="2", customer_id="nobody", total_amount="7.00")
    assert sorted(row["order_id"] for row in bench.rows("gold.fact_orders")) == ["1", "2"]
    assert bench.row("gold.dim_customers")["role"] == "ADMIN"


def test_an_unstated_verification_counts_as_false(bench: ModelBench) -> None:
    bench.put("users", user_id="u", is_verified=None, is_enabled=None)
    row = bench.row("gold.dim_customers")
    assert (row["is_verified"], row["is_enabled"]) == (False, False)


def test_the_segment_says_how_lately_and_how_often(bench: ModelBench) -> None:
    """Customers by the days since their last order and the number of orders, on either side of each bound."""
    cases = {
        "a": (0, 5, "CHAMPION"), "b": (90, 5, "CHAMPION"), "c": (91, 5, "AT_RISK"), "d": (90, 4, "LOYAL"),
        "e": (0, 2, "LOYAL"), "f": (90, 1, "NEW"), "g": (180, 1, "AT_RISK"), "h": (181, 9, "LOST"),
        "i": (0, 0, "NO_ORDER"),
    }  # fmt: skip
    for user, (days, orders, _) in cases.items():
        bench.put("users", user_id=user)
        for number in range(orders):
            placed = BUSINESS_DAY - timedelta(days=days + 30 * number)
            bench.put("orders", order_id=f"{user}{number}", customer_id=user, order_date=f"{placed} 12:00")
    bench.put("orders", order_id="test", customer_id="i", order_date="2024-12-30", is_test=True)
    found = {key: row["customer_segment"] for key, row in bench.by_key("gold.dim_customers").items()}
    assert found == {user: segment for user, (_, _, segment) in cases.items()}
