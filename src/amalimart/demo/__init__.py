"""A simulated marketplace in a real PostgreSQL: loaded once, then alive.

Three doors: `ensure_source` starts and fills the shop, `run_live` keeps it selling until told to stop,
`stop_source` ends it. `demo_accounts` names who may sign in to try the product on it.
"""
