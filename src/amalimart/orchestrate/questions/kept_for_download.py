"""Bringing files by keeping them: the newest of each schedule wait to be downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from amalimart.control.question_runs import QuestionRuns
from amalimart.core.question_files import FileEnd, FinishedFile
from amalimart.orchestrate.questions.files import QuestionFiles

FILES_KEPT = 14
"""So many files of a schedule are kept, the newest ones."""


class KeptForDownload:
    """Implements Deliver: each new file takes the place of the oldest one beyond those that are kept."""

    def __init__(self, runs: QuestionRuns, files: QuestionFiles, keep: int = FILES_KEPT) -> None:
        self._runs = runs
        self._files = files
        self._keep = keep

    def deliver(self, finished: FinishedFile, content: Callable[[], IO[bytes]]) -> None:
        """The file is there already; older ones leave."""
        del content
        with_file = [run for run in self._runs.of(finished.schedule_id) if run.file is not None]
        older = with_file[self._keep :]
        self._runs.let_go([run.run_id for run in older], FileEnd.OLDER)
        self._files.remove([run.file for run in older if run.file is not None])
