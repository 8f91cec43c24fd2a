"""What the volume model knows of a marketplace's calendar: its country's holidays and its own campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from amalimart.config.project import Project
from amalimart.core.calendar import DayRange
from amalimart.quality.volume.events import Event, EventKind
from amalimart.quality.volume.public_holidays import public_holidays
from amalimart.quality.volume.series import days_of
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.quality.campaigns import published_campaigns

_LONGEST_CAMPAIGN = timedelta(days=62)


class MarketplaceEvents:
    """The events of one project, looked up when a check asks."""

    def __init__(self, project: Project, hot_file: HotFile) -> None:
        self._project = project
        self._hot_file = hot_file

    def __call__(self, first_year: int, last_year: int) -> Iterator[Event]:
        """Those of some years. Raises ConfigError for a country of which nothing is known."""
        country = self._project.settings.country
        if country is not None:
            yield from public_holidays(country, first_year, last_year)
        days: dict[str, set[date]] = {}
        with self._hot_file.read() as transaction:
            campaigns = published_campaigns(transaction)
        for name, first, last in campaigns:
            # One that runs for months is what is ordinary then, and nothing that days differ by.
            if first <= last <= first + _LONGEST_CAMPAIGN:
                days.setdefault(name, set()).update(days_of(DayRange(first, last)))
        for name, found in sorted(days.items()):
            yield Event(name, EventKind.CAMPAIGN, frozenset(found))
