"""The estimators, loaded when the first model is fitted: their libraries import for more than a second."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from amalimart.quality.volume.terms import Floats


class Estimators(Protocol):
    """What `volume.estimators` has."""

    def robust_fit(self, observed: Floats, terms: Floats, least_scale: float) -> tuple[Floats, float]: ...

    def count_band(self, mean: float, spread: float, sigmas: float) -> tuple[int, int]: ...


def estimators() -> Estimators:
    """The module; slow the first time only."""
    return cast(Estimators, import_module("amalimart.quality.volume.estimators"))
