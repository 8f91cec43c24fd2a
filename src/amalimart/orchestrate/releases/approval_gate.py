"""Keeps a project whose own models nobody approved from being published, where its settings ask for that."""

from __future__ import annotations

from amalimart.config.project import Project
from amalimart.control.database import open_database
from amalimart.control.releases.approvals import GovernanceRecords
from amalimart.core.approvals import Approval
from amalimart.core.clock import Clock
from amalimart.core.errors import ApprovalMissing
from amalimart.governance.definitions import judged, model_definitions


class ApprovalGate:
    """Asked before a project is compiled. Opens the control database only where something needs approval."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._clock = clock

    def refuse_unapproved(self) -> None:
        """Raises ApprovalMissing naming each of the project's own models that lacks an approval."""
        if not self._project.settings.governance.require_approval:
            return
        overlay = self._project.overlay("models")
        own = [each for each in model_definitions(overlay) if each.hash != each.packaged]
        if not own:
            return
        lacking = [each.definition for each in judged(own, self._approvals()) if not each.is_approved]
        if lacking:
            names = [each.name for each in lacking]
            raise ApprovalMissing(
                f"{len(names)} changed model{'s lack' if len(names) > 1 else ' lacks'} an approval:"
                f" {', '.join(names)}",
                where=", ".join(each.where for each in lacking),
                expected="an approval of each as it is now; the published release serves until then",
                next_step=f"amalimart governance approve {names[0]} --by NAME --reason TEXT",
            )

    def _approvals(self) -> tuple[Approval, ...]:
        if not self._project.control_database.is_file():
            return ()
        records = GovernanceRecords(open_database(self._project.control_database), self._clock)
        try:
            return records.approvals()
        finally:
            records.close()
