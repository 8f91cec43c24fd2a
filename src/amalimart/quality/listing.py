"""Declared checks as they are listed: what each looks at, when, and what it found last."""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.control.quality.rows import KeptResult
from amalimart.core.quality import MonitorKind, Severity
from amalimart.quality.declared import DeclaredChecks
from amalimart.quality.shapes import Every


@dataclass(frozen=True, slots=True)
class ListedCheck:
    """One check.

    problem  why its file is no check; the rest is then unknown
    newest   what its newest run found
    """

    name: str
    newest: tuple[KeptResult, ...]
    kind: MonitorKind | None = None
    description: str | None = None
    owner: str | None = None
    severity: Severity | None = None
    every: Every | None = None
    problem: str | None = None


def listed(checks: DeclaredChecks, newest: tuple[KeptResult, ...]) -> tuple[ListedCheck, ...]:
    """Every declared check by name."""
    found = []
    for name in checks.names:
        own = tuple(each for each in newest if each.result.check == name)
        if name in checks.refused:
            found.append(ListedCheck(name, own, problem=str(checks.refused[name])))
        else:
            shape = checks.checks[name].shape
            found.append(
                ListedCheck(
                    name, own, shape.kind, shape.description, shape.owner, shape.severity, shape.every
                )
            )
    return tuple(found)
