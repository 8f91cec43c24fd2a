"""How long what is kept: declared in settings or built in, and what sees to it. Deletes nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.config.project import Settings


@dataclass(frozen=True, slots=True)
class Retention:
    """One kind of data.

    declared     the setting that says it; None where it is built in
    enforced_by  what removes it; None where nothing does
    tables       of the control database that it speaks of
    """

    layer: str
    what: str
    kept: str
    declared: str | None
    enforced_by: str | None
    tables: tuple[str, ...] = ()


def retention(settings: Settings) -> tuple[Retention, ...]:
    """Everything that a project keeps."""
    days, releases, megabytes = settings.history_days, settings.releases.keep_days, settings.lineage.keep_mb
    return (
        Retention(
            "bronze",
            "rows that the source holds, and every change since its snapshot",
            "for ever",
            None,
            None,
        ),
        Retention(
            "bronze",
            "files that a new snapshot replaced",
            f"{days} days" if days else "for ever",
            "history_days",
            "the ingest, after each seal" if days else None,
        ),
        Retention(
            "bronze",
            "small batches in the journal",
            "a minute, then in files",
            None,
            "the ingest, when it seals",
        ),
        Retention(
            "staging, silver, gold",
            "what the sources hold now",
            "until the source deletes it",
            None,
            "each release, which follows deletes",
        ),
        Retention(
            "gold",
            "versions of customers, products and vendors",
            "as far back as bronze reaches",
            "history_days" if days else None,
            "the next build from the lake" if days else None,
        ),
        Retention(
            "releases",
            "what each release did",
            f"{releases} days",
            "releases.keep_days",
            "each release, by trimming",
        ),
        Retention(
            "releases", "builds that were held back", "the newest 500", None, "each build that is held back"
        ),
        Retention("logs", "lines of a process", "5 files of 10 MB", None, "the process, by rotating"),
        Retention("logs", "lineage events", f"{megabytes} MB", "lineage.keep_mb", "the engine, by rotating"),
        Retention(
            "control database",
            "sessions",
            "8 hours without a request, 7 days in all",
            None,
            "the next sign-in of anybody; they are not accepted before that either",
            ("sessions",),
        ),
        Retention(
            "control database",
            "attempts to sign in",
            "until the next success, or a day",
            None,
            "the next attempt of anybody",
            ("sign_in_attempts",),
        ),
        Retention(
            "control database",
            "people who may sign in, disabled ones too, and who they are to the identity provider",
            "for ever",
            None,
            None,
            ("users", "user_identities"),
        ),
        Retention(
            "control database",
            "who asked what: the audit log",
            f"{settings.audit.keep_days} days; the newest record for ever",
            "audit.keep_days",
            "whoever asks next, by trimming",
            ("audit_log", "audit_shapes", "audit_checkpoints"),
        ),
        Retention(
            "control database",
            "API keys, revoked ones too",
            "for ever",
            None,
            None,
            ("api_keys",),
        ),
        Retention(
            "control database",
            "what people decided: acceptances, approvals, sign-offs, the audit",
            "for ever",
            None,
            None,
            ("check_acceptances", "definition_approvals", "access_sign_offs", "audit"),
        ),
        Retention(
            "control database",
            "runs of scheduled jobs",
            "400 days",
            None,
            "whoever becomes the leader, as it does",
            ("job_runs",),
        ),
        Retention(
            "control database",
            "what monitored checks found",
            f"{settings.quality.keep_days} days; the newest of each for ever",
            "quality.keep_days",
            "each run of checks, by trimming",
            ("quality_results",),
        ),
        Retention(
            "control database",
            "anomalies that were explained, and the known shapes of sources",
            "for ever",
            None,
            None,
            ("quality_acknowledgements", "source_shapes"),
        ),
        Retention(
            "control database",
            "incidents that are over, and the messages about them",
            f"{settings.notify.keep_days} days",
            "notify.keep_days",
            "the job forget",
            ("incidents", "notifications"),
        ),
        Retention(
            "lake",
            "marks of people who were erased; without them a new snapshot would bring them back",
            "for ever",
            None,
            None,
        ),
        Retention(
            "control database",
            "who erased whom, by mark, and where backups were put",
            "for ever",
            None,
            None,
            ("erasures", "backups_taken"),
        ),
        Retention(
            "backups",
            "people who were erased after the backup was taken",
            "until the backup is deleted; a restore erases them again",
            "backups.keep" if settings.backups.folder else None,
            "the job backup, by deleting the oldest" if settings.backups.folder else None,
        ),
        Retention(
            "control database",
            "access reviews that were made by themselves: everybody's name and rights",
            "1,100 days; the newest for ever",
            None,
            "the job access_review",
            ("access_reviews",),
        ),
        Retention(
            "control database",
            "how often people of a role opened a dashboard, by day; nobody by name",
            "90 days",
            None,
            "each time that counts are added",
            ("page_visits",),
        ),
        Retention(
            "control database",
            "shapes of questions: names of metrics and dimensions, how often and how long, no values, nobody",
            "90 days, 2,000 shapes a day",
            None,
            "each time that counts are added",
            ("question_shapes",),
        ),
        Retention(
            "control database",
            "questions that people keep, and what is on their boards",
            "until their owner deletes them, or is removed",
            None,
            "the owner, and the removal of the owner",
            ("saved_questions", "board_tiles"),
        ),
        Retention(
            "control database",
            "schedules of kept questions, and what became of their moments",
            "until whoever made one removes it, or is removed; the newest 60 runs of each",
            None,
            "whoever made it, and each run",
            ("question_schedules", "question_runs"),
        ),
        Retention(
            "files",
            "answers of scheduled questions, for whoever scheduled them",
            "the newest 14 of each schedule; none that may hold somebody who was erased",
            None,
            "each newer file, and amalimart privacy erase",
        ),
        Retention(
            "control database",
            "who leads, and how far each schedule is settled",
            "the newest of each name",
            None,
            "the next one, in its place",
            ("leases", "job_marks"),
        ),
        Retention("build", "compiled forms of projects", "for ever", None, None),
    )
