"""Which files of scheduled questions leave when somebody is erased: by what was asked, and by their bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from amalimart.control.question_runs import QuestionRun, QuestionRuns
from amalimart.core.question_files import FileEnd, FileForm, RunOutcome
from amalimart.orchestrate.privacy.question_files import forget_in_question_files
from amalimart.orchestrate.questions.files import QuestionFiles
from tests.orchestrate.cron_oracle import utc

WORDS = ('Ébène "Ama" & Co', "ama@shop.test")
AT = utc(2026, 3, 10, 12)


class Runs:
    """Knows one file, and remembers whose was let go."""

    def __init__(self, name: str, question: Mapping[str, Any]) -> None:
        told = (RunOutcome.DELIVERED, AT, AT, FileForm.CSV, 1, 1, 1)
        self.run = QuestionRun(7, "s", AT, 1, *told, name, None, "mark", question, None)
        self.gone: list[tuple[list[int], FileEnd]] = []

    def files(self) -> dict[str, QuestionRun]:
        return {} if self.gone else {str(self.run.file): self.run}

    def file_names(self) -> frozenset[str]:
        return frozenset(self.files())

    def let_go(self, run_ids: Collection[int], why: FileEnd) -> None:
        if run_ids:
            self.gone.append((list(run_ids), why))


@pytest.mark.parametrize(
    ("question", "content", "leaves"),
    [
        ({"by": ["product"]}, b"product\r\nshoes\r\n", False),
        ({"by": ["customer"]}, b"", True),
        ({"by": [], "filters": [{"dimension": "buyer", "values": ["erased"]}]}, b"", True),
        ({"top": {"count": 3, "dimension": "customer"}}, b"", True),
        ({"by": ["vendor"]}, 'Ébène ""Ama"" & Co'.encode(), True),
        ({"by": ["vendor"]}, b"x" * ((1 << 20) - 3) + b"ama@shop.test", True),
        ({"by": ["vendor"]}, 'Ébène "Ama" &amp; Co', True),
        ({"by": ["vendor"]}, "nobody at all", False),
    ],
)  # fmt: skip
def test_a_file_leaves_where_it_may_hold_somebody(
    tmp_path: Path, question: dict[str, Any], content: bytes | str, leaves: bool
) -> None:
    """A text is that of a workbook, which is packed; the words then stand nowhere in its bytes."""
    path = tmp_path / "kept"
    if isinstance(content, str):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
            book.writestr("xl/sharedStrings.xml", content * 50)
        assert b"Ama" not in path.read_bytes()
    else:
        path.write_bytes(content)
    (tmp_path / "left by a kill.csv").write_text("whatever")
    runs = Runs("kept", question)
    files = QuestionFiles(tmp_path, lambda: True)
    known = cast("QuestionRuns", runs)
    assert forget_in_question_files(files, known, {"customer", "buyer"}, WORDS) == 1 + leaves
    assert [each.name for each in tmp_path.iterdir()] == ([] if leaves else ["kept"])
    assert runs.gone == ([([7], FileEnd.ERASED)] if leaves else [])
