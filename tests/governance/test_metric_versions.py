"""The ledger of meanings: the packaged one fits its metrics; none changes without a word and a version."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.errors import ConfigError, RequestError
from amalimart.governance.metric_ledger import Ledger, MetricVersion, packaged_ledger, read_ledger
from amalimart.governance.metric_versions import Recorded
from tools.metric_versions import findings, write_down

TINY = Path(__file__).parents[1] / "semantic" / "tiny"
CLOCK = FixedClock(datetime(2026, 3, 4, 23, 30, tzinfo=UTC))


def standings(folder: Path, ledger: Path) -> dict[str, Recorded]:
    found = findings(folder, ledger)
    return {each.name: each.standing for each in found if each.standing is not Recorded.YES}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(TINY, tmp_path / "semantic")
    return tmp_path / "semantic"


@pytest.fixture
def ledger(copied: Path, tmp_path: Path) -> Path:
    path = tmp_path / "versions.yml"
    write_down("First.", CLOCK, copied, path)
    assert standings(copied, path) == {}
    return path


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "metrics" / "sales.yml"
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def test_every_packaged_metric_is_written_down_as_it_is() -> None:
    lacking = [f"{each.name}: {each.standing}" for each in findings() if each.standing is not Recorded.YES]
    assert lacking == [], 'run: make metric-versions REASON="what changed"'


def test_a_changed_meaning_is_refused_until_it_has_a_version_and_a_reason(copied: Path, ledger: Path) -> None:
    edit(copied, "customer.country != Ghana", "customer.country = Togo")
    assert standings(copied, ledger) == {"orders_from_abroad": Recorded.NO_BUMP}
    with pytest.raises(RequestError, match="orders_from_abroad") as refused:
        write_down("Only those.", CLOCK, copied, ledger)
    assert str(refused.value.where).endswith("sales.yml:45")
    assert refused.value.expected == "orders_from_abroad: version 2"
    edit(copied, "Orders of customers elsewhere.", "Orders from Togo.\n    version: 2")
    assert standings(copied, ledger) == {"orders_from_abroad": Recorded.CHANGED}
    with pytest.raises(RequestError, match="no reason"):
        write_down("  ", CLOCK, copied, ledger)
    write_down('Only "Togo":\n it is near.', CLOCK, copied, ledger)
    assert standings(copied, ledger) == {}
    first, second = read_ledger(ledger).of("orders_from_abroad")
    assert (first.version, second.version, second.date) == (1, 2, date(2026, 3, 4))
    assert (first.hash != second.hash, second.what) == (True, 'Only "Togo": it is near.')


def test_what_a_change_reaches_needs_a_version_of_its_own(copied: Path, ledger: Path) -> None:
    edit(copied, 'where: ["status = RETURNED"]', 'where: ["status != PENDING"]\n    version: 2')
    assert standings(copied, ledger) == {
        "returned_orders": Recorded.CHANGED,
        "return_share": Recorded.NO_BUMP,
    }


def test_words_need_neither_and_what_comes_or_goes_is_written_down(copied: Path, ledger: Path) -> None:
    edit(copied, "Money spent on marketing.", "Adverts.")
    assert standings(copied, ledger) == {}
    edit(copied, "  spend:", "  marketing_spend:")
    assert standings(copied, ledger) == {"marketing_spend": Recorded.NEW, "spend": Recorded.GONE}
    write_down("Renamed.", CLOCK, copied, ledger)
    assert standings(copied, ledger) == {}
    assert read_ledger(ledger).of("spend")[-1] == MetricVersion(2, None, date(2026, 3, 4), "Renamed.")


def test_a_version_cannot_go_back(copied: Path, ledger: Path) -> None:
    edit(copied, "Money spent on marketing.", "Adverts.\n    version: 3")
    write_down("Told anew.", CLOCK, copied, ledger)
    edit(copied, "version: 3", "version: 2")
    assert standings(copied, ledger) == {"spend": Recorded.NO_BUMP}


def test_a_ledger_whose_versions_do_not_go_up_is_refused_with_its_line(tmp_path: Path) -> None:
    entries = [MetricVersion(number, "0" * 16, date(2026, 1, 1), "x") for number in (2, 1)]
    path = tmp_path / "versions.yml"
    path.write_text(Ledger({"gmv": entries}).text("hand"))
    with pytest.raises(ConfigError, match="do not go up: 2, 1") as refused:
        read_ledger(path)
    assert str(refused.value.where) == f"{path}:3"


def test_a_project_goes_on_from_what_the_package_wrote_down(tmp_path: Path) -> None:
    own = Ledger({"gmv": [MetricVersion(2, "0" * 16, date(2026, 1, 1), "Ours.")]})
    assert [each.version for each in own.over(packaged_ledger()).of("gmv")] == [1, 2]
    assert read_ledger(tmp_path / "none.yml").names == ()
    (tmp_path / "empty.yml").write_text(Ledger({}).text("hand"))
    assert read_ledger(tmp_path / "empty.yml").names == ()
