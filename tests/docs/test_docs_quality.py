"""The page about quality lists every packaged check as its file says it, and its examples are checks."""

from __future__ import annotations

import re
from pathlib import Path

from amalimart.quality.declared import PACKAGED, load_checks, read_check

_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (\w+) \| (\w+) \| .+ \|$", re.MULTILINE)
_EXAMPLE = re.compile(r"^```yaml\n# (quality/\w+\.yml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_packaged_check_is_listed_as_it_is(root: Path) -> None:
    page = (root / "docs" / "quality.md").read_text(encoding="utf-8")
    declared = {
        (name, check.kind.value, check.every.value, check.severity.value)
        for name, check in load_checks([PACKAGED]).checks.items()
    }
    assert set(_ROW.findall(page)) == declared


def test_every_check_shown_is_one_and_every_kind_but_drift_is_shown(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "quality.md").read_text(encoding="utf-8")
    kinds = set()
    for name, text in _EXAMPLE.findall(page):
        path = tmp_path / Path(name).name
        path.write_text(text)
        kinds.add(read_check(path).kind.value)
    assert kinds == {"reconciliation", "counts", "freshness", "volume"}
