"""How long pages may rest, so that answering all of them leaves time for everything else.

A page that is looked at all the time and rests `r` seconds takes `c / r` of a processor, where it takes `c`
to answer. Of all rests under which a number of pages take a given share, those with the least sum go by the
square root of the cost (by Lagrange: the derivatives of the sum and of the share are proportional where
r * r / c is the same for all). So a page that is alone rests for `FACTOR` times what it took; beside others
each rests longer, and the cheap ones the least. None rests longer than `MOST`, whatever share they take then.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

FACTOR = 4.0
"""All pages together are answered for a quarter of the time, until they rest for `MOST`."""
MOST = 30.0  # seconds


class Rests:
    """For many threads.

    factor  for how many times as long as it took a page that is alone rests; 0: none does
    most    seconds after which a page is answered anew in any case
    clock   seconds, by a clock that only runs on
    """

    def __init__(
        self, factor: float = FACTOR, most: float = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._factor, self._most, self._clock = factor, most, clock
        self._roots: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._sum = 0.0
        self._lock = threading.Lock()

    def answered(self, key: Hashable, seconds: float) -> None:
        """A page was answered, which took so long."""
        root = math.sqrt(max(seconds, 0.0))
        with self._lock:
            self._forget_old()
            self._forget(key)
            self._roots[key] = self._clock(), root
            self._sum += root

    def of(self, seconds: float) -> float:
        """For how many seconds a page rests that takes so long, beside those that were answered of late."""
        with self._lock:
            self._forget_old()
            others = self._sum
        root = math.sqrt(max(seconds, 0.0))
        return min(self._factor * root * max(root, others), self._most)

    def _forget_old(self) -> None:
        since = self._clock() - self._most
        while self._roots and next(iter(self._roots.values()))[0] < since:
            self._forget(next(iter(self._roots)))

    def _forget(self, key: Hashable) -> None:
        if key in self._roots:
            self._sum -= self._roots.pop(key)[1]
        if not self._roots:
            self._sum = 0.0  # what additions and subtractions left of it
