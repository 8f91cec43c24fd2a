"""What the end-to-end tests share: the browser, and a place for the pictures they take."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.conftest import browser

__all__ = ["browser"]

PICTURES = Path(__file__).parents[2] / "artifacts"


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures of the running product go: $AMALIMART_PICTURES, else artifacts/."""
    folder = Path(os.environ.get("AMALIMART_PICTURES", PICTURES))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
