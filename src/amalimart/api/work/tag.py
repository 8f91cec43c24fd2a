"""What tells one answer of the work lists from another."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Hashable
from datetime import date

from amalimart.access.principal import Principal
from amalimart.access.rules import OwnIds

_PROCESS = secrets.token_hex(16)


def work_tag(release_id: int, principal: Principal, day: date, policy: Hashable) -> str:
    """The ETag: another release, reader, policy, business day or process makes another tag."""
    ids = tuple(kind.of(principal) for kind in OwnIds)
    told_apart = (_PROCESS, release_id, principal.subject, principal.role.value, ids, day, policy)
    return f'W/"{hashlib.sha256(repr(told_apart).encode()).hexdigest()[:32]}"'
