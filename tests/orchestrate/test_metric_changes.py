"""A project's own metrics: who uses what changed, and what the doctor says of what is not written down."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import amalimart
from amalimart.access.policies import load_policies
from amalimart.config.project import Project
from amalimart.core.clock import FixedClock
from amalimart.orchestrate.lineage.tracing import uses_of
from amalimart.orchestrate.metrics.changes import AffectedUse, MetricChanges
from amalimart.orchestrate.project.init import init_project
from amalimart.orchestrate.watching.doctor import Verdict, examine

CLOCK = FixedClock(datetime(2026, 3, 4, tzinfo=UTC))
POLICIES = load_policies([Path(amalimart.__file__).parent / "marketplace" / "policies"])
TICKETS = """\
subject: {name: support, label: {en: Support, fr: Assistance}}
metrics:
  open_tickets:
    label: {en: Open requests, fr: Demandes ouvertes}
    description: Requests that nobody has looked at.
    owner: support
    unit: count
    dataset: tickets
    aggregate: count_distinct
    field: ticket_id
    where: ["status = OPEN"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """It counts a packaged metric otherwise."""
    made = init_project(tmp_path / "shop")
    made.overlay("metrics").joinpath("own.yml").write_text(TICKETS)
    return made


def test_pages_and_policies_that_name_what_changed_are_affected(project: Project, tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.mkdir()
    dashboards = {"desk": ["open_tickets", "ticket_count"], "sales": ["gmv"]}
    scorecards = {"help": ["open_tickets"], "vendor": ["gmv"]}
    pages = uses_of(dashboards, scorecards)
    found = MetricChanges(project, CLOCK).diff(str(before), None, pages, POLICIES)
    assert found.changed_values == ("open_tickets",)
    assert AffectedUse("dashboard", "desk", ("open_tickets",)) in found.affected
    assert AffectedUse("scorecard", "help", ("open_tickets",)) in found.affected
    assert AffectedUse("policy", "support", ("open_tickets",)) in found.affected
    assert not any(each.name in {"sales", "vendor", "admin"} for each in found.affected)


def test_the_doctor_says_what_is_not_written_down_until_it_is(project: Project) -> None:
    def said() -> list[tuple[Verdict, str]]:
        return [
            (each.verdict, each.detail)
            for each in examine(project.home, CLOCK)
            if each.subject == "metric open_tickets"
        ]

    assert said() == [(Verdict.NOTE, "changed without a new version")]
    own = project.overlay("metrics") / "own.yml"
    own.write_text(TICKETS.replace("    owner:", "    version: 2\n    owner:"))
    assert said() == [(Verdict.NOTE, "changed")]
    changes = MetricChanges(project, CLOCK)
    assert [each.name for each in changes.accept((), "Only open ones.")] == ["open_tickets"]
    assert said() == []
    assert [each.what for each in changes.ledger().of("open_tickets")][1:] == ["Only open ones."]
