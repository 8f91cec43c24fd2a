"""What every channel can do."""

from __future__ import annotations

from typing import Protocol

from amalimart.core.incidents import Notice


class Channel(Protocol):
    """One way to reach people, under the name that the project gives it."""

    @property
    def name(self) -> str: ...

    def deliver(self, notice: Notice) -> str | None:
        """Send one message and return when its receiver has taken it; with a remark on what did not arrive.

        Returns or raises within a bounded time. Raises DeliveryFailed where another try may help,
        DeliveryRefused where none will, ConfigError for a secret that is not set.
        """
        ...
