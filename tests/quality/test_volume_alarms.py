"""What the volume model finds of what was seeded, against the rules it must beat."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bench.alarm_score import Score
from bench.quality import LAST, Scores, foreign_scores, simulated_scores
from bench.seeded_counts import Anomaly, Seeded, foreign_shop, seeded

SURE = (Seeded.EMPTY, Seeded.HALF, Seeded.DOUBLE)


def assert_bars(scores: Scores) -> None:
    model = scores.model
    assert model.precision >= 0.75
    assert model.recall() >= 0.5
    assert model.recall(*SURE) >= 0.98
    for rule in (scores.fortnight, scores.weekday):
        assert model.precision > rule.precision
        assert model.recall() > rule.recall()


@pytest.mark.slow
def test_precision_and_recall_on_two_foreign_shops() -> None:
    scores = foreign_scores(series=2, seed=1)
    assert scores.model.seeded.total() >= 10
    assert scores.model.precision >= 0.75
    assert scores.model.recall() >= 0.5
    assert scores.model.recall(*SURE) == 1


@pytest.mark.slow
def test_precision_and_recall_on_foreign_shops() -> None:
    assert_bars(foreign_scores(series=16, seed=77))


@pytest.mark.slow
def test_precision_and_recall_on_the_simulated_shop() -> None:
    """Of some thirty anomalies, a rule that flags little may be precise by chance: both are held together."""
    scores = simulated_scores(orders=400_000, series=4, seed=77)
    assert scores.model.precision >= 0.75
    assert scores.model.recall() >= 0.5
    assert scores.model.recall(*SURE) >= 0.98
    assert scores.model.f1 > max(scores.fortnight.f1, scores.weekday.f1)


def test_alarms_are_counted_as_documented() -> None:
    score = Score()
    anomalies = [Anomaly(Seeded.EMPTY, 10, 10), Anomaly(Seeded.SLOW, 20, 30), Anomaly(Seeded.HALF, 40, 40)]
    # Found: 10, and the slow loss on the second morning after. False: 11 to 12, 33 and 50 to 51.
    score.add({10, 11, 12, 32, 33, 50, 51}, anomalies)
    assert score.found == {Seeded.EMPTY: 1, Seeded.SLOW: 1, Seeded.HALF: 0}
    assert score.false_alarms == 3
    assert score.precision == pytest.approx(2 / 5)
    assert score.recall() == pytest.approx(2 / 3)
    assert score.recall(Seeded.HALF) == 0


def test_a_detector_that_always_cries_gains_nothing() -> None:
    score = Score()
    score.add(set(range(100)), [Anomaly(Seeded.EMPTY, place, place) for place in range(10, 100, 10)])
    assert score.recall() == 1
    assert score.precision < 0.5


def test_what_is_seeded_is_what_is_said() -> None:
    dice = np.random.default_rng(4)
    shop = foreign_shop(dice, 800, LAST)
    counts, anomalies = seeded(dice, shop, 100)
    touched = {place for each in anomalies for place in range(each.first, each.last + 1)}
    for place, (day, clean) in enumerate(zip(shop.days, shop.counts, strict=True)):
        assert (counts.get(day) == clean) == (place not in touched) or clean == 0
    assert {each.kind for each in anomalies} == set(Seeded)
    for each in anomalies:
        day = shop.days[each.first]
        assert (day in counts) == (each.kind is not Seeded.MISSING)
        assert 14 <= each.last - each.first + 1 <= 42 if each.kind is Seeded.SLOW else each.first == each.last


def test_who_fits_no_model_does_not_import_the_libraries_of_statistics() -> None:
    code = (
        "import sys, amalimart.quality.volume.judging, amalimart.quality.volume.results\n"
        "print([name for name in ('statsmodels', 'scipy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
