"""The widths and themes of pages: dashboards on a phone in the gate, all in the long run."""

from __future__ import annotations

import pytest

IN_THE_GATE = {(390, "dark")}
VIEWS = [
    pytest.param(width, theme, marks=() if (width, theme) in IN_THE_GATE else pytest.mark.slow)
    for width in (1440, 820, 390)
    for theme in ("light", "dark")
]
