"""YAML read strictly: a mistake names its file, line and key.

Every file of the project (settings, mappings, metrics, dashboards, policies) is read here. Duplicate
keys, tags, aliases and anything but plain values are refused, and so is a file too large or too deep to
have been written by hand; pydantic's complaints are turned into one
ConfigError with the line of the first offending key.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest

M = TypeVar("M", bound=BaseModel)
YamlPath = tuple[str | int, ...]


_LARGEST_BYTES = 1_000_000
_DEEPEST = 50


class StrictModel(BaseModel):
    """Base of every YAML shape: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _refuse_attacks(text: str) -> None:
    """Refuse aliases, and depth that only an attack needs, before anything is made of them."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not taken here", problem_mark=mark)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            problem = f"nested deeper than {_DEEPEST} levels"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Lines(yaml.CSafeLoader):
    """A safe loader that notes duplicate keys."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.duplicates: list[tuple[str, int]] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                problem = "a key is a list or a mapping"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                self.duplicates.append((str(key), key_node.start_mark.line + 1))
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _line_index(node: yaml.Node | None, path: YamlPath = ()) -> dict[YamlPath, int]:
    if node is None:
        return {}
    lines = {path: node.start_mark.line + 1}
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            child = (*path, str(key_node.value))
            lines |= _line_index(value_node, child)
            lines[child] = key_node.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            lines |= _line_index(item, (*path, position))
    return lines


class YamlDocument:
    """One parsed YAML file whose every part knows its line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        try:
            _refuse_attacks(text)
            loader = _Lines(text)
            node = loader.get_single_node()
            self.data: Any = loader.construct_document(node) if node is not None else None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            # The parser counts a line more at the end of a text that ends without a line break.
            last = text.count("\n")
            where = f"{path}:{min(mark.line, last) + 1}" if mark else str(path)
            raise ConfigError(
                f"not valid YAML: {getattr(error, 'problem', None) or error}",
                where=where,
                expected="YAML with consistent indentation and no tabs",
                next_step="correct the line and run the command again",
            ) from error
        if loader.duplicates:
            key, line = loader.duplicates[0]
            raise ConfigError(
                f"the key {key!r} is given twice",
                where=f"{path}:{line}",
                expected="each key once",
                next_step="remove one of the two",
            )
        self._lines = _line_index(node)

    def where(self, *path: str | int) -> str:
        """file:line of the deepest known part of a path; steps the document does not have are skipped."""
        known: YamlPath = ()
        for step in path:
            if (*known, step) in self._lines:
                known = (*known, step)
        line = self._lines.get(known)
        return str(self.path) if line is None else f"{self.path}:{line}"

    def parse(self, shape: type[M], *path: str | int) -> M:
        """The part of the document at `path` as a typed object. Raises ConfigError."""
        part = self.data
        for step in path:
            part = part[step]
        try:
            return shape.model_validate(part if part is not None else {})
        except ValidationError as error:
            raise self._explain(error, shape, path) from error

    def _explain(self, error: ValidationError, shape: type[BaseModel], path: YamlPath) -> ConfigError:
        # A misspelt key also leaves its right spelling missing: the unknown key is the better clue.
        found = error.errors()
        first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
        location = tuple(step for step in first["loc"] if step != "__root__")
        key = str(location[-1]) if location else ""
        unknown = first["type"] == "extra_forbidden"
        keys = _keys_at(shape, location[:-1]) if unknown else []
        return ConfigError(
            f"unknown key {key!r}"
            if unknown
            else f"{'.'.join(map(str, location)) or 'the file'}: {first['msg']}",
            where=self.where(*path, *location),
            expected=", ".join(sorted(keys)) or None,
            nearest=nearest(key, keys),
            next_step="correct the key and run the command again",
        )


def _keys_at(shape: type[BaseModel], steps: YamlPath) -> list[str]:
    """The keys that the part of a shape takes to which these steps lead; none where that is open."""
    here: Any = shape
    for step in steps:
        if _is_model(here):
            field = next(
                (each for name, each in here.model_fields.items() if step in {name, each.alias}), None
            )
            here = field.annotation if field is not None else None
        else:  # an entry of a mapping or a list
            here = next((each for each in reversed(get_args(here)) if each is not Ellipsis), None)
        if isinstance(here, UnionType) or get_origin(here) is Union:
            here = next((each for each in get_args(here) if each is not NoneType), None)
        while get_origin(here) is Annotated:
            here = get_args(here)[0]
    return [field.alias or name for name, field in here.model_fields.items()] if _is_model(here) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def read_yaml(path: Path) -> YamlDocument:
    """Read one YAML file. Raises ConfigError where it is missing, unreadable or not YAML."""
    return YamlDocument(path, read_yaml_text(path))


def read_yaml_text(path: Path) -> str:
    """The text of one YAML file, unread. Raises ConfigError where it is missing, unreadable or too large."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ConfigError(
                f"the file is larger than {_LARGEST_BYTES:,} bytes",
                where=str(path),
                next_step="split it, or check that it is the file you mean",
            )
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            "file not found", where=str(path), next_step="create it or correct the name"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the file: {error}", where=str(path)) from error
