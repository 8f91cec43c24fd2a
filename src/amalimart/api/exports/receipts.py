"""How a receipt travels with its answer: as headers, and inside the files that can hold it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from amalimart.api.exports.wording import Wording
from amalimart.core.wire import dumps
from amalimart.semantic.answer import Column, Receipt

METADATA_KEY = b"amalimart"
Told = Callable[[Receipt], Mapping[str, Any]]
"""A receipt as its reader may be told it."""
_LONGEST_NOTES = 4_000


def release_headers(release_id: int, published_at: datetime, fresh_as_of: datetime | None) -> dict[str, str]:
    """Which release is told, and its moments: also of an answer that says that nothing has changed."""
    headers = {"X-Amalimart-Release": str(release_id), "X-Amalimart-Published-At": published_at.isoformat()}
    if fresh_as_of is not None:
        headers["X-Amalimart-Fresh-As-Of"] = fresh_as_of.isoformat()
    return headers


def receipt_headers(receipt: Receipt, wording: Wording) -> dict[str, str]:
    """Release, freshness, definitions and notes; short enough for every proxy.

    What is read follows the language of the reader, so `Vary` names what that is told by.
    """
    headers = release_headers(receipt.release_id, receipt.published_at, receipt.fresh_as_of)
    headers["X-Amalimart-Metrics"] = ", ".join(f"{each.name}@{each.version}" for each in receipt.metrics)
    notes = json.dumps(wording.notes(receipt))
    if receipt.notes and len(notes) <= _LONGEST_NOTES:
        headers["X-Amalimart-Notes"] = notes
    headers["Vary"] = "Accept, Accept-Language, Cookie"
    return headers


def metadata_of(columns: tuple[Column, ...], receipt: Mapping[str, Any]) -> bytes:
    """The columns' meaning and the receipt as it is told, for files whose schema carries metadata."""
    return dumps({"columns": [asdict(each) for each in columns], "receipt": receipt}).encode()
