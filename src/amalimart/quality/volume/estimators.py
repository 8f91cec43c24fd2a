"""The two things that are asked of statistics libraries: a robust regression, and quantiles of a count.

Importing them takes more than a second. Nobody imports this module by a statement: whoever fits a model loads
it then (`volume.expectation`), so that whoever fits none does not wait.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import nbinom, norm, poisson
from statsmodels.robust.norms import TukeyBiweight
from statsmodels.robust.robust_linear_model import RLM
from statsmodels.robust.scale import mad

from amalimart.quality.volume.terms import Floats

_MOST_ROUNDS = 15
_ENOUGH = 1e-4
_HAIR = 0.01
# Below this relative spread a count is as good as Poisson's, and the other formula loses its digits.
_NO_SPREAD = 1e-4


def robust_fit(observed: Floats, terms: Floats, least_scale: float) -> tuple[Floats, float]:
    """Coefficients and scale of a regression in which far-away values have no say at all.

    least_scale: no value is far away by less, even where most are alike.
    """
    days, weights = terms.shape
    # A term that these days do not have, such as a weekday without a count, is 0 instead of anything.
    anchored = np.vstack([terms, _HAIR * np.eye(weights)])
    model = RLM(np.concatenate([observed, np.zeros(weights)]), anchored, M=TukeyBiweight())
    fitted = model.fit(
        maxiter=_MOST_ROUNDS,
        tol=_ENOUGH,
        conv="coefs",
        scale_est=lambda _, residuals: max(float(mad(residuals[:days], center=0)), least_scale),
    )
    return np.asarray(fitted.params, dtype=np.float64), float(fitted.scale)


def count_band(mean: float, spread: float, sigmas: float) -> tuple[int, int]:
    """The least and the most rows that a count of this mean and relative spread has, but for rare chance.

    It is negative binomial: Poisson's own chance, and a level that itself varies by `spread`. Each side is
    left as seldom as a normal value leaves so many sigmas.
    """
    tail = float(norm.sf(sigmas))
    if spread < _NO_SPREAD:
        return int(poisson.ppf(tail, mean)), int(poisson.isf(tail, mean))
    size = 1.0 / spread**2
    chance = size / (size + mean)
    return int(nbinom.ppf(tail, size, chance)), int(nbinom.isf(tail, size, chance))
