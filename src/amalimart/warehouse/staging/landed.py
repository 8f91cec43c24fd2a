"""What a source has landed, as the generated models need to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amalimart.mapping.source_mapping import SourceMapping


@dataclass(frozen=True, slots=True)
class LandedSource:
    """One source as the lake holds it: its name there, its mapping, and table -> column -> type."""

    name: str
    mapping: SourceMapping
    tables: Mapping[str, Mapping[str, str]]


def bronze_view(source: str, table: str) -> str:
    """Name of the bronze view of one landed table."""
    return f"{source}__{table}"


def history_view(source: str, table: str) -> str:
    """Name of the bronze view of what snapshots of a landed table replaced."""
    return f"history__{bronze_view(source, table)}"
