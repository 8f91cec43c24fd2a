"""Errors on the wire: every failure leaves as {"error": AmalimartError.as_dict()} with its status."""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import (
    AccessError,
    AmalimartError,
    Internal,
    MethodNotAllowed,
    NotFound,
    QueryError,
    TooManyRequests,
    UnknownName,
)
from amalimart.observe.metrics import POLICY_DENIALS


class ErrorShape(BaseModel):
    """An error: what happened, where, what was expected, the nearest known name and what to do next."""

    code: str
    what: str
    where: str | None
    expected: str | None
    nearest: str | None
    next_step: str | None
    retryable: bool


class ErrorBody(BaseModel):
    """How every failure is answered."""

    error: ErrorShape


_EXAMPLE = UnknownName(
    "no metric is called 'gmw'", nearest="gmv", next_step="run: amalimart metrics list"
).as_dict()
DESCRIBED_ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {
        "model": ErrorBody,
        "description": "Every failure, with the status of its kind.",
        "content": {"application/json": {"example": {"error": _EXAMPLE}}},
    }
}

ErrorAnswer = Callable[[Request, AmalimartError], Response]


def internal(request_id: str) -> Internal:
    """The error shown for an unexpected exception."""
    return Internal(
        "Something went wrong on our side.",
        next_step=f"try again; if it stays, report the request id {request_id}",
    )


def as_json(_request: Request, error: AmalimartError) -> Response:
    """The JSON answer of an error."""
    return WireResponse({"error": error.as_dict()}, status_code=error.http_status)


def install_error_answers(app: FastAPI, answer: ErrorAnswer) -> None:
    """Route every kind of failure inside the application through `answer`."""

    async def of_ours(request: Request, error: Exception) -> Response:
        if not isinstance(error, AmalimartError):
            raise error
        if isinstance(error, AccessError):
            POLICY_DENIALS.add(reason=error.code)
        response = answer(request, error)
        if isinstance(error, TooManyRequests):
            response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
        return response

    async def of_validation(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return answer(request, _explained(error))

    async def of_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        response = answer(request, _translated(request, error))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    app.add_exception_handler(AmalimartError, of_ours)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(HTTPException, of_http)


def _explained(error: RequestValidationError) -> QueryError:
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    return QueryError(
        f"The request cannot be read: {first['msg']}.",
        where=where,
        next_step="see /api/v1/openapi.json for the shape of the request",
    )


def _translated(request: Request, error: HTTPException) -> AmalimartError:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow")
        return MethodNotAllowed(
            f"{request.method} is not possible here.", where=request.url.path, expected=allowed
        )
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound("There is nothing at this address.", where=request.url.path)
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return QueryError(f"The request cannot be read: {error.detail}.", where=request.url.path)
    return Internal("Something went wrong on our side.", next_step="try again")
