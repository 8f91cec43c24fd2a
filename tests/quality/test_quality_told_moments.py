"""How late a change may have been of which a source tells only a coarse moment."""

from __future__ import annotations

from datetime import datetime

import pytest

from amalimart.quality.told_moments import latest_of


@pytest.mark.parametrize(
    ("told", "latest"),
    [
        ("2026-03-28 12:00:05.000001", "2026-03-28 12:00:05.000001"),
        ("2026-03-28 12:00:05.250000", "2026-03-28 12:00:05.250999"),
        ("2026-03-28 12:00:05", "2026-03-28 12:00:05.999999"),
        ("2026-03-28 12:00:00", "2026-03-28 12:00:00.999999"),
        ("2026-03-28 00:00:00", "2026-03-28 23:59:59.999999"),
    ],
)
def test_a_coarse_moment_tells_of_all_that_it_was_cut_from(told: str, latest: str) -> None:
    assert latest_of(datetime.fromisoformat(told)) == datetime.fromisoformat(latest)
