from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.observe.recorded import Recorded, recorded


@pytest.fixture
def engine() -> Iterator[Recorded]:
    with recorded() as seen:
        yield seen
