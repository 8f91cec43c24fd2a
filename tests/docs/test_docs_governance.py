"""docs/governance.md is what is declared now, and the generator notices when it is not."""

from __future__ import annotations

from pathlib import Path

from tools.reference import GOVERNANCE, is_governance_stale


def test_the_page_is_current() -> None:
    assert not is_governance_stale(), "run: python tools/reference.py"


def test_a_page_that_differs_or_is_missing_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "governance.md"
    assert is_governance_stale(page)
    page.write_text(GOVERNANCE.read_text().replace("finance data steward", "somebody", 1))
    assert is_governance_stale(page)
