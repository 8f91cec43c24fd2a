"""Who wants to know of builds: told when there is something to build, and how it ended.

A build with nothing to publish is not told of. What an observer does must neither fail nor take time: it is
called while a build is under way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from amalimart.warehouse.executor import BuildReport, Progress
from amalimart.warehouse.graph import CompiledGraph


class BuildObserver(Protocol):
    """Told of one build after the other, never of two at once."""

    def begun(self, graph: CompiledGraph) -> None:
        """There is something to build from this project."""

    def published(self, graph: CompiledGraph, report: BuildReport) -> None:
        """The build that began was committed."""

    def failed(self, error: BaseException) -> None:
        """The build that began was rolled back."""

    def close(self) -> None:
        """Nothing more will be built."""


class Unobserved:
    """Nobody wants to know."""

    def begun(self, graph: CompiledGraph) -> None:
        """Nothing."""

    def published(self, graph: CompiledGraph, report: BuildReport) -> None:
        """Nothing."""

    def failed(self, error: BaseException) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def observed(
    observer: BuildObserver,
    graph: CompiledGraph,
    progress: Progress,
    publish: Callable[[Progress], BuildReport | None],
) -> BuildReport | None:
    """Publish, and tell the observer. Progress is first told of when there is something to build."""
    has_begun = False

    def noted(done: int, total: int, what: str) -> None:
        nonlocal has_begun
        if not has_begun:
            has_begun = True
            observer.begun(graph)
        progress(done, total, what)

    try:
        report = publish(noted)
    except BaseException as error:
        if has_begun:
            observer.failed(error)
        raise
    if report is not None:
        observer.published(graph, report)
    return report
