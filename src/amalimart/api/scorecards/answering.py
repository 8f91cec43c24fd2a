"""A scorecard of one vendor: each measure with its bands, its sample, its past and, if told, its peers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from amalimart.access.principal import Principal
from amalimart.api.dashboards.state import PageState
from amalimart.api.scorecards.definition import Measure, Scorecard, Side
from amalimart.api.scorecards.judging import judged
from amalimart.core.calendar import Grain
from amalimart.core.errors import AmalimartError, Denied, NothingPublished
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer, Column, ColumnKind, Receipt
from amalimart.semantic.question import Filter, Operator, Question

if TYPE_CHECKING:
    from amalimart.api.ports.asking import PeersPort, PeerStanding, SemanticPort

Json = dict[str, Any]

_QUARTERS = 4
_WEEKS_UP_TO = 120  # days: longer courses are by month


def answer_scorecard(
    scorecard: Scorecard,
    vendor_id: str,
    state: PageState,
    principal: Principal,
    semantic: SemanticPort,
    peers: PeersPort | None,
) -> tuple[list[Json], Receipt]:
    """Every measure that the reader may see, all from one release, and a receipt of it."""
    questions = [each for measure in scorecard.measures for each in _questions(measure, vendor_id, state)]
    answers = semantic.ask_all(questions, principal)
    receipt = next((each.receipt for each in answers if isinstance(each, Answer)), None)
    if receipt is None:
        raise next(
            (each for each in answers if isinstance(each, AmalimartError)),
            NothingPublished("There is nothing to judge by yet.", next_step="wait for the first release"),
        )
    told: list[Json] = []
    for position, measure in enumerate(scorecard.measures):
        total, course = answers[2 * position], answers[2 * position + 1]
        if isinstance(total, Denied):
            continue
        shown = _measure(measure, total, course)
        found = (
            peers.standings(measure.metric, vendor_id, state.days, state.today, principal) if peers else ()
        )
        told.append(shown | {"peers": [_standing(each, measure.better) for each in found]})
    return told, receipt


def _standing(standing: PeerStanding, better: Side) -> Json:
    """Where the vendor stands in one group, 1 for the best quarter."""
    rank = standing.quarter if better is Side.LOWER else _QUARTERS + 1 - standing.quarter
    return {"quarter": rank, "within": standing.within, "month": f"{standing.month:%Y-%m}"}


def _questions(measure: Measure, vendor_id: str, state: PageState) -> tuple[Question, Question]:
    of_vendor = (Filter("vendor", Operator.EQ, (vendor_id,)),)
    metrics = tuple(dict.fromkeys((measure.metric, measure.sample.metric)))
    total = Question(metrics=metrics, today=state.today, days=state.days, filters=of_vendor, compare=True)
    course = Question(
        metrics=(measure.metric,),
        today=state.today,
        days=state.days,
        grain=Grain.WEEK if state.days.days <= _WEEKS_UP_TO else Grain.MONTH,
        filters=of_vendor,
        fill=True,
    )
    return total, course


def _measure(measure: Measure, total: Answer | AmalimartError, course: Answer | AmalimartError) -> Json:
    bands: Json = {
        "metric": measure.metric,
        "better": measure.better.value,
        "warn": str(measure.warn),
        "limit": str(measure.limit),
        "at_least": measure.sample.at_least,
        "why": measure.why,
    }
    if isinstance(total, AmalimartError):
        return bands | {
            "status": "left_out",
            "label": measure.metric.replace("_", " "),
            "message": total.what,
            "next_step": total.next_step,
        }
    columns = [column for column in total.columns if column.kind is ColumnKind.METRIC]
    own, counted = columns[0], columns[-1]
    row = total.as_dicts()[0] if total.rows else {}
    value, sample = _number(row.get(own.name)), _number(row.get(counted.name))
    before, sample_before = (_number(row.get(f"{each.name}__previous")) for each in (own, counted))
    return bands | {
        "status": "ok",
        "metric": own.name,
        "label": own.label,
        "unit": own.unit,
        "currency": own.currency,
        "value": wire_value(value),
        "previous": wire_value(before),
        "verdict": judged(measure, value, sample).value,
        "previous_verdict": judged(measure, before, sample_before).value,
        "sample": {
            "metric": counted.name,
            "label": counted.label,
            "unit": counted.unit,
            "value": wire_value(sample or Decimal(0)),
        },
        "basis": next((each.basis for each in total.receipt.metrics if each.name == own.name), None),
        "course": _course(course) if isinstance(course, Answer) else [],
    }


def _course(answer: Answer) -> list[Json]:
    def named(kind: ColumnKind) -> Column:
        return next(column for column in answer.columns if column.kind is kind)

    time, metric, partial = (named(kind) for kind in (ColumnKind.TIME, ColumnKind.METRIC, ColumnKind.PARTIAL))
    return [
        {
            "time": wire_value(row[time.name]),
            "value": wire_value(_number(row[metric.name])),
            "partial": bool(row[partial.name]),
        }
        for row in answer.as_dicts()
    ]


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
