"""Approvals and sign-offs as every room speaks of them: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's word that a definition is right, exactly as it was then.

    kind             model or metric
    definition_hash  of the normalised definition; another one is not approved
    product_version  that it was approved with
    subject          who was signed in, or the local operator
    """

    approval_id: str
    kind: str
    name: str
    definition_hash: str
    product_version: str
    approved_by: str
    subject: str
    reason: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class SignOff:
    """Somebody's word that an access review was looked at: which review, by its hash."""

    sign_off_id: str
    report_hash: str
    users: int
    signed_by: str
    subject: str
    reason: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class KeptReview:
    """An access review as it was made by itself. `report` is what it said, as a document."""

    number: int
    made_at: datetime
    report_hash: str
    report: Mapping[str, Any]
