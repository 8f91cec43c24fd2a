"""The control database as other rooms hold it: users, decisions, runs of jobs and incidents on one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from amalimart.control.database import durable, open_database
from amalimart.control.incidents.ledger import Incidents
from amalimart.control.incidents.outbox import Outbox
from amalimart.control.incidents.trimming import IncidentTrimming
from amalimart.control.job_runs import JobRuns
from amalimart.control.leases import Leases
from amalimart.control.page_visits import PageVisits
from amalimart.control.question_log import QuestionLog
from amalimart.control.question_runs import QuestionRuns
from amalimart.control.question_schedules import QuestionSchedules
from amalimart.control.releases.acceptances import CheckAcceptances
from amalimart.control.releases.approvals import GovernanceRecords
from amalimart.control.saved_questions import SavedQuestions
from amalimart.control.users.access_reviews import AccessReviews
from amalimart.control.users.administration import UserAdministration
from amalimart.control.users.api_keys import ApiKeys
from amalimart.control.users.passwords import Passwords
from amalimart.control.users.sessions import SessionRule, Sessions
from amalimart.control.users.sign_in import LockOutRule, SignIn
from amalimart.control.users.user import Users
from amalimart.control.users.viewing import Viewing
from amalimart.core.clock import Clock


@dataclass(frozen=True, slots=True)
class ControlStore:
    """What the control database offers.

    synced  the same file, by connections whose commits are on the disk when they return
    """

    engine: Engine
    synced: Engine
    users: Users
    administration: UserAdministration
    sign_in: SignIn
    sessions: Sessions
    viewing: Viewing
    api_keys: ApiKeys
    acceptances: CheckAcceptances
    governance: GovernanceRecords
    access_reviews: AccessReviews
    leases: Leases
    job_runs: JobRuns
    incidents: Incidents
    incident_trimming: IncidentTrimming
    outbox: Outbox
    questions: QuestionLog
    saved_questions: SavedQuestions
    question_schedules: QuestionSchedules
    question_runs: QuestionRuns
    visits: PageVisits

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()
        self.synced.dispose()


def open_control_store(
    path: Path,
    clock: Clock,
    *,
    passwords: Passwords | None = None,
    session_rule: SessionRule | None = None,
    lock_out_rule: LockOutRule | None = None,
) -> ControlStore:
    """Open (and make or migrate) the control database at `path`. Raises ConfigError."""
    engine = open_database(path)
    used, rule = passwords or Passwords(), session_rule or SessionRule()
    sessions = Sessions(engine, clock, rule)
    return ControlStore(
        engine=engine,
        synced=durable(engine),
        users=Users(engine, clock, used),
        administration=UserAdministration(engine, clock, used, rule.idle),
        sign_in=SignIn(engine, clock, used, lock_out_rule or LockOutRule()),
        sessions=sessions,
        viewing=Viewing(engine, clock, sessions),
        api_keys=ApiKeys(engine, clock),
        acceptances=CheckAcceptances(engine, clock),
        governance=GovernanceRecords(engine, clock),
        access_reviews=AccessReviews(engine, clock),
        leases=Leases(engine),
        job_runs=JobRuns(engine),
        incidents=Incidents(engine, clock),
        incident_trimming=IncidentTrimming(engine, clock),
        outbox=Outbox(engine, clock),
        questions=QuestionLog(engine),
        saved_questions=SavedQuestions(engine, clock),
        question_schedules=QuestionSchedules(engine, clock),
        question_runs=QuestionRuns(engine),
        visits=PageVisits(engine),
    )
