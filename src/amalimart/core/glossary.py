"""Tables and their columns in words, as every room speaks of them: plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GlossaryColumn:
    """One column: what it holds, the engine's name of its type, and its class of data."""

    name: str
    type: str
    description: str
    data_class: str | None


@dataclass(frozen=True, slots=True)
class GlossaryTable:
    """One published table. `rows` is None for a view; `owner` and `grain` where its file says none."""

    name: str
    description: str
    owner: str | None
    grain: str | None
    rows: int | None
    columns: tuple[GlossaryColumn, ...]
