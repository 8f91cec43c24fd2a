"""What the receipt of an answer tells beside the numbers, in each language of the product.

A metric is called by its label, as its reader knows it, and never by its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from amalimart.core.fiscal import Calendar
from amalimart.semantic.formula_phrases import PHRASES
from amalimart.semantic.notes import Note
from amalimart.semantic.request import AskedMetric, Request
from amalimart.semantic.shapes import Period


def notes_of(request: Request, calendar: Calendar) -> tuple[Note, ...]:
    """What the reader of an answer must know, each once."""
    return tuple(
        dict.fromkeys(note for asked in request.metrics for note in _notes(asked, request, calendar))
    )


def _notes(asked: AskedMetric, request: Request, calendar: Calendar) -> Iterator[Note]:
    metric, shape = asked.metric, request.shape
    yield from metric.notes
    if shape.time is not None:
        role = shape.time.replace("_", " ")
        yield _of(asked, f"counted by the {role} date", f"compté à la date « {role} »")
    if not metric.has_time and (shape.has_days or shape.compare):
        yield _of(
            asked,
            "counts what is there now, so the range of days does not apply to it",
            "compte ce qui existe maintenant, la période demandée ne s'y applique donc pas",
        )
    if metric.period is not None and shape.has_days:
        yield _own_period(asked, metric.period)
    if calendar != Calendar() and any(_is_fiscal(leaf.period) for leaf in metric.leaves):
        month = calendar.fiscal_year_start_month
        yield _of(
            asked,
            f"follows the fiscal year, which starts with month {month}",
            f"suit l'exercice fiscal, qui commence au mois {month}",
        )


def _own_period(asked: AskedMetric, period: Period) -> Note:
    return _of(
        asked,
        f"covers its own period ({PHRASES['en'].periods[period]}), not the range of days",
        f"porte sur sa propre période ({PHRASES['fr'].periods[period]}), non sur celle qui est demandée",
    )


def _is_fiscal(period: Period | None) -> bool:
    return period is not None and period.is_fiscal


def _of(asked: AskedMetric, english: str, french: str) -> Note:
    label = asked.metric.label
    return Note(f"{label.en}: {english}.", f"{label.fr} : {french}.")
