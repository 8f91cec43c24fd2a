"""An export is written to a file without a name, and sent from it once it is whole.

So the read transaction ends as soon as the engine is done, however slow the reader; an error on the way is
still an answer with its own status; and nothing is left behind, because the file has no name.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from amalimart.access.principal import Principal
from amalimart.api.exports.arrow_files import write_arrow, write_parquet
from amalimart.api.exports.csv_files import write_csv
from amalimart.api.exports.formats import Format
from amalimart.api.exports.receipts import Told, receipt_headers
from amalimart.api.exports.wording import Wording
from amalimart.api.exports.xlsx_files import write_xlsx
from amalimart.api.ports.asking import SemanticPort
from amalimart.core.errors import DiskFull
from amalimart.semantic.question import Question
from amalimart.semantic.streaming import StreamedAnswer

_CHUNK = 256 * 1024
_UNSAFE = re.compile(r"[^a-z0-9_]+")


def exported(
    semantic: SemanticPort,
    question: Question,
    principal: Principal,
    form: Format,
    folder: Path,
    most_rows: int,
    told: Told,
    wording: Wording,
) -> StreamingResponse:
    """The answer as a file. Raises what asking raises, and DiskFull."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as closing:
        try:
            spooled = closing.enter_context(tempfile.TemporaryFile(dir=folder))
            with semantic.stream(question, principal, most_rows) as answer:
                write_answer(answer, form, spooled, folder, told, wording)
                headers = receipt_headers(answer.receipt, wording)
            size = spooled.seek(0, os.SEEK_END)
            spooled.seek(0)
        except OSError as error:
            raise DiskFull(
                f"the export could not be kept: {error.strerror}", next_step="free some space, then ask again"
            ) from error
        closing.pop_all()
    name = _UNSAFE.sub("_", "-".join(question.metrics[:3]).lower())[:80]
    headers |= {
        "Cache-Control": "private, no-store",
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{name}-{question.today.isoformat()}.{form.value}"',
    }
    return StreamingResponse(_sent(spooled), media_type=form.media_type, headers=headers)


def write_answer(
    answer: StreamedAnswer, form: Format, target: IO[bytes], folder: Path, told: Told, wording: Wording
) -> None:
    """Write an answer as a file; what is kept meanwhile is in `folder`, and gone afterwards."""
    match form:
        case Format.CSV:
            write_csv(answer, target)
        case Format.XLSX:
            write_xlsx(answer, target, folder, told, wording)
        case Format.PARQUET:
            write_parquet(answer, target, told)
        case Format.ARROW:
            write_arrow(answer, target, folder, told)
        case Format.JSON:
            raise ValueError("an answer in JSON is no export")


async def _sent(spooled: IO[bytes]) -> AsyncIterator[bytes]:
    with spooled:
        while chunk := await run_in_threadpool(spooled.read, _CHUNK):
            yield chunk
