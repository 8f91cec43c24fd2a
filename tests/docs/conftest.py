"""What the documentation tests look at: the tracked markdown files, read once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # the generator lives beside the product, not in it
    sys.path.insert(0, str(ROOT))


def _documents() -> list[Path]:
    """Every tracked markdown file, and those of docs/ that are about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:  # an export without its history
        found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return sorted(path for path in found if path.is_file())


DOCUMENTS = _documents()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `document` runs once for each file."""
    if "document" in metafunc.fixturenames:
        metafunc.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def documents() -> list[Path]:
    return DOCUMENTS
