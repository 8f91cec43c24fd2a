"""Excel workbooks: the rows as typed cells on one sheet, the receipt on another.

A cell is written as what it is, so no text can become a formula. A spreadsheet counts in doubles: an amount
of more digits than those hold is written as text rather than rounded.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from amalimart.api.exports.receipts import Told
from amalimart.api.exports.wording import Wording
from amalimart.core.errors import QueryTooLarge
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Column
from amalimart.semantic.streaming import StreamedAnswer

MOST_ROWS = 1_048_575  # of a sheet, below its heading
_LONGEST_TEXT = 32_767
_EXACT_DIGITS = 15
_FIRST_DAY = date(1900, 3, 1)  # before it, the calendar of spreadsheets has a day too many
_UNITS = {"money": "#,##0.00", "percent": "0.0%", "count": "#,##0", "date": "yyyy-mm-dd"}
_WIDTH = 18
_COUNTS = ("passed", "warned", "failed")


def write_xlsx(answer: StreamedAnswer, target: IO[bytes], folder: Path, told: Told, wording: Wording) -> None:
    """A workbook in the words of its reader; its parts are kept in `folder` meanwhile.

    Raises QueryTooLarge for what no sheet holds.
    """
    with tempfile.TemporaryDirectory(dir=folder) as own:
        options = {"constant_memory": True, "tmpdir": own}
        book = xlsxwriter.Workbook(target, options)
        try:
            formats = {unit: book.add_format({"num_format": text}) for unit, text in _UNITS.items()}
            _write_rows(book, answer, formats, wording)
            _write_receipt(book, answer, told(answer.receipt)["checks"], wording)
        finally:
            book.close()


def _write_rows(
    book: Workbook, answer: StreamedAnswer, formats: dict[str, CellFormat], wording: Wording
) -> None:
    sheet = book.add_worksheet(wording.say("Answer"))
    columns = answer.columns
    sheet.set_column(0, len(columns) - 1, _WIDTH)
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for place, column in enumerate(columns):
        _text(sheet, 0, place, wording.heading(column), bold)
    row = 0
    for batch in answer.batches():
        for values in zip(*(array.to_pylist() for array in batch.columns), strict=True):
            row += 1
            if row > MOST_ROWS:
                raise QueryTooLarge(
                    f"a sheet holds {MOST_ROWS:,} rows, and the answer has more",
                    next_step="ask for CSV or Parquet, or for fewer rows",
                )
            for place, (value, column) in enumerate(zip(values, columns, strict=True)):
                _cell(sheet, row, place, value, column, formats)


def _cell(
    sheet: Worksheet, row: int, place: int, value: Any, column: Column, formats: dict[str, CellFormat]
) -> None:
    shown = formats.get(column.unit)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float | Decimal) and _is_exact(value):
        sheet.write_number(row, place, float(value), shown)
    elif isinstance(value, date) and value >= _FIRST_DAY:
        sheet.write_datetime(row, place, value, formats["date"])
    else:
        _text(sheet, row, place, str(wire_value(value)))


def _is_exact(value: float | Decimal) -> bool:
    return isinstance(value, float) or len(Decimal(value).normalize().as_tuple().digits) <= _EXACT_DIGITS


def _text(sheet: Worksheet, row: int, place: int, text: str, shown: CellFormat | None = None) -> None:
    if len(text) > _LONGEST_TEXT:
        raise QueryTooLarge(
            f"a cell holds {_LONGEST_TEXT:,} characters, and a text has more", next_step="ask for CSV"
        )
    sheet.write_string(row, place, text, shown)


def _write_receipt(
    book: Workbook, answer: StreamedAnswer, checks: Mapping[str, Any], wording: Wording
) -> None:
    """Where the numbers come from, as a person reads it."""
    say, receipt = wording.say, answer.receipt
    sheet = book.add_worksheet(say("Receipt"))
    sheet.set_column(0, 1, 2 * _WIDTH)
    told = [
        (say("Release"), str(receipt.release_id)),
        (say("Published at"), receipt.published_at.isoformat()),
        (say("Fresh as of"), receipt.fresh_as_of.isoformat() if receipt.fresh_as_of else ""),
        (say("Checks"), say(checks["state"])),
        *((say(f"Checks {how}"), str(checks[how])) for how in _COUNTS if checks[how] is not None),
        *((f"{each.name} ({each.version})", wording.basis(each)) for each in receipt.metrics),
        *(
            (f"{say('Currency of')} {wording.heading(each)}", each.currency)
            for each in answer.columns
            if each.currency
        ),
        *((say("Note"), note) for note in wording.notes(receipt)),
    ]
    for row, (name, text) in enumerate(told):
        _text(sheet, row, 0, name)
        _text(sheet, row, 1, text[:_LONGEST_TEXT])
