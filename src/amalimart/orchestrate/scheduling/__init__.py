"""Running jobs when their schedules say so: moments, retries, and the one process that may do it."""
