"""What tells one answer of the work lists from another."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

from amalimart.access.principal import Principal

_PROCESS = secrets.token_hex(16)


def work_tag(release_id: int, principal: Principal, day: date) -> str:
    """The ETag: another release, reader, business day or process makes another tag."""
    ids = (sorted(principal.vendor_ids), sorted(principal.delivery_partner_ids))
    told_apart = (_PROCESS, release_id, principal.subject, principal.role.value, ids, day)
    return f'W/"{hashlib.sha256(repr(told_apart).encode()).hexdigest()[:32]}"'
