"""What a reader of the numbers should know about the sources behind them."""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.config.project import Project
from amalimart.lake import Lake
from amalimart.sources import stopped_reasons


@dataclass(frozen=True, slots=True)
class SourceNote:
    """One thing to know: a sentence for everybody, or none, and one for operators that names the place."""

    text: str
    detail: str


def source_notes(project: Project, lake: Lake) -> tuple[SourceNote, ...]:
    """The notes of every source, in the order of the settings. Raises DamagedLake."""
    notes = []
    for name, settings in project.settings.sources.items():
        if settings.kind == "postgres" and settings.capture == "poll":
            minutes = settings.deletes_every_minutes
            notes.append(
                SourceNote(
                    f"Rows deleted in the shop leave these numbers every {minutes} minutes.",
                    f"{name} is polled: rows deleted there leave these numbers every {minutes} minutes.",
                )
            )
        latest = lake.latest(name)
        reasons = stopped_reasons(latest.position if latest else None)
        if reasons:
            listed = "; ".join(f"{table}: {reason}" for table, reason in sorted(reasons.items()))
            notes.append(
                SourceNote(
                    "Part of the shop's data stands still and is being looked after.",
                    f"{name} has tables that stand still: {listed}",
                )
            )
    return tuple(notes)
