"""Leases: who alone may do something. Taken and renewed in one statement each, and checked with each write.

A token names a holding; it grows with every new one. Two processes may both believe for a while that they
hold a lease, whatever their clocks say: only the newest token passes `require`, in the transaction of the
write itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Engine, String, Update, bindparam, select, text, update
from sqlalchemy.orm import Session

from amalimart.control.tables import LeaseRow, UtcInstant
from amalimart.core.errors import LeaseLost

# The same text on SQLite and PostgreSQL; both lock the row, or the file, before they look at it.
_TAKE = text(
    "insert into leases (name, holder, token, renewals, expires_at)"
    " values (:name, :holder, 1, 0, :expires_at)"
    " on conflict (name) do update"
    " set holder = excluded.holder, token = leases.token + 1, renewals = 0, expires_at = excluded.expires_at"
    " where leases.expires_at <= :now or (leases.token = :token and leases.renewals = :renewals)"
    " returning token"
).bindparams(
    bindparam("name", type_=String),
    bindparam("holder", type_=String),
    bindparam("expires_at", type_=UtcInstant),
    bindparam("now", type_=UtcInstant),
    bindparam("token", type_=BigInteger),
    bindparam("renewals", type_=BigInteger),
)


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease that was taken, under the token of this holding."""

    name: str
    holder: str
    token: int


@dataclass(frozen=True, slots=True)
class SeenLease:
    """A lease as it was at one look; a holder that lives changes it with every renewal."""

    token: int
    renewals: int


class Leases:
    """The leases of one control database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(
        self, name: str, holder: str, now: datetime, lasts: timedelta, dead: SeenLease | None = None
    ) -> HeldLease | None:
        """The lease, where nobody holds it or it has expired; else None.

        `dead` is how it was seen all the time that a living holder would have renewed it in: it is then
        taken even if its end lies ahead, as it does after the clock was set back.
        """
        given = dead or SeenLease(-1, -1)
        with Session(self._engine) as session, session.begin():
            token = session.execute(
                _TAKE,
                {
                    "name": name,
                    "holder": holder,
                    "expires_at": now + lasts,
                    "now": now,
                    "token": given.token,
                    "renewals": given.renewals,
                },
            ).scalar()
        return None if token is None else HeldLease(name, holder, int(token))

    def look(self, name: str) -> SeenLease | None:
        """The lease as it is; None where it was never taken."""
        with Session(self._engine) as session:
            row = session.get(LeaseRow, name)
            return SeenLease(row.token, row.renewals) if row else None

    def renew(self, lease: HeldLease, now: datetime, lasts: timedelta) -> None:
        """Hold it for longer. Raises LeaseLost where somebody else has taken it."""
        with Session(self._engine) as session, session.begin():
            require(session, lease, expires_at=now + lasts)

    def give_back(self, lease: HeldLease, now: datetime) -> None:
        """Let the next one take it at once; nothing happens where it is lost already."""
        with Session(self._engine) as session, session.begin():
            session.execute(_held(lease).values(expires_at=now))


def require(session: Session, lease: HeldLease, expires_at: datetime | None = None) -> None:
    """Go on only as the holder, and keep others from taking the lease before this transaction has ended.

    Must be its first statement. Raises LeaseLost.
    """
    more = {} if expires_at is None else {"expires_at": expires_at}
    renewed = _held(lease).values(renewals=LeaseRow.renewals + 1, **more)
    if session.execute(renewed.returning(LeaseRow.token)).scalar() is None:
        holder = session.scalar(select(LeaseRow.holder).where(LeaseRow.name == lease.name))
        raise LeaseLost(
            f"the lease {lease.name!r} is held by another process by now",
            where=holder,
            next_step="nothing was written; that process goes on with it",
        )


def _held(lease: HeldLease) -> Update:
    return update(LeaseRow).where(
        LeaseRow.name == lease.name, LeaseRow.holder == lease.holder, LeaseRow.token == lease.token
    )
