from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.web.site_fixtures import admin, marketplace, services, signed_in, stranger

__all__ = ["admin", "marketplace", "services", "signed_in", "stranger"]
