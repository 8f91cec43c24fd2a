"""Questions: /query, in JSON or as a file."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.answer_receipt import receipt_document
from amalimart.api.answering import answered
from amalimart.api.conditional import holds, not_modified, tag_of
from amalimart.api.described import described
from amalimart.api.exports.formats import Format, format_of
from amalimart.api.exports.receipts import receipt_headers
from amalimart.api.exports.spool import exported
from amalimart.api.exports.wording import Wording
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.question_body import QuestionBody, QuestionParameters
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.wire import dumps, wire_value
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Question

router = APIRouter(tags=["metrics"])

_OF_THE_RELEASE = ("release_id", "published_at", "fresh_as_of", "checks")
_EXAMPLE = {
    "columns": [
        {"name": "month", "label": "Month", "kind": "time", "unit": "date", "currency": None},
        {"name": "gmv", "label": "GMV", "kind": "metric", "unit": "money", "currency": "GHS"},
        {"name": "partial", "label": "Partial", "kind": "partial", "unit": "boolean", "currency": None},
    ],
    "rows": [["2024-01-01", "48210.55", False], ["2024-02-01", "51944.10", True]],
    "receipt": {
        "release_id": 41,
        "published_at": "2024-02-12T08:00:05+00:00",
        "fresh_as_of": "2024-02-12T08:00:01+00:00",
        "metrics": [
            {"name": "gmv", "version": 1, "hash": "1d8d73510624", "basis": "Totals of orders, by order date."}
        ],
        "notes": [],
        "sql": "SELECT ...",
        "rollups": [],
        "tables": ["gold.fact_orders"],
        "lineage": ["metric:gmv", "rows:gold.fact_orders"],
        "checks": {"state": "warning", "passed": 41, "warned": 1, "failed": 0},
    },
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer, in the form that is asked for.",
        "content": {each.media_type: {"example": _EXAMPLE} if each is Format.JSON else {} for each in Format},
    },
    304: {"description": "What If-None-Match names is still the answer (GET only)."},
}
_Form = Annotated[Format | None, Query(alias="format")]


@router.post("/query", responses=_ANSWERS)
async def query(
    body: QuestionBody, request: Request, principal: SignedIn, services: Services, form: _Form = None
) -> Response:
    """Answer one question: typed columns, rows, and the receipt that makes the numbers traceable.

    As JSON, or as the file that `format` or the header Accept asks for.
    """
    question = body.question(current_business_day(services))
    return await answered(request, lambda: _answer(question, request, principal, services, form))


@router.get("/query", responses=_ANSWERS)
async def query_by_address(
    parameters: Annotated[QuestionParameters, Query()],
    request: Request,
    principal: SignedIn,
    services: Services,
) -> Response:
    """The same question in the parameters of an address, which can be linked and asked for news of.

    With If-None-Match the answer is 304 while it is the same.
    """
    question = parameters.body().question(current_business_day(services))
    form = parameters.format
    return await answered(request, lambda: _answer(question, request, principal, services, form))


def _answer(
    question: Question, request: Request, principal: Principal, services: AppServices, named: Format | None
) -> Response:
    form = format_of(request, named)
    language = language_of(request)
    if form is not Format.JSON:
        folder = services.settings.cache_folder / "exports"
        most = services.settings.export_rows_of(principal)
        with services.exports.turn():
            wording = Wording.of(language, services.semantic)
            tell = partial(receipt_document, principal=principal, services=services)
            return exported(services.semantic, question, principal, form, folder, most, tell, wording)
    answer = services.semantic.ask(question, principal)
    document = _document(answer, receipt_document(answer.receipt, principal, services))
    # Of what is told, not of the release: that others' rows have changed must not show.
    told = {**document, "receipt": {**document["receipt"], **dict.fromkeys(_OF_THE_RELEASE)}}
    headers = {**receipt_headers(answer.receipt, Wording(language)), "ETag": tag_of(dumps(told).encode())}
    if request.method == "GET" and holds(request, headers["ETag"]):
        return not_modified(headers)
    return WireResponse(document, headers=headers)


def _document(answer: Answer, receipt: dict[str, Any]) -> dict[str, Any]:
    return {
        "columns": [described(column) for column in answer.columns],
        "rows": [[wire_value(value) for value in row] for row in answer.rows],
        "receipt": receipt,
    }
