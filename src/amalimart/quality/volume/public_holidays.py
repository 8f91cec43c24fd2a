"""The public holidays of a country as events, from the library that keeps them."""

from __future__ import annotations

from datetime import date

import holidays

from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest
from amalimart.quality.volume.events import Event, EventKind

# The same day is called `(estimated)` until it is announced, and it must not be another event for that.
_REMARKS = (" (estimated)", " (observed)", " (observed, estimated)")


def public_holidays(country: str, first_year: int, last_year: int) -> tuple[Event, ...]:
    """One event for each name, with its days in all these years. Raises ConfigError."""
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise ConfigError(
            f"no public holidays are known of the country {country!r}",
            expected="a country of ISO 3166 in two letters, such as GH",
            nearest=nearest(country.upper(), known),
        )
    days: dict[str, set[date]] = {}
    years = range(first_year, last_year + 1)
    for day, names in holidays.country_holidays(country, years=years, language=None).items():
        for name in names.split("; "):
            days.setdefault(_plain(name), set()).add(day)
    return tuple(Event(name, EventKind.HOLIDAY, frozenset(found)) for name, found in sorted(days.items()))


def _plain(name: str) -> str:
    for remark in sorted(_REMARKS, key=len, reverse=True):
        name = name.removesuffix(remark)
    return name
