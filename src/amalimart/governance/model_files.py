"""What the files of models declare: owner, grain, classes of columns, and the definition itself.

A file of a project's own models replaces the packaged one of its name, as when the models are built.
Nothing is compiled; what the mapping generates has no file and is not told here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amalimart.config.strict_yaml import read_yaml
from amalimart.core.errors import ConfigError
from amalimart.warehouse.project.fingerprints import words_of
from amalimart.warehouse.project.project_files import PACKAGED_PROJECT

_HEADER = re.compile(r"--\s?(.*)")
_FACTS = frozenset({"grain", "owner", "personal data", "kind"})
_SCHEMA = re.compile(r"schema\s*=\s*['\"](\w+)['\"]")
_OWN_SCHEMA = "gold"  # where dbt_project.yml puts models of a project's own
_USUAL_CLASS = "internal"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model as its files declare it.

    table       schema.name
    classes     column -> class, for the columns that are described
    words       column -> what it holds, for the same
    definition  a hash of everything that decides its rows, its checks and its classes; not of words
    is_own      whether a file of the project says something of it
    """

    name: str
    table: str
    path: Path
    description: str
    owner: str | None
    grain: str | None
    classes: Mapping[str, str]
    words: Mapping[str, str]
    definition: str
    is_own: bool


def model_files(overlay: Path | None) -> dict[str, ModelFile]:
    """Name -> model, of the packaged project with a folder of models over it. Raises ConfigError."""
    packaged = {path.name: path for path in _files(PACKAGED_PROJECT / "models")}
    own = {path.name: path for path in _files(overlay)} if overlay is not None else {}
    described: dict[str, tuple[dict[str, Any], bool]] = {}
    for name, path in (packaged | own).items():
        if path.suffix != ".sql":
            for entry in _entries(path):
                described[str(entry.get("name"))] = (entry, name in own)
    found = {}
    for name, path in sorted((packaged | own).items()):
        if path.suffix == ".sql":
            entry, is_own_entry = described.get(path.stem, ({}, False))
            layer = packaged[name].parent.name if name in packaged else None
            found[path.stem] = _model(path, layer, entry, is_own=is_own_entry or name in own)
    return found


def _files(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".sql", ".yml", ".yaml"} and not path.name.startswith(".") and path.is_file():
            yield path


def _entries(path: Path) -> list[dict[str, Any]]:
    document = read_yaml(path)
    data = document.data if document.data is not None else {}
    models = data.get("models") or [] if isinstance(data, dict) else None
    if not isinstance(models, list) or not all(isinstance(each, dict) for each in models):
        raise ConfigError(
            "`models` is not a list of models", where=document.where("models"), expected="- name: MODEL"
        )
    return models


def _model(path: Path, layer: str | None, entry: Mapping[str, Any], *, is_own: bool) -> ModelFile:
    text = path.read_text(encoding="utf-8", errors="backslashreplace")  # dbt says what is wrong with it
    facts = header_facts(text)
    found = _SCHEMA.search(text)
    schema = found[1] if found else layer or _OWN_SCHEMA
    columns = [each for each in entry.get("columns") or () if isinstance(each, dict) and "name" in each]
    usual = _meta(entry).get("class", _USUAL_CLASS)
    return ModelFile(
        path.stem,
        f"{schema}.{path.stem}",
        path,
        str(entry.get("description") or ""),
        facts.get("owner"),
        facts.get("grain"),
        {str(each["name"]): str(_meta(each).get("class", usual)) for each in columns},
        {str(each["name"]): " ".join(str(each.get("description") or "").split()) for each in columns},
        _digest([words_of(text), _without_words(entry)]),
        is_own,
    )


def header_facts(text: str) -> dict[str, str]:
    """The `key: value` lines of the comment that a model opens with."""
    facts = {}
    for line in text.splitlines():
        found = _HEADER.fullmatch(line.strip())
        if found is None:
            break
        key, separator, value = found[1].partition(": ")
        if separator and key in _FACTS:
            facts[key] = value.strip()
    return facts


def _meta(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    config = entry.get("config")
    parts = (entry.get("meta"), config.get("meta") if isinstance(config, dict) else None)
    return {key: each for part in parts if isinstance(part, dict) for key, each in part.items()}


def _without_words(entry: Any) -> Any:
    """A description without the texts that only explain it."""
    if isinstance(entry, dict):
        return {str(key): _without_words(each) for key, each in entry.items() if key != "description"}
    return [_without_words(each) for each in entry] if isinstance(entry, list) else entry


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]
