"""Shorter ways to write a value, as a JSON Schema tells editors of them.

A validator that runs first turns the short form into the long one; these annotations stand beside it and
say no more than that the short form may be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class AlsoAs:
    """The value may also be written as one of these JSON types."""

    types: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(core), *({"type": name} for name in self.types)]}


@dataclass(frozen=True, slots=True)
class OneForMany:
    """A list of one may be written without its brackets; texts that look like numbers without quotes."""

    types: tuple[str, ...] = ()

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        items: list[Any] = [schema["items"], *({"type": name} for name in self.types)]
        item = items[0] if len(items) == 1 else {"anyOf": items}
        return {"anyOf": [item, {**schema, "items": item}]}


@dataclass(frozen=True, slots=True)
class ItsField:
    """One field of the value is written in its place, or one of these JSON types."""

    field: str
    types: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [whole["properties"][self.field], *({"type": name} for name in self.types)]}


@dataclass(frozen=True, slots=True)
class WordForNone:
    """The word stands for None, which cannot be written."""

    word: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        others = [each for each in handler(core)["anyOf"] if each != {"type": "null"}]
        return {"anyOf": [{"const": self.word}, *others]}
