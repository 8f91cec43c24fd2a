"""The files that define datasets, dimensions and metrics, as texts: of a folder, or of wherever they stand.

A definition is read from its text, so that those of a commit or of another process need no folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from amalimart.config.strict_yaml import YamlDocument, read_yaml_text

DATASETS, DIMENSIONS, METRICS = "datasets", "dimensions", "metrics"


@dataclass(frozen=True, slots=True)
class DefinitionFiles:
    """`texts` by their path within `origin`, which stands before it in messages."""

    origin: str
    texts: Mapping[str, str]

    def documents(self, kind: str) -> Iterator[YamlDocument]:
        """The files of one kind in the order of their paths; those of no folder are of metrics."""
        for path in sorted(self.texts):
            if kind_of(path) == kind:
                yield YamlDocument(Path(self.origin) / path, self.texts[path])


def kind_of(path: str) -> str | None:
    """What the file at a path within a folder of definitions defines; None where it is none of them."""
    parts = PurePosixPath(path).parts
    if not path.endswith(".yml") or parts[-1].startswith("."):
        return None
    if len(parts) == 1:
        return METRICS
    return parts[0] if len(parts) == 2 and parts[0] in {DATASETS, DIMENSIONS, METRICS} else None


def files_of(folder: Path) -> DefinitionFiles:
    """The definitions of a folder, which need not be there. Raises ConfigError for an unreadable file."""
    found = [path for pattern in ("*.yml", "*/*.yml") for path in folder.glob(pattern)]
    named = {path.relative_to(folder).as_posix(): path for path in found}
    return DefinitionFiles(
        str(folder), {name: read_yaml_text(path) for name, path in named.items() if kind_of(name)}
    )
