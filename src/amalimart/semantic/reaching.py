"""How dimensions are read from datasets: through many-to-one relationships, by the shortest way."""

from __future__ import annotations

from collections.abc import Mapping

from amalimart.core.errors import ConfigError
from amalimart.semantic.defined import Dataset, Dimension
from amalimart.semantic.formula import Leaf, Reach


class Reaching:
    """The ways between the datasets of a model; each is looked for once."""

    def __init__(self, datasets: Mapping[str, Dataset]) -> None:
        self._datasets = datasets
        self._found: dict[tuple[str, str], Reach | None] = {}

    def reach(self, dataset: str, dimension: Dimension) -> Reach | None:
        """How a dimension is read from a dataset; None where it cannot be.

        The nearest of the dimension's columns wins, then the order in which it lists them. Raises
        ConfigError where two equally short paths lead to the chosen table, because they may disagree.
        """
        key = (dataset, dimension.name)
        if key not in self._found:
            self._found[key] = self._sought(dataset, dimension)
        return self._found[key]

    def reaches(self, leaf: Leaf, dimension: Dimension) -> bool:
        """Whether a leaf can be grouped by a dimension, or is the same for all its values."""
        if leaf.is_same_for_all(dimension.name):
            return True
        if dimension.elapsed is not None and leaf.measure.time is None:
            return False
        return self.reach(leaf.measure.dataset, dimension) is not None

    def _sought(self, dataset: str, dimension: Dimension) -> Reach | None:
        if dimension.elapsed is not None and self._datasets[dataset].time is None:
            return None  # what has elapsed is counted to the day of a fact, and there is none
        paths = self._paths(dataset)
        found = [
            (len(paths[home][0]), position, home, field)
            for position, (home, field) in enumerate(dimension.sources)
            if home in paths
        ]
        if not found:
            return None
        _, _, home, field = min(found)
        if len(paths[home]) > 1:
            ways = " and ".join(".".join(path) for path in paths[home])
            raise ConfigError(
                f"{dataset} reaches {home} for the dimension {dimension.name} in two ways: {ways}",
                expected="one shortest path",
                next_step="add a direct relationship to the dataset",
            )
        return Reach(paths[home][0], home, field)

    def _paths(self, start: str) -> dict[str, list[tuple[str, ...]]]:
        """Every dataset reached from one, with all its shortest paths of relationship names."""
        paths: dict[str, list[tuple[str, ...]]] = {start: [()]}
        frontier = [start]
        while frontier:
            following: dict[str, list[tuple[str, ...]]] = {}
            for name in frontier:
                for relationship in self._datasets[name].relationships.values():
                    if relationship.to not in paths:
                        longer = [(*path, relationship.name) for path in paths[name]]
                        following.setdefault(relationship.to, []).extend(longer)
            paths |= following
            frontier = list(following)
        return paths
