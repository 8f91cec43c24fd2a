"""The job `access_review`: looks over who may see what, and keeps what it found until somebody signs it off.

That a review waits for its sign-off is told as an incident, in figures; names of people stay in the house.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from amalimart.config.project import Project
from amalimart.control.users.access_reviews import AccessReviews
from amalimart.core.clock import Clock
from amalimart.core.wire import dumps
from amalimart.orchestrate.governance import Governance
from amalimart.orchestrate.scheduling.job import JobContext


class AccessReviewJob:
    """Reviews one project's access."""

    name = "access_review"
    does = "Reviews who may see what, keeps the report, and asks for its sign-off."
    off = None

    def __init__(self, project: Project, reviews: AccessReviews, clock: Clock) -> None:
        self._project = project
        self._reviews = reviews
        self._clock = clock

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Raises ConfigError for a wrong file."""
        context.check()
        review = Governance(self._project, self._clock).review()
        figures = {
            "people": len(review.users),
            "keys": len(review.keys),
            "unused": sum(user.unused and user.is_enabled for user in review.users),
            "without_rows": sum("sees no row: no ids are given" in user.remarks for user in review.users),
            "personal_data": sum("sees personal data" in user.remarks for user in review.users),
        }
        kept = self._reviews.keep(
            review.report_hash, {**json.loads(dumps(asdict(review))), "figures": figures}
        )
        return {"number": kept.number, "report": kept.report_hash, **figures}
