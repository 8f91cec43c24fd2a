"""Many micro-batches on a shop that keeps its size: neither the file, nor a batch, nor memory may grow.

The long form is `make bench-soak`. A short run proves less: the file is hardly more than the least one can
be, and the first batches warm the caches.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import soak


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_batches_leave_things_as_they_were(tmp_path: Path) -> None:
    soaked = soak(tmp_path, 120, orders=500, changes=10, models=("fact_payments", "fact_order_items"))
    assert len(soaked.seconds) == 120
    assert soaked.file_growth <= 2.0
    assert soaked.p95_growth <= 2.0
    assert soaked.memory_growth <= 1.25
