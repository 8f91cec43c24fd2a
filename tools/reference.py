"""Writes docs/reference and docs/governance.md from what is declared, or says which are out of date.

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
from tools.reference_pages.governance import governance_page  # noqa: E402

FOLDER = ROOT / "docs" / "reference"
GOVERNANCE = ROOT / "docs" / "governance.md"


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


def is_governance_stale(page: Path = GOVERNANCE) -> bool:
    """Whether the page of owners, classes and retention differs from what is declared."""
    return not page.is_file() or page.read_text(encoding="utf-8") != governance_page()


def main() -> int:
    """Run the command; the result is its exit code."""
    parser = argparse.ArgumentParser(description="Write docs/reference from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is stale")
    if parser.parse_args().check:
        stale = stale_pages()
        for name in stale:
            sys.stderr.write(f"stale: docs/reference/{name}; run: python tools/reference.py\n")
        if is_governance_stale():
            sys.stderr.write("stale: docs/governance.md; run: python tools/reference.py\n")
        return 1 if stale or is_governance_stale() else 0
    for name in write_pages():
        sys.stderr.write(f"wrote docs/reference/{name}\n")
    if is_governance_stale():
        GOVERNANCE.write_text(governance_page(), encoding="utf-8")
        sys.stderr.write("wrote docs/governance.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
