"""What monitored checks found, what was acknowledged of it, and the shapes that sources are known by."""
