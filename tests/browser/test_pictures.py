from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

LARGEST = 300_000  # bytes: a picture of the README loads at once
NEEDED = ("AMALIMART_SITE", "AMALIMART_PICTURES")


@pytest.mark.skipif(
    not all(os.environ.get(name) for name in NEEDED),
    reason="pictures of a running demo: AMALIMART_SITE is its address, AMALIMART_PICTURES a folder",
)
@pytest.mark.parametrize(
    ("name", "width", "height", "scale", "theme"),
    [
        ("admin-light", 1440, 1000, 1, "light"),
        ("admin-dark", 1440, 1000, 1, "dark"),
        ("admin-phone", 390, 844, 2, "light"),
    ],
)
def test_a_picture_for_the_readme(
    visit: Visit, name: str, width: int, height: int, scale: int, theme: str
) -> None:
    """The admin's page of a real demo, as its first screen shows it."""
    folder = Path(os.environ["AMALIMART_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    visitor = visit(width=width, height=height, theme=theme, device_scale_factor=scale)
    visitor.site = dataclasses.replace(visitor.site, url=os.environ["AMALIMART_SITE"].rstrip("/"))
    visitor.sign_in()
    visitor.settle()
    picture = visitor.page.screenshot(path=folder / f"{name}.png")
    assert 20_000 < len(picture) < LARGEST
