"""A project that asks for approvals: nothing of its own is published without one; the old release serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from amalimart.config.project import open_project
from amalimart.control.deciding import Decider
from amalimart.core.errors import ApprovalMissing, NotFound, RequestError
from amalimart.orchestrate.governance import Governance
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.warehouse.releases.blocked_builds import blocked_builds
from tests.orchestrate.landed_shop import LandedShop, tiny_models

AMA = Decider("Ama", "local operator")
OWN = ["large_orders", "largest_order"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LandedShop]:
    with tiny_models(tmp_path / "models"):
        made = LandedShop(tmp_path / "home")
        made.land(("1", "10"))
        yield made
        made.engine.close()


def governed(shop: LandedShop) -> Governance:
    return Governance(open_project(shop.home), shop.clock)


def require(shop: LandedShop) -> None:
    settings = yaml.safe_load((shop.home / "amalimart.yml").read_text())
    settings["governance"] = {"require_approval": True}
    (shop.home / "amalimart.yml").write_text(yaml.safe_dump(settings))
    shop.engine.close()
    shop.engine = shop.opened()


def test_nothing_of_the_project_is_published_without_an_approval_and_all_with_one(shop: LandedShop) -> None:
    shop.engine.refresh()
    require(shop)
    shop.land(("2", "20"))
    loop = RefreshLoop(shop.engine)
    assert not loop.refresh_once()
    assert not loop.refresh_once()
    refused = loop.last_error
    assert isinstance(refused, ApprovalMissing)
    assert all(name in refused.what for name in OWN)
    assert "amalimart governance approve large_orders" in (refused.next_step or "")
    assert str(shop.home / "models" / "large_orders.sql") in (refused.where or "")
    assert shop.value("select count(*) from gold.fact_orders") == 1
    with shop.engine.hot_file.records() as cursor:
        [held] = blocked_builds(cursor, 10)
    assert (held.code, held.serving, held.attempts) == ("approval_missing", 1, 2)

    governed(shop).approve(OWN[:1], AMA, "looked at it")
    assert [each.definition.name for each in governed(shop).changes()] == OWN[1:]
    assert not loop.refresh_once()
    governed(shop).approve(OWN[1:], AMA, "this one too")
    assert loop.refresh_once()
    assert shop.value("select count(*) from gold.fact_orders") == 2
    assert governed(shop).changes() == []

    # An approval of another text does not count.
    edited = shop.home / "models" / "large_orders.sql"
    edited.write_text(edited.read_text().replace("100", "50"))
    assert not loop.refresh_once()
    assert isinstance(loop.last_error, ApprovalMissing)
    assert "largest_order" not in loop.last_error.what


def test_without_the_setting_everything_is_published_and_listed(shop: LandedShop) -> None:
    assert shop.engine.refresh() is not None
    assert [each.definition.name for each in governed(shop).changes()] == OWN


def test_what_cannot_be_approved_leaves_nothing_approved(shop: LandedShop) -> None:
    with pytest.raises(NotFound) as unknown:
        governed(shop).approve(["large_orders", "large_order"], AMA, "why")
    assert unknown.value.nearest == "large_orders"
    with pytest.raises(RequestError, match="its release approved"):
        governed(shop).approve(["large_orders", "gmv"], AMA, "why")
    with pytest.raises(RequestError, match="the reason is empty"):
        governed(shop).approve(["large_orders"], AMA, " ")
    assert len(governed(shop).changes()) == len(OWN)


def test_a_review_is_signed_off_only_as_it_was_read(shop: LandedShop) -> None:
    review = governed(shop).review()
    with pytest.raises(RequestError, match="access has changed") as changed:
        governed(shop).sign_off(AMA, "done", "another")
    assert changed.value.expected == review.report_hash
    signed = governed(shop).sign_off(AMA, "done", review.report_hash)
    assert governed(shop).sign_offs() == (signed,)


def test_the_report_of_a_project_says_what_lacks_an_owner_and_an_approval(shop: LandedShop) -> None:
    gaps = governed(shop).report().gaps
    assert "gold.large_orders has no owner" in gaps
    assert any(gap.startswith("gold.large_orders is new and not approved") for gap in gaps)
    assert not [gap for gap in gaps if "fact_orders" in gap]
