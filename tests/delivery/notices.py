"""Messages to send."""

from __future__ import annotations

from datetime import UTC, datetime

from amalimart.core.incidents import Incident, IncidentKind, Notice, NoticeEvent, Trouble
from amalimart.core.quality import Severity

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def notice(
    title: str = "A check holds the release back",
    event: NoticeEvent = NoticeEvent.OPENED,
    details: str = "Release 4 serves on.",
    message_id: str = "0123456789abcdef0123456789abcdef",
) -> Notice:
    trouble = Trouble("k", IncidentKind.RELEASE_BLOCKED, Severity.ERROR, title, details, "here", "look there")
    resolved = AT if event is NoticeEvent.RESOLVED else None
    return Notice(message_id, event, Incident(7, trouble, AT, AT, 3, resolved_at=resolved), AT)


def about(number: int, severity: Severity, event: NoticeEvent = NoticeEvent.OPENED) -> Notice:
    """One message about the incident of that number."""
    trouble = Trouble(
        f"k{number}", IncidentKind.CHECK_FAILED, severity, f"check {number} fails", "By 3 rows."
    )
    resolved = AT if event is NoticeEvent.RESOLVED else None
    return Notice(f"{number:032x}", event, Incident(number, trouble, AT, AT, 1, resolved_at=resolved), AT)


def digest(*listed: Notice) -> Notice:
    """A letter that lists them."""
    return Notice("ab" * 16, NoticeEvent.DIGEST, None, AT, listed)


TEST_NOTICE = Notice("00ff" * 8, NoticeEvent.TEST, None, AT)
