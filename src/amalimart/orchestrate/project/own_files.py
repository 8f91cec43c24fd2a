"""Where the project's owner wrote what an error speaks of: their own file, not the assembled one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amalimart.core.errors import CompileFailed, ModelFailed, UnsupportedFeature

_FILE = re.compile(r"models/(?:\S*/)?([^\s/:]+\.(?:sql|ya?ml))")
_MODEL = re.compile(r"^model\.\w+\.(\w+)$")


def own_file(folder: Path, text: str) -> str:
    """The text with a file of the assembled project named as its owner's, where `folder` holds one."""
    if found := _FILE.search(text):
        own = _written(folder, found[1])
        return text.replace(found[0], str(own)) if own else text
    if found := _MODEL.search(text):
        own = _written(folder, f"{found[1]}.sql")
        return f"{text} in {own}" if own else text
    return text


@contextmanager
def in_own_files(folder: Path) -> Iterator[None]:
    """Errors of the block that speak of a model name the file in the project's own folder of models."""
    try:
        yield
    except (CompileFailed, UnsupportedFeature, ModelFailed) as error:
        error.where = own_file(folder, error.where or "") or None
        raise


def _written(folder: Path, name: str) -> Path | None:
    return next(iter(sorted(folder.rglob(name))), None)
