"""How many rows of each source can be used and how many cannot, by the release's own account."""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.warehouse.file.hot_file import HotFile

_ACCOUNT = (
    "select source, sum(accepted_rows)::bigint, sum(quarantined_rows)::bigint"
    " from silver.reconciliation group by source order by source"
)
_IS_THERE = (
    "select count(*) from information_schema.tables"
    " where table_schema = 'silver' and table_name = 'reconciliation'"
)


@dataclass(frozen=True, slots=True)
class ReconciledRows:
    """Rows of one source that the mapping wants."""

    source: str
    accepted: int
    quarantined: int

    @property
    def quarantined_share(self) -> float:
        """From 0 to 1."""
        wanted = self.accepted + self.quarantined
        return self.quarantined / wanted if wanted else 0.0


def reconciled_rows(hot_file: HotFile) -> tuple[ReconciledRows, ...]:
    """Every source's, as of one release; none before the first."""
    with hot_file.records() as cursor:
        found = cursor.execute(_IS_THERE).fetchone()
        if not found or not found[0]:
            return ()
        return tuple(ReconciledRows(*row) for row in cursor.execute(_ACCOUNT).fetchall())
