"""PostgreSQL 13 or later as a source: consistent snapshots, then its own change stream, or polling."""
