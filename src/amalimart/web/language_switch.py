"""POST /language: the reader's choice of language, kept in a cookie of the browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from amalimart.api.language import LANGUAGE_COOKIE, Language
from amalimart.web.signing_in import own_address

_A_YEAR = 365 * 24 * 3600


def language_router() -> APIRouter:
    """The switch; it needs no sign-in and tells nothing about anyone."""
    router = APIRouter(include_in_schema=False)

    @router.post("/language")
    def choose(
        request: Request,
        language: Annotated[Language, Form()],
        following: Annotated[str, Form(max_length=2000)] = "/",
    ) -> Response:
        response = RedirectResponse(own_address(following), status_code=303)
        response.set_cookie(
            LANGUAGE_COOKIE,
            language.value,
            max_age=_A_YEAR,
            path="/",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    return router
