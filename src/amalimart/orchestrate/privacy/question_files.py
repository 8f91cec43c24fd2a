"""Taking somebody who is erased out of the files of scheduled questions: whole files leave.

A file that shows or filters by people may hold anybody, so it leaves without a look at its rows. Any other
leaves where it quotes a word of the person. Nothing is written meanwhile, nor what was begun before.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any
from xml.sax.saxutils import escape

from amalimart.control.question_runs import QuestionRuns
from amalimart.core.question_files import FileEnd
from amalimart.orchestrate.questions.files import QuestionFiles

_READ_AT_ONCE = 1 << 20


def forget_in_question_files(
    files: QuestionFiles, runs: QuestionRuns, dimensions: Collection[str], words: Collection[str]
) -> int:
    """Delete files that may hold somebody, and those that no run names; returns how many.

    `dimensions` are all names of those whose keys are ids of people, `words` by which the person is found.
    """

    def forgetting() -> list[str]:
        known = runs.files()
        meant = {
            name
            for name, run in known.items()
            if _is_of_people(run.question or {}, dimensions) or _quotes(files, name, words)
        }
        runs.let_go([known[name].run_id for name in meant], FileEnd.ERASED)
        return sorted(meant)

    return files.forget(forgetting, runs.file_names)


def _is_of_people(question: Mapping[str, Any], dimensions: Collection[str]) -> bool:
    named = {*question.get("by", ()), *(each["dimension"] for each in question.get("filters", ()))}
    top = question.get("top")
    return bool(named & set(dimensions)) or (top is not None and top["dimension"] in dimensions)


def _quotes(files: QuestionFiles, name: str, words: Collection[str]) -> bool:
    sought = {form.encode() for word in words for form in (word, word.replace('"', '""'), escape(word))}
    longest = max(map(len, sought), default=0)
    opened = files.open(name) if sought else None
    if opened is None:
        return False
    with opened:
        return any(_holds(piece, sought, longest) for piece in _contents(opened))


def _contents(opened: IO[bytes]) -> Iterator[Iterable[bytes]]:
    """The bytes of a file; of a workbook those of each of its parts, as they were before it was packed."""
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(opened) as book:
        for part in book.namelist():
            with book.open(part) as stream:
                yield _pieces(stream)
        return
    opened.seek(0)
    yield _pieces(opened)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_READ_AT_ONCE):
        yield piece


def _holds(pieces: Iterable[bytes], words: Collection[bytes], longest: int) -> bool:
    before = b""
    for piece in pieces:
        whole = before + piece
        if any(word in whole for word in words):
            return True
        before = whole[-longest:]
    return False
