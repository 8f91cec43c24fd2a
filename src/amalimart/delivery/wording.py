"""A message in words and as a document. Holds what the incident says and nothing of any row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from amalimart.core.incidents import Incident, Notice, NoticeEvent
from amalimart.core.quality import Severity

SCHEMA = "amalimart.notification/1"
_LONGEST_SUBJECT = 180
_LEADS: Mapping[NoticeEvent, str] = {
    NoticeEvent.OPENED: "",
    NoticeEvent.WORSENED: "Worse: ",
    NoticeEvent.REMINDER: "Still: ",
    NoticeEvent.RESOLVED: "Resolved: ",
}
_MOST_LISTED = 50
_TEST = "This is a test of the channel; nothing is wrong."


def subject(notice: Notice, marketplace: str) -> str:
    """One line: what it is about."""
    return _one_line(f"[{marketplace}] {headline(notice)}")[:_LONGEST_SUBJECT]


def headline(notice: Notice) -> str:
    """What happened, in a sentence without the name of the marketplace."""
    if notice.event is NoticeEvent.DIGEST:
        return _in_short(_newest(notice.listed))
    if notice.incident is None:
        return _TEST
    trouble = notice.incident.trouble
    level = "" if notice.event is NoticeEvent.RESOLVED else f"{trouble.severity.value}: "
    return _one_line(f"{_LEADS[notice.event]}{level}{trouble.title}")


def body(notice: Notice, marketplace: str) -> str:
    """The text of a letter."""
    lines = [headline(notice), ""]
    if notice.incident is not None:
        lines += _about(notice.incident)
    elif notice.listed:
        lines += _listed(_newest(notice.listed))
    lines += [f"Marketplace: {_one_line(marketplace)}", f"Message: {notice.message_id}"]
    return "\n".join(lines) + "\n"


def _newest(listed: Sequence[Notice]) -> list[Notice]:
    """Of each incident only what was said last: what came before is over by now."""
    found = {notice.incident.number: notice for notice in listed if notice.incident is not None}
    return list(found.values())


def _in_short(listed: Sequence[Notice]) -> str:
    """How many of which kind, as a line: `2 errors, 1 warning, 1 resolved`."""
    if len(listed) == 1:
        return headline(listed[0])
    counts = Counter(
        "resolved" if notice.event is NoticeEvent.RESOLVED else notice.incident.trouble.severity.value
        for notice in listed
        if notice.incident is not None
    )
    told = [
        f"{counts[word]} {word}{'s' if counts[word] > 1 and word != 'resolved' else ''}"
        for word in ("error", "warning", "resolved")
        if counts[word]
    ]
    return f"{len(listed)} incidents: {', '.join(told)}"


def _listed(listed: Sequence[Notice]) -> list[str]:
    """Each in its own lines, errors first."""
    lines: list[str] = []
    for notice in sorted(listed, key=_places)[:_MOST_LISTED]:
        if notice.incident is not None:
            lines += [f"* {headline(notice)}", *(f"  {line}" for line in _shortly(notice.incident)), ""]
    if len(listed) > _MOST_LISTED:
        lines += [f"And {len(listed) - _MOST_LISTED} more: amalimart incident list", ""]
    return lines


def _places(notice: Notice) -> tuple[bool, bool]:
    is_error = notice.incident is not None and notice.incident.trouble.severity is Severity.ERROR
    return notice.event is NoticeEvent.RESOLVED, not is_error


def _shortly(incident: Incident) -> Iterator[str]:
    trouble = incident.trouble
    if trouble.details:
        yield trouble.details
    if trouble.next_step and incident.resolved_at is None:
        yield f"Next: {trouble.next_step}"
    over = f", over since {_moment(incident.resolved_at)}" if incident.resolved_at else ""
    yield f"Incident {incident.number}, since {_moment(incident.opened_at)}{over}"


def document(notice: Notice, marketplace: str) -> dict[str, Any]:
    """The JSON form, as docs/notifications.md describes it."""
    return {
        "schema": SCHEMA,
        "message_id": notice.message_id,
        "event": notice.event.value,
        "at": notice.at,
        "marketplace": marketplace,
        "text": f"[{_one_line(marketplace)}] {headline(notice)}",
        "incident": _incident(notice.incident) if notice.incident else None,
    }


def _about(incident: Incident) -> list[str]:
    trouble = incident.trouble
    lines = [trouble.details] if trouble.details else []
    if trouble.where:
        lines.append(f"Where: {trouble.where}")
    if trouble.next_step:
        lines.append(f"Next: {trouble.next_step}")
    lines += ["", f"Incident: {incident.number}", f"Since: {_moment(incident.opened_at)}"]
    if incident.resolved_at is not None:
        lines.append(f"Over since: {_moment(incident.resolved_at)}")
    else:
        lines.append(f"To take it on: amalimart incident ack {incident.number} --by NAME --reason TEXT")
    return lines


def _incident(incident: Incident) -> dict[str, Any]:
    trouble = incident.trouble
    return {
        "number": incident.number,
        "key": trouble.key,
        "kind": trouble.kind.value,
        "severity": trouble.severity.value,
        "title": trouble.title,
        "details": trouble.details,
        "where": trouble.where,
        "next_step": trouble.next_step,
        "opened_at": incident.opened_at,
        "last_seen_at": incident.last_seen_at,
        "resolved_at": incident.resolved_at,
    }


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _one_line(text: str) -> str:
    """Without line breaks and control characters, whatever the project is called."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
