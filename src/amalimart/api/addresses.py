"""Where the JSON interface and the figures lie, for whoever tells them from pages."""

from __future__ import annotations

PREFIX = "/api/v1"
FIGURES = "/metrics"
