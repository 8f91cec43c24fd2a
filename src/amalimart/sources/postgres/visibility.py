"""Which rows a poll must read so that no commit is ever missed. Pure reasoning; asks no database.

The trap. A transaction writes a row with `updated_at` 10:00:00 and commits at 10:05. A poll at 10:03
does not see it, but sees rows up to 10:02:59. A poll that goes on from 10:02:59 never reads it.

The rule. What is new for snapshot B after snapshot A are the row versions visible in B and not in A.
Every row version carries the number of the transaction that wrote it (`xmin`; a subtransaction has a
number of its own, greater than its parent's). A snapshot `xmin:xmax:running` says: every number from
`xmax` on had not begun, the numbers in `running` were in progress, all else below had ended. So a
version visible in B but not in A was written

1. by a number from A.xmax on, or
2. by a number in A.running that has ended since, that is, one not in B.running, or
3. by a subtransaction of 2, whose number is greater than its parent's.

All three are at or above floor(A, B) = min(A.xmax, the numbers of A.running that have ended). Reading
every version from the floor on misses nothing, whatever clocks and `updated_at` say, even where a
table has no such column. Rows between the floor and A.xmax that A had already seen are read again;
staging takes the latest by (_batch, _sequence), and they come only when a transaction that was in
progress has ended, once. While a long one stays open, nothing is repeated.

Comparing. `xmin` has 32 bits and wraps around; `age()` turns it into a distance. A position more than
two thousand million transactions old cannot be compared, and the table is read whole. Frozen rows
keep their number, so one may look new after a wrap-around: read again, harmless.

Standby servers. Their snapshots do not list what is running, so xmin stands in for xmax there: the
floor is then A.xmin, at or below every number in progress.

Speed. The floor has no index. Where the mapping names a cursor column that leads an index, a bound in
time is added: rows of transactions A did not see have a cursor at or above horizon(A), the earlier of
the server's time and the oldest open transaction's start, both read before A was taken, less a slack
of two minutes for applications that set the column by their own clock (two hours more for a column
without time zone, whose clock is turned back in autumn). This needs every session's start to be
visible and the column to be honest; without an index, or where a session hides its start
(pg_read_all_stats is missing), on a standby, or for a null cursor, the floor alone decides. A
prepared transaction has no session: the last horizon stays until it is gone.

Deletes leave no row version behind: polling does not see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SLACK = timedelta(minutes=2)
NAIVE_SLACK = timedelta(hours=2)
FARTHEST_COMPARISON = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A PostgreSQL snapshot: `xmin:xmax:running`, in 64-bit transaction numbers."""

    xmin: int
    xmax: int
    running: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """Read PostgreSQL's text form. Raises ValueError."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), tuple(int(number) for number in running.split(",") if number))

    def of_standby(self) -> Snapshot:
        """The form that is safe to remember where `running` is not listed."""
        return Snapshot(self.xmin, self.xmin, ())

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.running))}"


@dataclass(frozen=True, slots=True)
class Activity:
    """What was open on the server at `time`, read before the snapshot it goes with.

    oldest_start  start of the oldest open transaction; None if there was none
    known         whether every session's start could be seen
    prepared      whether a prepared transaction was waiting
    """

    time: datetime
    oldest_start: datetime | None
    known: bool
    prepared: bool


def floor(before: Snapshot, now: Snapshot) -> int:
    """The least transaction number a row version new to `now` can have."""
    ended = set(before.running) - set(now.running)
    return min(before.xmax, *ended) if ended else before.xmax


def horizon(activity: Activity, previous: datetime | None) -> datetime | None:
    """The earliest cursor value of any row the snapshot does not see yet; None if unknown."""
    if not activity.known:
        return None
    if activity.prepared:
        return previous
    return min(activity.time, activity.oldest_start or activity.time) - SLACK


def floor_condition(floor_number: int, now: Snapshot) -> str | None:
    """SQL for "written at or after the floor"; None where the table must be read whole."""
    if now.xmax - floor_number > FARTHEST_COMPARISON:
        return None
    return f"age(source_table.xmin) <= age('{floor_number % 2**32}'::xid)"


def horizon_condition(column_sql: str, base: str, bound: datetime, zone: str) -> str | None:
    """SQL for "may have been written after the horizon"; None where the type is no time."""
    moment = f"timestamptz '{bound.astimezone(UTC).isoformat()}'"
    if base == "timestamp":
        quoted_zone = zone.replace("'", "''")
        earlier = f"timestamptz '{(bound - NAIVE_SLACK).astimezone(UTC).isoformat()}'"
        moment = f"({earlier} at time zone '{quoted_zone}')"
    elif base != "timestamptz":
        return None
    return f"({column_sql} >= {moment} or {column_sql} is null)"
