"""Putting one word in the place of a person's own words, in texts and in JSON that was kept.

In JSON only values are changed, and none by which a program goes on: names of columns and kinds stay,
whatever a person is called.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

WORD = "erased"
_FOR_PROGRAMS = frozenset(
    {
        "kind",
        "severity",
        "code",
        "state",
        "event",
        "verdict",
        "name",
        "check",
        "check_name",
        "table",
        "columns",
    }
)


def without_words(text: str, words: Collection[str]) -> str:
    """The text with one word in the place of each of these; of two that overlap the longer one counts."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, WORD)
    return text


def without_words_in(value: Any, words: Collection[str]) -> Any:
    """A JSON value with one word in the place of each of these."""
    if isinstance(value, str):
        return without_words(value, words)
    if isinstance(value, list):
        return [without_words_in(each, words) for each in value]
    if isinstance(value, dict):
        return {
            key: each if key in _FOR_PROGRAMS else without_words_in(each, words)
            for key, each in value.items()
        }
    return value


def json_without_words(text: str, words: Collection[str]) -> str:
    """The same of JSON that is kept as a text; what is not JSON is a text."""
    try:
        value = json.loads(text)
    except ValueError:
        return without_words(text, words)
    return json.dumps(without_words_in(value, words))
