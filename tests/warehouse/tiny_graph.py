"""The compiled tiny project without the staging of what the shop lacks: builds take a fraction of the time.

Made once for all shops: it names no folder of theirs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from amalimart.warehouse.graph import CompiledGraph, model_id
from tests.warehouse.tiny_shop import Shop

_GRAPHS: dict[Path, CompiledGraph] = {}


def tiny_graph(shop: Shop) -> CompiledGraph:
    """The graph of a shop that has landed something."""
    if shop.cache not in _GRAPHS:
        _GRAPHS[shop.cache] = _of_orders(shop.graph())
    return _GRAPHS[shop.cache]


def _of_orders(graph: CompiledGraph) -> CompiledGraph:
    kept = {model_id("fact_orders"), model_id("rec_orders")}
    for model in reversed(graph.ordered):
        if model.unique_id in kept:
            kept |= model.parents
    return replace(
        graph,
        models=tuple(model for model in graph.models if model.unique_id in kept),
        checks=tuple(check for check in graph.checks if check.parents <= kept),
    )
