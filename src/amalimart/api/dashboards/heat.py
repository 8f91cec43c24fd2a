"""A metric by two dimensions as a grid: which rows and columns are shown, in which order, and their cells.

Members that are days, months or numbers stand in their own order: of the rows the last are kept, of the
columns the first. Others stand by size, and the largest are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer, ColumnKind

Json = dict[str, Any]

_MOST_ACROSS = 14


def heat_grid(answer: Answer, most_rows: int) -> Json:
    """The grid of an answer grouped by two dimensions, the first of them down."""
    down, across = (column for column in answer.columns if column.kind is ColumnKind.DIMENSION)
    metric = next(column for column in answer.columns if column.kind is ColumnKind.METRIC)
    cells: dict[tuple[Any, Any], Any] = {}
    labels: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
    for row in answer.as_dicts():
        place = tuple(row.get(f"{each.name}_id", row[each.name]) for each in (down, across))
        for known, key, column in zip(labels, place, (down, across), strict=True):
            known[key] = row[column.name]
        cells[place[0], place[1]] = row[metric.name]
    shown_down = _chosen(labels[0], _sizes(cells, 0), most_rows, from_the_end=True)
    shown_across = _chosen(labels[1], _sizes(cells, 1), _MOST_ACROSS, from_the_end=False)
    return {
        "down": [_member(key, labels[0]) for key in shown_down],
        "across": [_member(key, labels[1]) for key in shown_across],
        "cells": [[wire_value(cells.get((row, column))) for column in shown_across] for row in shown_down],
        "more": {"down": len(labels[0]) - len(shown_down), "across": len(labels[1]) - len(shown_across)},
    }


def _member(key: Any, labels: Mapping[Any, Any]) -> Json:
    return {"key": wire_value(key), "value": wire_value(labels[key])}


def _sizes(cells: Mapping[tuple[Any, Any], Any], side: int) -> dict[Any, Any]:
    """What the cells of a member add up to: good enough to say which members are large."""
    sizes: dict[Any, Any] = {}
    for place, value in cells.items():
        sizes[place[side]] = sizes.get(place[side], 0) + (abs(value) if value is not None else 0)
    return sizes


def _chosen(
    labels: Mapping[Any, Any], sizes: Mapping[Any, Any], most: int, *, from_the_end: bool
) -> Sequence[Any]:
    known = [key for key in labels if key is not None]
    if known and all(isinstance(key, date | int) for key in known):
        ordered = sorted(known)
        return ordered[-most:] if from_the_end else ordered[:most]
    return sorted(labels, key=lambda key: (-sizes[key], str(labels[key])))[:most]
