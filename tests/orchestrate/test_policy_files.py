"""Policies are those of the files now: a tightened one holds at once, a broken one lets nobody in."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.access.principal import Role
from amalimart.config.project import Project
from amalimart.core.clock import SystemClock
from amalimart.core.errors import ConfigError, Denied
from amalimart.core.incidents import IncidentKind
from amalimart.orchestrate.project.init import init_project
from amalimart.orchestrate.project.policy_files import (
    MASK_KEY,
    PACKAGED_POLICIES,
    PolicyFiles,
    PolicyKeeper,
    broken_policies,
    known_role,
)
from amalimart.orchestrate.watching.doctor import Verdict, examine
from amalimart.semantic.loading import PACKAGED, load_model

MODEL = load_model([PACKAGED])
TIGHT = "role: vendor\nextends: vendor\ndescription: Sells.\nmetrics: [return_count]\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(
        tmp_path / "shop", name="shop", time_zone="Africa/Accra", currency="GHS", port=8000, schemas="schemas"
    )


def write(project: Project, name: str, text: str) -> Path:
    path = project.overlay("policies") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_holds_from_then_on_and_what_is_taken_away_no_more(project: Project) -> None:
    keeper = PolicyKeeper(PolicyFiles(project, MODEL))
    before = keeper.current()
    assert keeper.current() is before
    assert before.may_use_metric(Role.VENDOR, "total_revenue")
    path = write(project, "vendor.yml", TIGHT)
    assert not keeper.current().may_use_metric(Role.VENDOR, "total_revenue")
    assert keeper.current().fingerprint(Role.VENDOR) != before.fingerprint(Role.VENDOR)
    assert keeper.current().fingerprint(Role.ANALYST) == before.fingerprint(Role.ANALYST)
    path.unlink()
    assert keeper.current().may_use_metric(Role.VENDOR, "total_revenue")
    assert keeper.current().fingerprint(Role.VENDOR) == before.fingerprint(Role.VENDOR)


@pytest.mark.parametrize(
    "text",
    ["role: vendor\nmetrics: [", "", TIGHT.replace("return_count", "return_cuont"), TIGHT + "metric: all\n"],
)
def test_a_tightened_policy_that_cannot_be_read_lets_nobody_in_and_says_so(
    project: Project, text: str
) -> None:
    keeper = PolicyKeeper(PolicyFiles(project, MODEL))
    write(project, "vendor.yml", text)
    policies = keeper.current()
    with pytest.raises(Denied):
        policies.policy(Role.VENDOR)
    assert policies.may_use_metric(Role.ANALYST, "total_revenue")
    (trouble,) = keeper.troubles()
    assert (trouble.kind, trouble.where) == (IncidentKind.POLICY_BROKEN, "policies/vendor.yml")
    assert "vendor" in trouble.details
    (note,) = keeper.notes()
    assert "vendor.yml" in note
    assert broken_policies(project) == (note,)
    found = [each for each in examine(project.home, SystemClock()) if each.subject == "policies"]
    assert [each.verdict for each in found] == [Verdict.PROBLEM]
    with pytest.raises(ConfigError):
        PolicyKeeper(PolicyFiles(project, MODEL))  # and nothing is begun with it
    write(project, "vendor.yml", TIGHT)
    assert keeper.current().may_use_metric(Role.VENDOR, "return_count")
    assert list(keeper.troubles()) == []


def test_what_copies_a_role_is_closed_with_it(project: Project) -> None:
    write(project, "clerk.yml", "role: clerk\nextends: vendor\ndescription: x\n")
    keeper = PolicyKeeper(PolicyFiles(project, MODEL))
    assert keeper.current().may_use_metric(Role("clerk"), "total_revenue")
    write(project, "vendor.yml", TIGHT.replace("return_count", "nothing_of_the_kind"))
    assert {Role.VENDOR, Role("clerk")} <= keeper.current().closed
    assert Role.SUPPORT not in keeper.current().closed


def test_roles_are_those_of_the_product_and_of_the_project(project: Project) -> None:
    write(project, "clerk.yml", "role: clerk\nextends: vendor\ndescription: x\n")
    assert known_role(project, "clerk") is Role("clerk")
    assert known_role(project, "service") is Role.SERVICE
    for name, near in (("clark", "clerk"), ("vendors", "vendor")):
        with pytest.raises(ConfigError) as error:
            known_role(project, name)
        assert error.value.nearest == near
    with pytest.raises(ConfigError):
        known_role(project, "service", of_person=True)


def test_masks_by_hash_have_a_key_of_their_own_that_stays(project: Project) -> None:
    assert PolicyFiles(project, MODEL).read().policies.mask_key is None
    assert not project.has_secret(MASK_KEY)
    masks = "masks: {products: {product_name: hash}}\n"
    write(project, "clerk.yml", f"role: clerk\nextends: vendor\ndescription: x\n{masks}")
    first = PolicyFiles(project, MODEL).read().policies.mask_key
    assert first == PolicyFiles(project, MODEL).read().policies.mask_key
    assert project.has_secret(MASK_KEY)
    assert first is not None
    assert first not in (project.home / "secrets.env").read_text()


def test_the_packaged_policies_are_whole() -> None:
    assert {path.stem for path in PACKAGED_POLICIES.glob("*.yml")} == {role.value for role in Role}
