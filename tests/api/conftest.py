from __future__ import annotations

from tests.web.site_fixtures import admin, marketplace, services, signed_in, stranger

__all__ = ["admin", "marketplace", "services", "signed_in", "stranger"]
