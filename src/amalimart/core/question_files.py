"""Kept questions that are answered by themselves, as every room speaks of them: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class FileForm(StrEnum):
    """The form in which the answer is written."""

    CSV = "csv"
    XLSX = "xlsx"


class RunOutcome(StrEnum):
    """What became of one due moment."""

    OPEN = "open"  # it was begun; if nothing came of it, it is tried again
    DELIVERED = "delivered"  # the file was written
    REFUSED = "refused"  # by the rights of that moment, or as a question that cannot be answered
    FAILED = "failed"  # for another reason, after all its tries


class FileEnd(StrEnum):
    """Why the file of a run is not kept any more."""

    OLDER = "older"  # newer files of the same schedule took its place
    ERASED = "erased"  # it may have held somebody who was erased


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """An answer as it was written.

    question  what was asked, as it was kept then
    policy    a mark of the rights under which it was answered
    """

    release_id: int
    rows: int
    question: Mapping[str, Any]
    policy: str


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A file that is there, for those who bring it to its recipient.

    run_id     names it; whoever is told of the same run twice must not deliver it twice
    recipient  e-mail address of the one who scheduled it, and the only one whom it is for
    file       its name among the kept files
    """

    run_id: int
    schedule_id: str
    question_id: str
    question_name: str
    recipient: str
    language: str
    file: str
    form: FileForm
    due_at: datetime
    release_id: int
    rows: int
