"""Calls of the project's dbt macros in generated SQL, and the same SQL with the calls carried out.

What engines disagree about stands in the macros alone. dbt carries the calls out for a model; a recipe,
which never meets dbt, has them carried out here, by the same files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.utils import missing

from amalimart.core.errors import CompileFailed

MACROS = Path(__file__).parents[2] / "marketplace" / "dbt" / "macros"
"""The packaged macros; generated models call those of the project they stand in."""

_CALL = re.compile(r"\{\{ (.*?) \}\}", re.DOTALL)
_OF_DBT = ("{{ ref(", "{{ source(", "{{ config(")  # what only dbt can answer


def call(name: str, *arguments: str | int) -> str:
    """A call of a macro. Calls inside an argument are carried out first."""
    return f"{{{{ {name}({', '.join(map(_argument, arguments))}) }}}}"


def _argument(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    pieces = _CALL.split(value)
    written = [
        f"({piece})" if place % 2 and len(pieces) > 3 else piece if place % 2 else _text(piece)
        for place, piece in enumerate(pieces)
        if piece
    ]
    return " ~ ".join(written) or "''"


def _text(text: str) -> str:
    """A text of the template language, in which no brace is to be seen."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return "'" + escaped.replace("{", "\\x7b").replace("}", "\\x7d") + "'"


TEXT = call("text_type")
"""The type of a text."""
MOMENT = call("moment_type")
"""The type of a time without a zone."""
INSTANT = call("instant_type")
"""The type of a time that is the same everywhere."""
ORDER_TYPE = call("order_type")
"""The type of an order of arrival."""
TEXTS = call("texts_type")
"""The type of a list of texts."""
INLINED = call("inlined")
"""Before a CTE that several others read: better computed in each of them than kept."""


def rendered(sql: str, engine: str = "duckdb") -> str:
    """Generated SQL with its macros carried out for an engine; references to models stay as they are."""
    return _CALL.sub(lambda found: _carried_out(found[0], engine), sql)


@lru_cache(maxsize=8192)
def _carried_out(call_of_macro: str, engine: str) -> str:
    if call_of_macro.startswith(_OF_DBT):
        return call_of_macro
    environment, macros = _environment(engine)
    return str(environment.from_string(call_of_macro).render(macros))


@cache
def _environment(engine: str) -> tuple[Environment, dict[str, Any]]:
    environment = Environment(  # noqa: S701 - SQL, not HTML
        undefined=StrictUndefined, extensions=["jinja2.ext.do"], keep_trailing_newline=True
    )
    environment.globals["adapter"] = {"dispatch": _dispatch(engine)}
    environment.globals["exceptions"] = {"raise_compiler_error": _refuse}
    text = "".join(path.read_text() for path in sorted(MACROS.rglob("*.sql")))
    module = environment.from_string(text).module
    macros = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    return environment, macros


def _dispatch(engine: str) -> Callable[..., Any]:
    @pass_context
    def dispatch(context: Context, name: str) -> Any:
        found = context.resolve_or_missing(f"{engine}__{name}")
        return context.resolve(f"default__{name}") if found is missing else found

    return dispatch


def _refuse(what: str) -> None:
    raise CompileFailed(what, expected="a form that every engine of the macros can read")
