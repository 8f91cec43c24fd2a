"""The calendar against Python's: fiscal years of every first month, weeks of every first day, leap years."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from amalimart.config.project import Settings

MODELS = Path(__file__).parents[2] / "src" / "amalimart" / "marketplace" / "dbt"
WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
YEARS = {2000, 2001, 2023, 2024, 2027, 2028}  # leap years, and the years before and after
FIRST_DAYS = dict(zip(range(1, 13), cycle(WEEK), strict=False))


def calendar(month: int, week_day: str, business_day: date) -> list[dict[str, Any]]:
    """The model's rows, its macros carried out without dbt."""
    macros = jinja2.Environment()  # noqa: S701 - SQL, not a page
    module: Any = None
    macros.globals |= {
        "var": {"fiscal_year_start_month": month, "week_starts_on": week_day}.__getitem__,
        "source": lambda _schema, name: name,
        "adapter": {"dispatch": lambda name: getattr(module, f"duckdb__{name}")},
    }
    text = "".join((MODELS / "macros" / name).read_text() for name in ("calendar.sql", "fiscal.sql"))
    module = macros.from_string(text).module
    macros.globals |= {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    sql = macros.from_string((MODELS / "models" / "gold" / "dim_date.sql").read_text()).render()
    with duckdb.connect() as engine:
        engine.execute("create table run_context as select cast(? as date) as business_day", [business_day])
        found = engine.execute(f"select * from ({sql}) order by day")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def months_on(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def by_hand(day: date, month: int, week_day: str) -> dict[str, Any]:
    year_start = date(day.year if day.month >= month else day.year - 1, month, 1)
    year_end = months_on(year_start, 12) - timedelta(days=1)
    quarter_start = max(months_on(year_start, n) for n in (0, 3, 6, 9) if months_on(year_start, n) <= day)

    def week_start(of: date) -> date:
        while of.weekday() != WEEK.index(week_day):
            of -= timedelta(days=1)
        return of

    iso = day.isocalendar()
    return {
        "day": day,
        "week_start": week_start(day),
        "month_start": day.replace(day=1),
        "quarter_start": date(day.year, 3 * ((day.month - 1) // 3) + 1, 1),
        "year_start": date(day.year, 1, 1),
        "day_of_week": day.isoweekday(),
        "is_weekend": day.isoweekday() >= 6,
        "iso_year": iso.year,
        "iso_week": iso.week,
        "iso_week_start": day - timedelta(days=day.weekday()),
        "fiscal_year": year_end.year,
        "fiscal_quarter": [months_on(year_start, n) for n in (0, 3, 6, 9)].index(quarter_start) + 1,
        "fiscal_month": [months_on(year_start, n) for n in range(12)].index(day.replace(day=1)) + 1,
        "fiscal_week": (week_start(day) - week_start(year_start)).days // 7 + 1,
        "fiscal_day_of_year": (day - year_start).days + 1,
        "fiscal_year_start": year_start,
        "fiscal_year_end": year_end,
        "fiscal_quarter_start": quarter_start,
        "fiscal_quarter_end": months_on(quarter_start, 3) - timedelta(days=1),
        "fiscal_month_start": day.replace(day=1),
        "fiscal_month_end": months_on(day.replace(day=1), 1) - timedelta(days=1),
    }


@pytest.mark.parametrize(("month", "week_day"), FIRST_DAYS.items())
def test_every_day_is_as_python_has_it(month: int, week_day: str) -> None:
    rows = calendar(month, week_day, date(2028, 2, 29))
    some = [row for row in rows if row["day"].year in YEARS]
    assert some == [by_hand(row["day"], month, week_day) for row in some]
    days = [row["day"] for row in rows]
    assert (days[0], days[-1]) == (date(2000, 1, 1), date(2029, 12, 31))
    assert len(days) == (days[-1] - days[0]).days + 1


@pytest.mark.parametrize(
    ("month", "business_day"), [(1, "2027-01-01"), (2, "2026-12-31"), (12, "2026-12-01")]
)
def test_the_current_fiscal_year_is_whole_in_the_calendar(month: int, business_day: str) -> None:
    today = datetime.fromisoformat(business_day).date()
    rows = calendar(month, "monday", today)
    (now,) = [row for row in rows if row["day"] == today]
    own = [row["day"] for row in rows if row["fiscal_year"] == now["fiscal_year"]]
    assert own[0] == now["fiscal_year_start"]
    assert own[-1] == now["fiscal_year_end"]
    assert len(own) in {365, 366}


def test_a_fiscal_year_is_named_by_the_year_it_ends_in() -> None:
    rows = {row["day"]: row for row in calendar(7, "monday", date(2026, 5, 1))}
    told = ("fiscal_year", "fiscal_quarter", "fiscal_month", "fiscal_week", "fiscal_day_of_year")
    assert [rows[date(2025, 6, 30)][name] for name in told] == [2025, 4, 12, 53, 365]
    assert [rows[date(2025, 7, 1)][name] for name in told] == [2026, 1, 1, 1, 1]
    assert [rows[date(2025, 7, 6)][name] for name in told] == [2026, 1, 1, 1, 6]
    assert [rows[date(2025, 7, 7)][name] for name in told] == [2026, 1, 1, 2, 7]


def test_without_settings_the_fiscal_year_is_the_calendar_year() -> None:
    settings = Settings()
    assert (settings.fiscal_year_start_month, settings.week_starts_on) == (1, "monday")
    for row in calendar(settings.fiscal_year_start_month, settings.week_starts_on, date(2026, 5, 1)):
        assert row["fiscal_year"] == row["day"].year
        assert row["fiscal_year_start"] == row["year_start"]
        assert row["week_start"] == row["iso_week_start"]


@pytest.mark.parametrize(
    "given",
    [{"fiscal_year_start_month": 0}, {"fiscal_year_start_month": 13}, {"week_starts_on": "lundi"}],
)
def test_a_calendar_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        Settings(**given)
