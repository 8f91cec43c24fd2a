"""What every error carries, and the one that is a defect of ours."""

from __future__ import annotations

from typing import Any, ClassVar


class AmalimartError(Exception):
    """One clear error: what, where, expected, nearest, next step."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        nearest: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.nearest = nearest
        self.next_step = next_step

    def as_dict(self) -> dict[str, Any]:
        """The one JSON shape of an error, on every surface."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "expected": self.expected,
            "nearest": self.nearest,
            "next_step": self.next_step,
            "retryable": self.retryable,
        }

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"where: {self.where}")
        if self.expected:
            parts.append(f"expected: {self.expected}")
        if self.nearest:
            parts.append(f"nearest: {self.nearest}")
        if self.next_step:
            parts.append(f"next: {self.next_step}")
        return "\n  ".join(parts)


class Internal(AmalimartError):
    """A defect of ours. What happened is in the log under the request's id, never in the answer."""

    code = "internal"
