"""The marketplace's own campaigns as a release has them: what sells more for a while, and is no fault."""

from __future__ import annotations

from datetime import date

from amalimart.warehouse.file.reading import ReadTransaction


def published_campaigns(transaction: ReadTransaction) -> tuple[tuple[str, date, date], ...]:
    """Name, first and last day of each campaign that has them; none where no source tells of campaigns."""
    found = transaction.rows(
        "select campaign_name, start_date, end_date from staging.stg_campaigns where _rejected is null"
        " and campaign_name is not null and start_date is not null and end_date is not null order by all"
    ).rows
    return tuple((name, first, last) for name, first, last in found)
