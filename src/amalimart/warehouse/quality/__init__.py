"""What monitored checks read of a release: each function asks one read transaction, and judges nothing."""
