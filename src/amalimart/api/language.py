"""The language a reader is answered in: chosen by a switch and kept in a cookie, else the browser's own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request

LANGUAGE_COOKIE = "amalimart_language"


class Language(StrEnum):
    """A language in which the product speaks."""

    ENGLISH = "en"
    FRENCH = "fr"


NAMES = {Language.ENGLISH: "English", Language.FRENCH: "Français"}


def language_of(request: Request) -> Language:
    """The language that the request asks for; English where it asks for none that is spoken."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in set(Language):
        return Language(chosen)
    return preferred(request.headers.get("accept-language", ""))


def preferred(accepted: str) -> Language:
    """The first spoken language of an Accept-Language header, by its weights."""
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:500].split(",")):
        tag, _, parameter = part.partition(";")
        weighed.append((-_weight(parameter), place, tag.strip().lower().partition("-")[0]))
    for weight, _, tag in sorted(weighed):
        if weight < 0 and tag in set(Language):
            return Language(tag)
    return Language.ENGLISH


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


async def _readers_language(request: Request) -> Language:
    """A coroutine, because a plain function would be sent to a thread only to look at two headers."""
    return language_of(request)


ReadersLanguage = Annotated[Language, Depends(_readers_language)]
