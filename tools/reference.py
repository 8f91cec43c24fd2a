"""Writes docs/reference from the code itself, or says which of its pages are out of date.

python tools/reference.py            write the pages
python tools/reference.py --check    exit 1 and name the pages that differ
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # run as a script, only this folder is on the path
    sys.path.insert(0, str(ROOT))

from tools.reference_pages import all_pages  # noqa: E402 - needs the path set above

FOLDER = ROOT / "docs" / "reference"


def stale_pages(folder: Path = FOLDER) -> list[str]:
    """Names of the pages that are missing, differ from the code, or describe nothing any more."""
    pages = all_pages()
    found = {path.name for path in folder.glob("*.md")}
    differing = {
        name
        for name, text in pages.items()
        if name not in found or (folder / name).read_text(encoding="utf-8") != text
    }
    return sorted(differing | (found - set(pages)))


def write_pages(folder: Path = FOLDER) -> list[str]:
    """Bring every page up to date and return the names of those that changed."""
    changed = stale_pages(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pages = all_pages()
    for name in changed:
        if name in pages:
            (folder / name).write_text(pages[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def main() -> int:
    """Run the command; the result is its exit code."""
    parser = argparse.ArgumentParser(description="Write docs/reference from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is stale")
    if parser.parse_args().check:
        stale = stale_pages()
        for name in stale:
            sys.stderr.write(f"stale: docs/reference/{name}; run: python tools/reference.py\n")
        return 1 if stale else 0
    for name in write_pages():
        sys.stderr.write(f"wrote docs/reference/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
