"""What dbt says is wrong with a project as one typed error: the file, the line, the nearest known name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from amalimart.core.errors import CompileFailed
from amalimart.core.names import nearest

_FILE = re.compile(r"\b((?:models|tests|macros)/[^\s()]+\.(?:sql|ya?ml))")
_READING = re.compile(r"Error reading \S+: ([^\s]+\.ya?ml)")
_MODEL = re.compile(r"\bmodel\.\w+\.(\w+)")
_LINE = re.compile(r"\bline (\d+)")
_UNKNOWN = (
    re.compile(r"depends on a (?P<kind>node) named '(?P<name>[^']+)'"),
    re.compile(r"depends on a (?P<kind>source) named '(?P<name>[^']+)'"),
    re.compile(r"'(?P<kind>test)_(?P<name>\w+)' is undefined"),
    re.compile(r"'(?P<name>\w+)' is (?P<kind>undefined)"),
)
_KNOWN = {
    "test": ("tests/generic/*.sql", re.compile(r"\btest (\w+)\(")),
    "undefined": ("macros/**/*.sql", re.compile(r"\bmacro (\w+)\(")),
}
_TESTS_OF_DBT = ("not_null", "unique", "accepted_values", "relationships")


def compile_failed(said: str, complained: str, project: Path, report: Path) -> CompileFailed:
    """The error for a run of dbt that failed: its two outputs, the project it was given, its own report."""
    words = dbts_words(said, complained)
    return CompileFailed(
        f"the dbt project does not compile: {words}",
        where=_where(words, project) or str(project),
        nearest=_nearest(words, project),
        next_step=f"correct the file; the whole report is in {report}",
    )


def dbts_words(said: str, complained: str) -> str:
    """The lines from the first that speaks of an error, without times and traces."""
    text = (said if said.strip() else complained).partition("Traceback (most recent call last)")[0]
    lines = [re.sub(r"^\d\d:\d\d:\d\d +", "", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    first = next((n for n, line in enumerate(lines) if "rror" in line), max(len(lines) - 8, 0))
    return " ".join(lines[first:][:8])


def _where(words: str, project: Path) -> str | None:
    """file:line inside the project; of a cycle, the file of its first model."""
    found = _FILE.search(words)
    file = found[1] if found else None
    if file is None and (read := _READING.search(words)):
        file = f"models/{read[1]}"
    if file is None and (model := _MODEL.search(words)):
        paths = sorted((project / "models").rglob(f"{model[1]}.sql"))
        file = str(paths[0].relative_to(project)) if paths else None
    line = _LINE.search(words)
    return f"{file}:{line[1]}" if file and line else file


def _nearest(words: str, project: Path) -> str | None:
    for pattern in _UNKNOWN:
        found = pattern.search(words)
        if found:
            return nearest(found["name"], _known(found["kind"], project))
    return None


def _known(kind: str, project: Path) -> Iterable[str]:
    if kind == "node":
        return [path.stem for path in (project / "models").rglob("*.sql")]
    if kind == "source":
        return _declared_sources(project)
    files, pattern = _KNOWN[kind]
    names = [name for path in project.glob(files) for name in pattern.findall(path.read_text())]
    return [*names, *_TESTS_OF_DBT] if kind == "test" else names


def _declared_sources(project: Path) -> Iterable[str]:
    """Sources are declared beside the generated models alone."""
    for path in (project / "models" / "staging").glob("*.yml"):
        for source in (yaml.safe_load(path.read_text()) or {}).get("sources") or ():
            yield from (f"{source['name']}.{table['name']}" for table in source["tables"])
