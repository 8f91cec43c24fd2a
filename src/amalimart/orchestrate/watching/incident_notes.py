"""What operators see of incidents on every page, in a line or two."""

from __future__ import annotations

from amalimart.control.incidents.ledger import Incidents
from amalimart.control.incidents.outbox import Outbox
from amalimart.core.quality import Severity
from amalimart.orchestrate.sources.notes import SourceNote

_SHOWN = 3


def incident_notes(incidents: Incidents, outbox: Outbox) -> tuple[SourceNote, ...]:
    """The errors that go on, and channels that messages do not get through."""
    errors = [each for each in incidents.list() if each.trouble.severity is Severity.ERROR]
    notes = []
    if errors:
        told = "; ".join(f"{each.number}: {each.trouble.title}" for each in errors[:_SHOWN])
        more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        notes.append(SourceNote("", f"Open incidents: {told}{more} (amalimart incident list)."))
    notes += [
        SourceNote("", f"The last message by {each.channel} was given up: {each.last_error}.")
        for each in outbox.undelivered()
    ]
    return tuple(notes)
