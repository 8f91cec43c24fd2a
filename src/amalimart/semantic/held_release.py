"""The release that a question wants to be answered from.

Only the published release is kept. A question that names another one is refused: its numbers would be of
another state than the one that was asked for.
"""

from __future__ import annotations

from amalimart.core.errors import ReleaseNotKept, UnknownRelease


def refuse_other_release(as_of: int | None, now: int) -> None:
    """Pass where a question names no release, or that of now. Raises ReleaseNotKept or UnknownRelease."""
    if as_of is None or as_of == now:
        return
    next_step = f"ask as of {now}, or of the current release by leaving as_of out"
    if 1 <= as_of < now:
        raise ReleaseNotKept(
            f"release {as_of} is not kept: answers come from the current release, which is {now}",
            where="as_of",
            expected=f"{now}",
            nearest=str(now),
            next_step=next_step,
        )
    raise UnknownRelease(
        f"there is no release {as_of}: the current one is {now}",
        where="as_of",
        expected=f"{now}",
        nearest=str(now),
        next_step=next_step,
    )
