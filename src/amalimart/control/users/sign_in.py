"""Sign-in: is this the user's password, and may it be tried again so soon. Opens no session."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from sqlalchemy import Engine, delete, select, text, update
from sqlalchemy.orm import Session

from amalimart.control.tables import SignInAttemptRow, UserRow
from amalimart.control.users.passwords import Passwords
from amalimart.control.users.user import User, folded_email, user_of
from amalimart.core.clock import Clock
from amalimart.core.errors import NotSignedIn

# A check costs 64 MiB and much work on purpose: a stranger must not order it by the hundred.
CHECKED_AT_ONCE = 4
_LONGEST_QUEUE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LockOutRule:
    """How long an account waits after wrong passwords.

    free_attempts  wrong attempts without a wait
    first_wait     wait after the next one; doubles with each further one
    longest_wait   the wait never grows beyond this
    forget_after   attempts this old are forgotten
    """

    free_attempts: int = 5
    first_wait: timedelta = timedelta(seconds=10)
    longest_wait: timedelta = timedelta(minutes=15)
    forget_after: timedelta = timedelta(days=1)

    def wait(self, attempts: int) -> timedelta:
        """The wait after this many attempts in a row."""
        doublings = attempts - self.free_attempts
        if doublings < 0:
            return timedelta()
        wait: timedelta = self.first_wait * (1 << min(doublings, 20))
        return min(wait, self.longest_wait)


class SignIn:
    """Verifies passwords. An unknown account costs the same work and gets the same answers as a known one."""

    def __init__(self, engine: Engine, clock: Clock, passwords: Passwords, rule: LockOutRule) -> None:
        self._engine = engine
        self._clock = clock
        self._passwords = passwords
        self._rule = rule
        self._places = BoundedSemaphore(CHECKED_AT_ONCE)

    def verify(self, email: str, password: str) -> User:
        """The user who owns this password.

        Raises NotSignedIn in the same words for an unknown user, a wrong password and a disabled user,
        and in others where too many are being checked at once; that does not count as an attempt.
        """
        with self._place():
            return self._verify(email, password)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=_LONGEST_QUEUE_SECONDS):
            raise NotSignedIn(
                "Too many people are signing in at this moment.", next_step="try again in a few seconds"
            )
        try:
            yield
        finally:
            self._places.release()

    def _verify(self, email: str, password: str) -> User:
        address = folded_email(email)
        account = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
        self._count_attempt(account)
        with Session(self._engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.email == address))
            stored = row.password_hash if row else None
            user = user_of(row) if row else None
        if not self._passwords.matches(stored, password) or user is None or not user.enabled:
            raise NotSignedIn(
                "The e-mail address or the password is not right.",
                next_step="check both and try again",
            )
        with Session(self._engine) as session, session.begin():
            session.execute(delete(SignInAttemptRow).where(SignInAttemptRow.account_hash == account))
            if stored and self._passwords.is_outdated(stored):
                session.execute(
                    update(UserRow)
                    .where(UserRow.user_id == user.user_id)
                    .values(password_hash=self._passwords.hash(password))
                )
        return user

    def _count_attempt(self, account: str) -> None:
        """Counted before the password is looked at, so that guesses sent at once do not slip by."""
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            session.execute(
                delete(SignInAttemptRow).where(SignInAttemptRow.last_at < now - self._rule.forget_after)
            )
            row = session.get(SignInAttemptRow, account)
            if row is None:
                row = SignInAttemptRow(account_hash=account, attempts=0, last_at=now, locked_until=None)
                session.add(row)
            if row.locked_until is not None and now < row.locked_until:
                raise _locked(row.locked_until - now)
            row.attempts += 1
            row.last_at = now
            row.locked_until = _end_of_wait(now, self._rule.wait(row.attempts))


def _end_of_wait(now: datetime, wait: timedelta) -> datetime | None:
    return now + wait if wait else None


def _locked(remaining: timedelta) -> NotSignedIn:
    seconds = max(1, round(remaining.total_seconds()))
    readable = f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
    return NotSignedIn(
        "Too many attempts to sign in to this account.",
        next_step=f"try again in {readable}",
    )
