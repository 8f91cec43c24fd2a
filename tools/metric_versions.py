"""Holds the ledger of the packaged metrics to their definitions, and writes down what was changed.

python tools/metric_versions.py                   exit 1 and name the metrics that it does not fit
python tools/metric_versions.py --reason TEXT     write down every new, changed and removed metric

A metric whose meaning changed has to declare a new `version` first. The second is what
`make metric-versions REASON="..."` does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT / "src") not in sys.path:
    sys.path.insert(0, str(ROOT / "src"))

from amalimart.core.clock import Clock, SystemClock  # noqa: E402 - needs the path set above
from amalimart.core.errors import AmalimartError  # noqa: E402
from amalimart.governance.metric_ledger import PACKAGED_VERSIONS, read_ledger  # noqa: E402
from amalimart.governance.metric_versions import Recorded, VersionFinding, accepted, against_ledger  # noqa: E402
from amalimart.semantic.definition_files import files_of  # noqa: E402
from amalimart.semantic.loading import PACKAGED, metric_places, model_of  # noqa: E402


def findings(folder: Path = PACKAGED, ledger: Path = PACKAGED_VERSIONS) -> list[VersionFinding]:
    """Every packaged metric against the ledger, and every one that went."""
    files = files_of(folder)
    read = read_ledger(ledger)
    return against_ledger(model_of([files]).metrics, metric_places(files), read, read.names)


def write_down(
    reason: str, clock: Clock, folder: Path = PACKAGED, ledger: Path = PACKAGED_VERSIONS
) -> list[VersionFinding]:
    """Write down what is not, and return it. Raises RequestError for a change without a new version."""
    found = findings(folder, ledger)
    metrics = model_of([files_of(folder)]).metrics
    fresh = accepted(found, (), metrics, read_ledger(ledger), clock.now().date(), reason)
    ledger.write_text(fresh.text("tools/metric_versions.py"), encoding="utf-8")
    return [each for each in found if each.standing is not Recorded.YES]


def main() -> int:
    """Run the command; the result is its exit code."""
    parser = argparse.ArgumentParser(description="Hold the ledger of the packaged metrics to them.")
    parser.add_argument("--reason", help="what changed, in one line; writes it down")
    given = parser.parse_args()
    try:
        if given.reason is not None:
            for each in write_down(given.reason, SystemClock()):
                sys.stderr.write(f"{each.name}: {each.standing.value}, written down\n")
            return 0
        lacking = [each for each in findings() if each.standing is not Recorded.YES]
    except AmalimartError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for each in lacking:
        again = 'make metric-versions REASON="what changed"'
        step = each.next_step if each.standing is Recorded.NO_BUMP else again
        sys.stderr.write(f"{each.name}: {each.standing.value}; next: {step}\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
