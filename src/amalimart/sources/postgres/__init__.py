"""PostgreSQL 13 or later as a source: consistent snapshots and polling that misses no commit."""
