"""What rows pass on their way into the lake, and again in files that are rewritten, as a port.

The lake does not interpret rows; whoever opens it may say that some values must not be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa


class RowScreen(Protocol):
    """Takes values out of rows. May be asked by several threads."""

    @property
    def stamps(self) -> frozenset[str]:
        """What is taken out, one name for each thing; a commit that took it out of every file keeps them."""
        ...

    def looks_at(self, table: str, columns: Sequence[str]) -> frozenset[str]:
        """Of these columns of a table those that decide what is taken out, or may be; none: all rows pass."""
        ...

    def screened(self, table: str, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows as they may be kept, under the same schema; the very same object where nothing changes."""
        ...


class _Unscreened:
    """Lets everything pass."""

    stamps: frozenset[str] = frozenset()

    def looks_at(self, table: str, columns: Sequence[str]) -> frozenset[str]:  # noqa: ARG002 - at none
        return frozenset()

    def screened(self, table: str, rows: pa.RecordBatch) -> pa.RecordBatch:  # noqa: ARG002 - see above
        return rows


UNSCREENED: RowScreen = _Unscreened()
