"""A simulated marketplace in a real PostgreSQL: loaded once, then alive.

`ensure_source` starts and fills the shop, `run_live` keeps it selling until told to stop (as a process:
`python -m amalimart.demo.live --dsn ...`), `stop_source` ends it. `demo_accounts` names who may sign in
to try the product on it. CANARY is part of every secret value of the shop: found anywhere outside it,
something leaked.
"""

from amalimart.demo.accounts import DemoAccount, demo_accounts
from amalimart.demo.generator.people import CANARY
from amalimart.demo.live.loop import run_live
from amalimart.demo.source import LoadReport, ensure_source, load_report, stop_source

__all__ = [
    "CANARY",
    "DemoAccount",
    "LoadReport",
    "demo_accounts",
    "ensure_source",
    "load_report",
    "run_live",
    "stop_source",
]
