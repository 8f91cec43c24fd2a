"""errors.md: the whole error tree with code, HTTP status, exit code and whether trying again can help."""

from __future__ import annotations

from collections.abc import Iterator

from amalimart.cli import INTERRUPTED
from amalimart.cli.failure import DEFECT, USAGE
from amalimart.core.errors import AmalimartError
from tools.reference_pages.markdown import code, page, section, summary, table, text

_INTRO = """
Every failure is one error with the same parts: `code`, `what` happened, `where`, what was `expected`, the
`nearest` known name, the `next_step`, and `retryable`. On the command line it is text on standard error, with
`--json` an object `{"error": {...}}`; the API answers with the same object and the HTTP status below.
"""
_FAMILIES = {
    "ConfigError": "configuration or usage",
    "SourceError": "the shop's own data",
    "LakeError": "the lake",
    "WarehouseError": "building a release",
    "QueryError": "the question",
    "RequestError": "a request to the interface",
    "AccessError": "who may see what",
    "RuntimeTrouble": "processes and ports",
    "QualityError": "monitored checks",
}


def errors_page() -> str:
    """The page. Raises ValueError where a new family has no words here."""
    families = [kind for kind in AmalimartError.__subclasses__() if kind.__subclasses__()]
    if {kind.__name__ for kind in families} != set(_FAMILIES):
        raise ValueError(
            "the families of errors are described in tools/reference_pages/errors.py: keep them equal"
        )
    families.sort(key=lambda kind: (kind.exit_code, kind.__name__))
    alone = [kind for kind in AmalimartError.__subclasses__() if not kind.__subclasses__()]
    return page(
        "Errors",
        _INTRO,
        *(_family(kind) for kind in families),
        section("Of no family", _table(sorted(alone, key=lambda kind: kind.code))),
        section("Exit codes", table(["Exit code", "Meaning"], _exit_codes(families))),
    )


def _family(kind: type[AmalimartError]) -> str:
    return section(kind.__name__, text(summary(kind)), _table([kind, *_below(kind)]))


def _below(kind: type[AmalimartError]) -> Iterator[type[AmalimartError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _table(kinds: list[type[AmalimartError]]) -> str:
    rows = [
        [
            code(kind.code),
            text(summary(kind)),
            str(kind.http_status),
            str(kind.exit_code),
            "yes" if kind.retryable else "no",
        ]
        for kind in kinds
    ]
    return table(["Code", "Meaning", "HTTP", "Exit", "Try again?"], rows)


def _exit_codes(families: list[type[AmalimartError]]) -> list[list[str]]:
    rows = [["0", "done"], [str(DEFECT), "a defect of amalimart; please report it"]]
    by_code: dict[int, list[str]] = {}
    for kind in families:
        by_code.setdefault(kind.exit_code, []).append(_FAMILIES[kind.__name__])
    rows += [[str(exit_code), ", ".join(words)] for exit_code, words in by_code.items()]
    if USAGE not in {kind.exit_code for kind in families}:
        rows.append([str(USAGE), "wrong usage"])
    return [*rows, [str(INTERRUPTED), "interrupted"]]
