"""What stands in the way of following a database's changes, in the words of every kind of database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amalimart.core.errors import CaptureRefused


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know or to do.

    what      in words
    fix       statements or settings, in order; empty where there is nothing to run
    table     that it is about, as the mapping names it
    blocking  whether changes cannot be followed without it
    """

    what: str
    fix: tuple[str, ...] = ()
    table: str | None = None
    blocking: bool = True


def refuse(findings: Sequence[Finding], where: str, otherwise: str = "correct the mapping") -> None:
    """Raise CaptureRefused where a finding is in the way, with every fix; `otherwise` where there is none."""
    blocking = [finding for finding in findings if finding.blocking]
    if not blocking:
        return
    first, *others = blocking
    more = "".join(f"; also: {finding.what}" for finding in others)
    fixes = "; ".join(statement for finding in blocking for statement in finding.fix)
    raise CaptureRefused(
        f"{first.what}{more}",
        where=where,
        expected="every right and setting that change capture needs",
        next_step=fixes or otherwise,
    )
