"""A place for the pictures that end-to-end tests take."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PICTURES = Path(__file__).parents[2] / "artifacts"


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures of the running product go: $AMALIMART_PICTURES, else artifacts/."""
    folder = Path(os.environ.get("AMALIMART_PICTURES", PICTURES))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
