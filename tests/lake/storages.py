"""Which storages a test of the lake runs over: both, unless it says otherwise."""

from __future__ import annotations

import pytest

IN_A_FOLDER = pytest.mark.parametrize("storage", ["folder"])
"""For tests of what only a folder can do, or can suffer."""

IN_AN_OBJECT_STORE = pytest.mark.parametrize("storage", ["object store"])
