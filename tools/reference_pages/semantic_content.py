"""The packaged semantic model, policies and folders that several pages describe, loaded once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import amalimart
from amalimart.access.policies import Policies, load_policies
from amalimart.semantic.defined import Grouping, Metric
from amalimart.semantic.loading import load_model
from amalimart.semantic.model import SemanticModel

MARKETPLACE = Path(amalimart.__file__).parent / "marketplace"


@cache
def packaged_model() -> SemanticModel:
    """The model as it is packaged, without any project's overlay."""
    return load_model([MARKETPLACE / "semantic"])


@cache
def packaged_policies() -> Policies:
    """The policies as they are packaged."""
    return load_policies([MARKETPLACE / "policies"])


def grouping_words(grouping: Grouping) -> str:
    """A default grouping as names, or nothing."""
    names = [*([grouping.grain.value] if grouping.grain else []), *grouping.by]
    return ", ".join(f"`{name}`" for name in names)


def grains(model: SemanticModel, metric: Metric) -> tuple[str, ...]:
    """The datasets whose rows the metric counts, each once, in the order of its formula."""
    return tuple(dict.fromkeys(model.datasets[leaf.measure.dataset].name for leaf in metric.leaves))
