from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("name", "width", "height", "theme"),
    [
        ("dashboard-light", 1440, 900, "light"),
        ("dashboard-dark", 1440, 900, "dark"),
        ("dashboard-phone", 390, 844, "light"),
    ],
)
def test_a_picture_of_the_whole_page(
    visit: Visit, tmp_path: Path, name: str, width: int, height: int, theme: str
) -> None:
    """For the README and for reviewers: kept in the folder AMALIMART_PICTURES, where that is set."""
    folder = Path(os.environ.get("AMALIMART_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    visitor = visit(width=width, height=height, theme=theme)
    visitor.sign_in()
    visitor.settle()
    picture = visitor.page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert len(picture) > 40_000
